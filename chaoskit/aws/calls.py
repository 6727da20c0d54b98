"""AWS calls as data: what a change does, how it is undone, how state is read.

Data can be journaled before it is sent, shown in a plan, and counted into a policy.
"""

from __future__ import annotations

import base64
import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM: Final = "{item}"
"""In the call of an `Each`: stands for the item."""


class Secret(str):
    """A parameter that is sent, but never written anywhere."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(secret)'"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys that a call is signed with instead of the run's own. Never written anywhere."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, init=False)
class Call:
    """One AWS API call.

    Attributes:
        service: The boto3 service name, e.g. `iam`.
        operation: The API's name as AWS writes it, e.g. `AttachRolePolicy`.
        params: Its parameters, spelled as AWS spells them.
        absent_ok: Errors that mean "there is nothing (left) to do", by their code, or by
            `Code: how the message begins` where AWS uses the code for more.
        not_yet: Errors that mean "not visible or not ready yet, try again", told in the same way.
        settles: How many seconds AWS may take until it is ready for the call, and until its effect shows,
            beyond what anything may take; an undo is tried, and its effect looked for, as much longer.
        signed_by: Other credentials to sign with; the secret is never serialized.
        source_ip: The address the call should come from. Only the embedded sandbox can do that; on
            AWS the machine's own address is used.
        source_vpce: The VPC endpoint that the call should come through, as above.
        region: The region that it goes to instead of the run's own.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    absent_ok: tuple[str, ...]
    not_yet: tuple[str, ...]
    settles: float
    signed_by: Credentials | None
    source_ip: str | None
    source_vpce: str | None
    region: str | None

    def __init__(  # noqa: PLR0913 - a call is all of these
        self,
        service: str,
        operation: str,
        /,
        *,
        absent_ok: tuple[str, ...] = (),
        not_yet: tuple[str, ...] = (),
        settles: float = 0.0,
        signed_by: Credentials | None = None,
        source_ip: str | None = None,
        source_vpce: str | None = None,
        region: str | None = None,
        **params: Any,
    ) -> None:
        fields = {
            "service": service,
            "operation": operation,
            "params": params,
            "absent_ok": absent_ok,
            "not_yet": not_yet,
            "settles": settles,
            "signed_by": signed_by,
            "source_ip": source_ip,
            "source_vpce": source_vpce,
            "region": region,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"

    def is_early(self, code: str, message: str) -> bool:
        """Whether an error is one of `not_yet`: the call did nothing, and may be sent again."""
        return _tells(self.not_yet, code, message)

    def is_absent(self, code: str, message: str) -> bool:
        """Whether an error is one of `absent_ok`: there is nothing to do."""
        return _tells(self.absent_ok, code, message)

    def with_item(self, item: str) -> Call:
        """The same call with `ITEM` replaced in its parameters."""
        return Call.load({**self.dump(), "params": _encode(_replace(self.params, item))})

    def dump(self) -> dict[str, Any]:
        """JSON of everything but secrets."""
        data: dict[str, Any] = {
            "service": self.service,
            "operation": self.operation,
            "params": _encode(self.params),
        }
        if self.absent_ok:
            data["absent_ok"] = list(self.absent_ok)
        if self.not_yet:
            data["not_yet"] = list(self.not_yet)
        if self.settles:
            data["settles"] = self.settles
        if self.source_ip:
            data["source_ip"] = self.source_ip
        if self.source_vpce:
            data["source_vpce"] = self.source_vpce
        if self.region:
            data["region"] = self.region
        if self.signed_by:
            data["signed_by"] = self.signed_by.access_key_id
        return data

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Call:
        """The inverse of `dump`, but for the credentials."""
        return cls(
            data["service"],
            data["operation"],
            absent_ok=tuple(data.get("absent_ok", ())),
            not_yet=tuple(data.get("not_yet", ())),
            settles=float(data.get("settles", 0.0)),
            source_ip=data.get("source_ip"),
            source_vpce=data.get("source_vpce"),
            region=data.get("region"),
            **_decode(data["params"]),
        )

    def cli(self) -> str:
        """The aws-cli line that makes this call, for a person to paste."""
        body = json.dumps(_encode(self.params))
        where = f" --region {self.region}" if self.region else ""
        return f"aws {_cli_name(self.service, self.operation)}{where} --cli-input-json {shlex.quote(body)}"


@dataclass(frozen=True, slots=True)
class Query:
    """One look at the account: a read call and the part of its answer that matters.

    Attributes:
        select: A JMESPath expression on the whole (paginated) answer.
        absent: Error codes that mean "there is none"; the query then answers None.
        parse_json: The selected value is a JSON text; compare what it says, not how it is spaced.
    """

    service: str
    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)
    select: str = "@"
    absent: tuple[str, ...] = ()
    parse_json: bool = False

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"

    def dump(self) -> dict[str, Any]:
        """JSON of the query."""
        return {
            "service": self.service,
            "operation": self.operation,
            "params": _encode(self.params),
            "select": self.select,
            "absent": list(self.absent),
            "parse_json": self.parse_json,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Query:
        """The inverse of `dump`."""
        return cls(
            data["service"],
            data["operation"],
            _decode(data["params"]),
            data["select"],
            tuple(data["absent"]),
            data["parse_json"],
        )


@dataclass(frozen=True, slots=True)
class Each:
    """An undo for what AWS names itself: call once for every item that was not there before.

    `items` answers a list of strings. What it answered before the change is journaled with the
    change, so a later process deletes just what is new.
    """

    items: Query
    call: Call

    def __str__(self) -> str:
        return f"{self.call} for each new item of {self.items}"

    def dump(self) -> dict[str, Any]:
        """JSON of the sweep."""
        return {"each": self.items.dump(), "call": self.call.dump()}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Each:
        """The inverse of `dump`."""
        return cls(Query.load(data["each"]), Call.load(data["call"]))


def load_undo(data: Mapping[str, Any]) -> Call | Each:
    """Read back either kind of undo step."""
    return Each.load(data) if "each" in data else Call.load(data)


def _tells(errors: tuple[str, ...], code: str, message: str) -> bool:
    told = (each.partition(": ") for each in errors)
    return any(code == of and message.startswith(words) for of, _, words in told)


def _cli_name(service: str, operation: str) -> str:
    from botocore import xform_name  # noqa: PLC0415 - only a person's aws-cli line needs botocore here

    command = {"s3": "s3api"}.get(service, service)
    return f"{command} {xform_name(operation, '-')}"


def _replace(value: Any, item: str) -> Any:
    match value:
        case str():
            return value.replace(ITEM, item)
        case dict():
            return {key: _replace(inner, item) for key, inner in value.items()}
        case list() | tuple():
            return [_replace(inner, item) for inner in value]
        case _:
            return value


def _encode(value: Any) -> Any:
    match value:
        case Secret():
            return "(secret)"
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case dict():
            return {key: _encode(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_encode(inner) for inner in value]
        case _:
            return value


def _decode(value: Any) -> Any:
    match value:
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case dict():
            return {key: _decode(inner) for key, inner in value.items()}
        case list():
            return [_decode(inner) for inner in value]
        case _:
            return value
