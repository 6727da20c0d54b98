"""Takes notification configurations, sees what happens to objects, and tells their destinations as S3."""

from __future__ import annotations

import itertools
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.bucket_events.configuration import asked, for_moto, kept
from chaoskit.sandbox.bucket_events.happening import TELLING, happenings
from chaoskit.sandbox.sending import (
    attempt,
    compact,
    persist,
    send_to_function,
    send_to_queue,
    send_to_topic,
)
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.bucket_events.configuration import Destination
    from chaoskit.sandbox.bucket_events.happening import Happening
    from chaoskit.sandbox.wire import Answer, ApiCall, Cloud, Principal

    Put = Callable[[tuple[str, str, str], Mapping[str, Any]], None]

S3 = "s3.amazonaws.com"
_log = logging.getLogger(__name__)
_CANNOT = "Unable to validate the following destination configurations"


class BucketEvents:
    """Answers PutBucketNotificationConfiguration, and observes the calls that objects change in.

    Args:
        cloud: The sandbox.
        put: Puts an event on a bus, `EventBus.put`.
    """

    service = "s3"

    def __init__(self, cloud: Cloud, put: Put) -> None:
        self._cloud = cloud
        self._put = put
        self._order = itertools.count(1)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"PutBucketNotificationConfiguration": self._configure}

    def _configure(self, call: ApiCall) -> Mapping[str, Any]:
        """Replace a bucket's configuration, once every destination has taken a test.

        Raises:
            ApiError: `NoSuchBucket`, or `InvalidArgument` when a destination is wrong or refuses S3.
        """
        name = str(call.params["Bucket"])
        configuration = call.params.get("NotificationConfiguration") or {}
        with self._cloud.lock:
            owner, bucket = state.bucket(name)
        if bucket is None:
            raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
        destinations = asked(configuration, bucket.region_name)
        if str(call.params.get("SkipDestinationValidation", "")).lower() != "true":
            principal = self._as(owner, name)
            for destination in destinations:
                if attempt(partial(self._test, call, principal, destination)) is not None:
                    raise ApiError("InvalidArgument", _CANNOT)
        with self._cloud.lock:
            bucket.set_notification_configuration(for_moto(configuration))
        return {}

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Tell what a call did to objects."""
        if call.service != "s3" or call.operation not in TELLING or answer.error is not None:
            return
        name = str(call.params.get("Bucket", ""))
        with self._cloud.lock:
            owner, bucket = state.bucket(name)
            if bucket is None or bucket.notification_configuration is None:
                return
            destinations, on_bus = kept(bucket)
            happened = list(happenings(call, answer.output or {}, bucket.keys, f"{next(self._order):018X}"))
        for one in happened:
            if on_bus:
                self._put((owner, one.region, "default"), one.event())
            for destination in destinations:
                if destination.wants(one.name, one.key):
                    self._cloud.spawn(partial(self._tell, owner, destination, one))

    def _tell(self, owner: str, destination: Destination, one: Happening) -> None:
        text = compact(one.record(destination.id))
        send = partial(_send, self._cloud, self._as(owner, one.bucket), destination, text)
        refused, _ = persist(self._cloud, send, since=one.call.at)
        if refused is not None:
            _log.warning("S3 could not tell %s of %s: %s", destination.arn, one.name, refused)

    def _test(self, call: ApiCall, principal: Principal, destination: Destination) -> None:
        about = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": f"{call.at:%Y-%m-%dT%H:%M:%S}.{call.at.microsecond // 1000:03d}Z",
            "Bucket": call.params["Bucket"],
            "RequestId": call.request_id,
            "HostId": call.request_id,
        }
        _send(self._cloud, principal, destination, compact(about), test=True)

    def _as(self, owner: str, bucket: str) -> Principal:
        return self._cloud.service_principal(S3, account=owner, source_arn=f"arn:aws:s3:::{bucket}")


def _send(
    cloud: Cloud, principal: Principal, destination: Destination, text: str, *, test: bool = False
) -> None:
    match destination.service:
        case "sqs":
            send_to_queue(cloud, principal, destination.arn, text)
        case "sns":
            send_to_topic(cloud, principal, destination.arn, text, Subject="Amazon S3 Notification")
        case _:
            send_to_function(cloud, principal, destination.arn, text, dry=test)
