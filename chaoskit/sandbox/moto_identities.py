"""What IAM does with users and roles and moto does not, put right in moto's own store.

Source: IAM User Guide, "Tags for AWS Identity and Access Management resources" (keys of users and roles
ignore case); IAM API Reference, DeleteUser (what must be removed before).
"""

from __future__ import annotations

from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from moto.iam.models import IAMBackend

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FIRST = (
    ("password", "delete login profile"),
    ("access_keys", "delete access keys"),
    ("signing_certificates", "delete signing certificates"),
    ("ssh_public_keys", "delete SSH public keys"),
    ("service_credentials", "delete service specific credentials"),
    ("mfa_devices", "deactivate MFA devices"),
)
"""What of moto's user must be empty before it is deleted, and what IAM asks for then."""


def amend() -> None:
    """Put moto's ways right; again, it changes nothing."""
    better: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("tag_role", _retagged),
        ("tag_user", _retagged),
        ("untag_role", _untagged),
        ("untag_user", _untagged),
        ("delete_user", _stripped),
    )
    for name, how in better:
        setattr(IAMBackend, name, how(unwrap(getattr(IAMBackend, name))))


def _retagged(tag: Callable[..., None]) -> Callable[..., None]:
    """Tagging, which replaces a tag whose key is spelled in another case."""
    kind = tag.__name__.removeprefix("tag_")

    @wraps(tag)
    def replaced(backend: Any, name: str, tags: list[dict[str, str]]) -> None:
        tag(backend, name, tags)  # refuses before anything is lost
        kept = {each["Key"] for each in tags}
        _drop(backend, kind, name, [key for key in _spelled(backend, kind, name, kept) if key not in kept])

    return replaced


def _untagged(untag: Callable[..., None]) -> Callable[..., None]:
    """Untagging by keys in whatever case."""
    kind = untag.__name__.removeprefix("untag_")

    @wraps(untag)
    def dropped(backend: Any, name: str, tag_keys: list[str]) -> None:
        untag(backend, name, tag_keys)
        _drop(backend, kind, name, _spelled(backend, kind, name, tag_keys))

    return dropped


def _spelled(backend: Any, kind: str, name: str, keys: Iterable[str]) -> list[str]:
    """The keys as they are spelled in the tags of a role or user."""
    held = backend.get_role(name).tags if kind == "role" else backend.list_user_tags(name)
    wanted = {key.lower() for key in keys}
    return [tag["Key"] for tag in held if tag["Key"].lower() in wanted]


def _drop(backend: Any, kind: str, name: str, keys: list[str]) -> None:
    if kind == "role":
        role = backend.get_role(name)
        role.tags = [tag for tag in role.tags if tag["Key"] not in keys]
    else:
        backend.tagger.untag_resource_using_names(backend.get_user(name).arn, keys)


def _stripped(delete: Callable[..., None]) -> Callable[..., None]:
    """Deleting a user, refused while the user has something; moto asks for policies only."""

    @wraps(delete)
    def checked(backend: Any, user_name: str) -> None:
        user = backend.get_user(user_name)
        held = [what for name, what in _FIRST if getattr(user, name, None)]
        if backend.get_groups_for_user(user_name):
            held.append("remove user from groups")
        if held:
            raise ApiError("DeleteConflict", f"Cannot delete entity, must {held[0]} first.", 409)
        delete(backend, user_name)

    return checked
