"""What moto does besides keeping state, taken out of it: checks, deliveries and waits of its own."""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from inspect import unwrap
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import moto.core.errors
from moto.core.config import default_user_config

from chaoskit.sandbox import models
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK = 0.2
"""Seconds between two looks at a queue: messages become visible without anybody calling."""


def prepare() -> None:
    """Make moto a plain store: no permission checks of its own, no containers, no warnings."""
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    vars(moto.core.errors)["warn"] = _nothing
    models.share()


def curb(package: str, pause: Callable[[float], None]) -> None:
    """Take a service's own deliveries and waits away; doing so again changes only who pauses.

    Args:
        package: moto's package of the service, e.g. `sqs`.
        pause: Waits without holding moto's lock, for so many seconds or until some call has changed state.
    """
    match package:
        case "events":
            import_module("moto.events.models").Rule.send_to_targets = _nothing
        case "kms":
            kms = import_module("moto.kms.models")
            vars(kms)["generate_private_key"] = _key_pair(unwrap(kms.generate_private_key))
        case "s3":
            s3 = import_module("moto.s3.models")
            s3.FakeBucket.get_permission = _permit
            vars(s3)["events_send_notification"] = _nothing
            vars(s3.notifications).update(send_event=_nothing, send_test_event=_nothing)
        case "sns":  # moto would call HTTP subscribers, wherever in the world they are
            vars(import_module("moto.sns.models"))["requests"] = SimpleNamespace(post=_nothing)
        case "sqs":
            backend = import_module("moto.sqs.models").SQSBackend
            backend.receive_message = _polling(unwrap(backend.receive_message), pause)
        case "swf":
            vars(import_module("moto.swf.models"))["sleep"] = pause
        case _:
            return


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


def _permit(*_: object) -> object:
    """Say yes: moto's bucket-policy check ignores conditions; the gateway has decided already."""
    return import_module("moto.iam.access_control").PermissionResult.PERMITTED


def _nothing(*_: Any, **__: Any) -> None:
    """Stand in for a delivery that the sandbox makes itself or not at all, or for a remark."""
