"""The configuration recorder and the delivery channel.

Source: AWS Config API Reference, PutConfigurationRecorder, StartConfigurationRecorder, PutDeliveryChannel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.config.rule import Region
    from chaoskit.sandbox.wire import ApiCall, Cloud

_GLOBAL = frozenset({"AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"})
_DEFAULT = "default"


@dataclass(slots=True)
class Recorder:
    """What is recorded, and whether."""

    given: Mapping[str, Any]
    recording: bool = False
    started: datetime | None = None
    stopped: datetime | None = None

    @property
    def name(self) -> str:
        """The recorder's name."""
        return str(self.given.get("name") or _DEFAULT)

    def records(self, resource_type: str) -> bool:
        """Whether resources of a type are recorded (AWS Config API Reference, RecordingGroup)."""
        group = self.given.get("recordingGroup") or {"allSupported": True}
        excluded = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or []
        if excluded:
            return resource_type not in excluded
        if group.get("resourceTypes"):
            return resource_type in group["resourceTypes"]
        return resource_type not in _GLOBAL or bool(group.get("includeGlobalResourceTypes"))

    def status(self) -> dict[str, Any]:
        """As `DescribeConfigurationRecorderStatus` has it."""
        times = {
            "lastStartTime": self.started,
            "lastStopTime": self.stopped,
            "lastStatusChangeTime": self.stopped if not self.recording else self.started,
        }
        said = {"name": self.name, "recording": self.recording}
        return {
            **said,
            **({"lastStatus": "Success"} if self.started else {}),
            **{name: at for name, at in times.items() if at},
        }


class Recorders:
    """The operations on recorders and delivery channels; a region has one of each."""

    def __init__(self, cloud: Cloud, region: Callable[[ApiCall], Region]) -> None:
        self._cloud = cloud
        self._region = region

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "PutConfigurationRecorder": self._put,
            "DescribeConfigurationRecorders": self._describe,
            "DescribeConfigurationRecorderStatus": self._status,
            "StartConfigurationRecorder": self._start,
            "StopConfigurationRecorder": self._stop,
            "DeleteConfigurationRecorder": self._delete,
            "PutDeliveryChannel": self._put_channel,
            "DescribeDeliveryChannels": self._describe_channels,
            "DescribeDeliveryChannelStatus": self._channel_status,
            "DeleteDeliveryChannel": self._delete_channel,
        }

    def _put(self, call: ApiCall) -> Mapping[str, Any]:
        given = dict(call.params["ConfigurationRecorder"])
        given.setdefault("name", _DEFAULT)
        if not given.get("roleARN"):
            raise ApiError("InvalidRoleException", "A configuration recorder needs a roleARN.")
        region = self._region(call)
        if region.recorder is None:
            region.recorder = Recorder(given)
        elif region.recorder.name != given["name"]:
            raise ApiError(
                "MaxNumberOfConfigurationRecordersExceededException",
                f"Failed to put configuration recorder '{given['name']}' because the maximum number of "
                "configuration recorders: 1 is reached.",
            )
        region.recorder.given = given
        return {}

    def _describe(self, call: ApiCall) -> Mapping[str, Any]:
        return {"ConfigurationRecorders": [dict(one.given) for one in self._asked(call)]}

    def _status(self, call: ApiCall) -> Mapping[str, Any]:
        return {"ConfigurationRecordersStatus": [one.status() for one in self._asked(call)]}

    def _asked(self, call: ApiCall) -> list[Recorder]:
        names = call.params.get("ConfigurationRecorderNames") or []
        for name in names:
            self._named(call, str(name))
        recorder = self._region(call).recorder
        return [recorder] if recorder is not None else []

    def _start(self, call: ApiCall) -> Mapping[str, Any]:
        recorder = self._named(call, str(call.params["ConfigurationRecorderName"]))
        if self._region(call).channel is None:
            raise ApiError(
                "NoAvailableDeliveryChannelException",
                "Delivery channel is not available to start configuration recorder.",
            )
        recorder.recording, recorder.started = True, self._cloud.now()
        return {}

    def _stop(self, call: ApiCall) -> Mapping[str, Any]:
        recorder = self._named(call, str(call.params["ConfigurationRecorderName"]))
        recorder.recording, recorder.stopped = False, self._cloud.now()
        return {}

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        self._named(call, str(call.params["ConfigurationRecorderName"]))
        self._region(call).recorder = None
        return {}

    def _named(self, call: ApiCall, name: str) -> Recorder:
        recorder = self._region(call).recorder
        if recorder is None or recorder.name != name:
            raise ApiError(
                "NoSuchConfigurationRecorderException",
                f"Cannot find configuration recorder with the specified name '{name}'.",
            )
        return recorder

    def _put_channel(self, call: ApiCall) -> Mapping[str, Any]:
        given = dict(call.params["DeliveryChannel"])
        given.setdefault("name", _DEFAULT)
        region = self._region(call)
        if region.recorder is None:
            raise ApiError(
                "NoAvailableConfigurationRecorderException",
                "Configuration recorder is not available to put delivery channel.",
            )
        if region.channel is not None and region.channel["name"] != given["name"]:
            raise ApiError(
                "MaxNumberOfDeliveryChannelsExceededException",
                f"Failed to put delivery channel '{given['name']}' because the maximum number of delivery "
                "channels: 1 is reached.",
            )
        name = str(given.get("s3BucketName") or "")
        with self._cloud.lock:
            found = state.bucket(name)[1] is not None
        if not found:
            raise ApiError("NoSuchBucketException", f"Cannot find a S3 bucket with name '{name}'.")
        region.channel = given
        return {}

    def _describe_channels(self, call: ApiCall) -> Mapping[str, Any]:
        return {"DeliveryChannels": self._channels(call)}

    def _channel_status(self, call: ApiCall) -> Mapping[str, Any]:
        never = {"lastStatus": "Not_Applicable"}
        return {
            "DeliveryChannelsStatus": [
                {
                    "name": one["name"],
                    "configSnapshotDeliveryInfo": never,
                    "configHistoryDeliveryInfo": never,
                    "configStreamDeliveryInfo": never,
                }
                for one in self._channels(call)
            ]
        }

    def _channels(self, call: ApiCall) -> list[dict[str, Any]]:
        channel = self._region(call).channel
        for name in call.params.get("DeliveryChannelNames") or []:
            if channel is None or channel["name"] != name:
                raise _no_channel(str(name))
        return [dict(channel)] if channel is not None else []

    def _delete_channel(self, call: ApiCall) -> Mapping[str, Any]:
        region, name = self._region(call), str(call.params["DeliveryChannelName"])
        if region.channel is None or region.channel["name"] != name:
            raise _no_channel(name)
        if region.recording:
            raise ApiError(
                "LastDeliveryChannelDeleteFailedException",
                f"Failed to delete last specified delivery channel with name '{name}', because there is a "
                "running configuration recorder.",
            )
        region.channel = None
        return {}


def _no_channel(name: str) -> ApiError:
    return ApiError(
        "NoSuchDeliveryChannelException", f"Cannot find delivery channel with specified name '{name}'."
    )
