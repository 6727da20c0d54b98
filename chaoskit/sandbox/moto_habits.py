"""What moto does besides keeping state, taken out of it: checks, deliveries and waits of its own."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache, wraps
from importlib import import_module
from inspect import unwrap
from random import getrandbits
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import moto.core.base_backend
import moto.core.errors
import moto.core.responses
import moto.core.routing
from moto.core.config import default_user_config

from chaoskit.sandbox import models
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_LOOK = 0.2
"""Seconds between two looks at a queue: messages become visible without anybody calling."""


def prepare() -> None:
    """Make moto a plain store: no permission checks of its own, no containers, no warnings."""
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    vars(moto.core.errors)["warn"] = _nothing
    _hasten()
    models.share()


def _hasten() -> None:
    """Spare moto what it does anew for each call, or for nobody: a fifth of a call, half of its start."""
    stores = moto.core.base_backend.BackendDict
    create = unwrap(stores._create_account_specific_backend)  # noqa: SLF001 - moto asks it with each look-up
    setattr(stores, "_create_account_specific_backend", _once(create))  # noqa: B010 - it is typed as a method
    responses = vars(moto.core.responses)
    responses["method_names_from_class"] = cache(unwrap(responses["method_names_from_class"]))
    responses["gen_amzn_requestid_long"] = _request_id
    setattr(moto.core.routing.SmithyRule, "_compile_builder", _no_builder)  # noqa: B010 - it is typed as a method


_AMENDED_BY: Mapping[str, str] = MappingProxyType(
    {
        "awslambda": "moto_functions",
        "ec2": "moto_networks",
        "iam": "moto_identities",
        "secretsmanager": "rotation",
    }
)
"""Modules that put our own in the place of parts of a moto package; imported when that is, not before."""


def curb(package: str, pause: Callable[[float], None], now: Callable[[], datetime]) -> None:
    """Take a service's own deliveries, waits and time away; again, it changes only who pauses and tells.

    Args:
        package: moto's package of the service, e.g. `sqs`.
        pause: Waits without holding moto's lock, for so many seconds or until some call has changed state.
        now: The sandbox's time, which moto's own would contradict in what a queue says of its messages.
    """
    _amend(package, now)
    match package:
        case "events":
            import_module("moto.events.models").Rule.send_to_targets = _nothing
        case "iam":
            policies = import_module("moto.iam.models").ManagedPolicy
            policies.update_default_version = _one_default
            policies.attach_to = _attach(unwrap(policies.attach_to))
        case "kms":
            kms = import_module("moto.kms.models")
            vars(kms)["generate_private_key"] = _key_pair(unwrap(kms.generate_private_key))
            kms.KmsBackend.create_grant = _named_once(unwrap(kms.KmsBackend.create_grant))
        case "s3":
            s3 = import_module("moto.s3.models")
            s3.FakeBucket.get_permission = _permit
            s3.FakeDeleteMarker.arn = ""  # asked for when a marker is deleted
            vars(s3)["events_send_notification"] = _nothing
            vars(s3.notifications).update(send_event=_nothing, send_test_event=_nothing)
        case "logs":
            vars(import_module("moto.logs.models"))["LogStream"]._send_log_events = _nothing  # noqa: SLF001 - moto has no other way
        case "sns":
            sns = import_module("moto.sns.models")
            sns.Topic.publish = _structured(unwrap(sns.Topic.publish), sns.InvalidParameterValue)
            sns.Subscription.publish = _nothing
        case "sqs":
            sqs = import_module("moto.sqs.models")
            vars(sqs).update(
                unix_time=lambda: now().timestamp(), unix_time_millis=lambda: now().timestamp() * 1000
            )
            backend = sqs.SQSBackend
            backend.receive_message = _polling(unwrap(backend.receive_message), pause)
        case "swf":
            vars(import_module("moto.swf.models"))["sleep"] = pause


def _amend(package: str, now: Callable[[], datetime]) -> None:
    """Put parts of our own in the place of moto's."""
    if ours := _AMENDED_BY.get(package):
        import_module(f"chaoskit.sandbox.{ours}").amend()
    if package == "cloudtrail":
        trails = import_module("moto.cloudtrail.models").CloudTrailBackend
        trails.create_trail = _new_trail(unwrap(trails.create_trail))
    elif package == "dynamodb":
        import_module("chaoskit.sandbox.moto_transactions").amend(now)
    elif package == "ec2":
        images = vars(import_module("moto.ec2.models.amis"))
        images["load_resource"] = _few_images(unwrap(images["load_resource"]))
        instances = import_module("moto.ec2.responses.instances")
        vars(instances)["parse_user_data"] = _user_data(unwrap(instances.parse_user_data))


def _new_trail(create: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's way to create a trail, made one that replaces none and takes a topic's ARN too.

    Source: CloudTrail API Reference, CreateTrail.
    """

    @wraps(create)
    def checked(backend: Any, name: str, bucket: str, prefix: str, topic: str | None, *more: Any) -> Any:
        if name in backend.trails:
            raise ApiError(
                "TrailAlreadyExistsException",
                f"Trail {name} already exists for customer: {backend.account_id}",
            )
        return create(backend, name, bucket, prefix, topic and topic.rpartition(":")[2], *more)

    return checked


def _polling(receive: Callable[..., list[Any]], pause: Callable[[float], None]) -> Callable[..., list[Any]]:
    """Moto's way to receive messages at once, made one that waits for some."""

    @wraps(receive)
    def wait(backend: Any, queue: str, count: int, seconds: int, *more: Any, **named: Any) -> list[Any]:
        until = monotonic() + seconds
        while True:
            messages = receive(backend, queue, count, 0, *more, **named)
            left = until - monotonic()
            if messages or left <= 0:
                return messages
            pause(min(left, _LOOK))

    return wait


def _structured(publish: Callable[..., str], refusal: Callable[[str], Exception]) -> Callable[..., str]:
    """Moto's way to publish, made one that refuses a structured message that is none (SNS API Reference)."""

    @wraps(publish)
    def checked(topic: Any, message: str, *more: Any, **named: Any) -> str:
        if named.get("message_structure") == "json":
            try:
                told = json.loads(message)
            except ValueError:
                raise refusal(
                    "Invalid parameter: Message Structure - JSON message body failed to parse"
                ) from None
            if not isinstance(told, dict) or not isinstance(told.get("default"), str):
                raise refusal("Invalid parameter: Message Structure - No default entry in JSON message body")
        return publish(topic, message, *more, **named)

    return checked


def _few_images(load: Callable[[str], Any]) -> Callable[[str], Any]:
    """Moto's public images without the 1,227 for ECS: every look at snapshots goes through them all."""

    @wraps(load)
    def few(path: str) -> Any:
        return [] if path.startswith("ec2/resources/ecs/") else load(path)

    return few


class _NoKeyPair:
    """What a symmetric key has in the place of a private key."""

    def _unsupported(self, *_: object) -> None:
        raise ApiError(
            "UnsupportedOperationException", "The key is symmetric: it has no public and private key."
        )

    public_key = sign = verify = _unsupported


def _key_pair(generate: Callable[[str], Any]) -> Callable[[str], Any]:
    """Moto's way to make a private key, spared where a key is symmetric and has none."""

    @wraps(generate)
    def make(key_spec: str) -> Any:
        return generate(key_spec) if key_spec.startswith(("RSA", "ECC", "SM2")) else _NoKeyPair()

    return make


def _named_once(create: Callable[..., tuple[str, str]]) -> Callable[..., tuple[str, str]]:
    """Moto's way to create a grant, answering with the one that there is already of that name and all else.

    Source: AWS KMS API Reference, CreateGrant (`Name`); there the token is another one each time.
    """

    @wraps(create)
    def make(
        backend: Any, key_id: str, grantee: str, operations: list[str], name: str | None, **more: Any
    ) -> tuple[str, str]:
        asked = {"grantee_principal": grantee, "operations": operations, "name": name, **more}
        for grant in backend.list_grants(key_id, None) if name else ():
            if all(getattr(grant, attribute) == value for attribute, value in asked.items()):
                return grant.id, grant.token
        return create(backend, key_id, grantee, operations, name, **more)

    return make


def _user_data(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Moto's way to read user data, made one that takes what ModifyInstanceAttribute sends decoded."""

    @wraps(parse)
    def read(value: Any) -> Any:
        return parse(b64encode(value).decode() if isinstance(value, bytes) else value)

    return read


def _attach(attach: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A policy is attached to somebody once, however often it is asked for; moto would count each time."""

    @wraps(attach)
    def once(policy: Any, somebody: Any) -> None:
        if policy.arn not in somebody.managed_policies:
            attach(policy, somebody)

    return once


def _one_default(policy: Any, version_id: str) -> None:
    """Make a version the default; moto's own leaves a policy without one when it is that already."""
    for version in policy.versions:
        version.is_default = version.version_id == version_id
    policy.default_version_id = version_id


def _permit(*_: object) -> object:
    """Say yes: moto's bucket-policy check ignores conditions; the gateway has decided already."""
    return import_module("moto.iam.access_control").PermissionResult.PERMITTED


def _once(create: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    """Moto's way to make an account's part of a store, not entered where there is one."""

    @wraps(create)
    def make(store: Any, account: str) -> None:
        if not dict.__contains__(store, account):
            create(store, account)

    return make


def _request_id(headers: dict[str, Any] | None = None) -> str:
    """An id as moto makes them, at a fifth of the cost; the gateway puts its own in its place."""
    made = f"{getrandbits(260):052X}"[:52]
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = made
    return made


def _no_builder(_rule: Any, _append_unknown: bool = True) -> Callable[..., Any]:
    """Stand in for what werkzeug compiles for each route to build its URLs: here they are only matched."""
    return _nothing


def _nothing(*_: Any, **__: Any) -> None:
    """Stand in for a delivery that the sandbox makes itself or not at all, or for a remark."""
