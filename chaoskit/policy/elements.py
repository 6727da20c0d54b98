"""Checks of single policy elements: Action, Resource, Principal and Condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.policy.conditions import parse_operator
from chaoskit.policy.faults import Fault, shown
from chaoskit.policy.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaoskit.policy.conditions import Operator

_ACTION: Final = re.compile(r"(?:[A-Za-z0-9-]+|\*):[\w*?.-]+", re.ASCII)
_PARTITION: Final = re.compile(r"aws(?:-[a-z]+)*|.*[*?].*", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,127}", re.ASCII)
_PRINCIPAL_ARN: Final = re.compile(
    r"arn:aws[\w-]*:(?:iam|sts)::(?:\d{12}|cloudfront):"
    r"(?:root|(?:user|role|assumed-role|federated-user|saml-provider|oidc-provider)/.+)",
    re.ASCII | re.DOTALL,
)
_PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_ARN_SEGMENTS: Final = 6
_LARGEST_NUMBER_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class ConditionText:
    """One operator with one key and its values, as text."""

    op: Operator
    key: str
    values: tuple[str, ...]


def join(path: str, name: object) -> str:
    """The path of a member."""
    label = name if isinstance(name, str) else shown(name)
    return f"{path}.{label}" if path else label


def read_texts(
    value: object, path: str, check: Callable[[str], str | None]
) -> tuple[tuple[str, ...] | None, list[Fault]]:
    """Read a text or a list of texts; `check` gives the reason why a text is refused."""
    if isinstance(value, str):
        reason = check(value)
        return ((value,), []) if reason is None else (None, [Fault(path, reason)])
    if not isinstance(value, list | tuple):
        return None, [Fault(path, f"this is text or a list of texts, not {shown(value)}")]
    if not value:
        return None, [Fault(path, "the list is empty")]
    faults: list[Fault] = []
    for index, item in enumerate(value):
        if not isinstance(item, str):
            faults.append(Fault(f"{path}[{index}]", f"this must be text, not {shown(item)}"))
        elif (reason := check(item)) is not None:
            faults.append(Fault(f"{path}[{index}]", reason))
    return (None, faults) if faults else (tuple(value), [])


def action_fault(text: str, kind: Kind) -> str | None:
    """Why this is no action pattern, or None."""
    if text != "*" and _ACTION.fullmatch(text) is None:
        return f"{shown(text)} is no action: write service:Name, e.g. s3:GetObject, or *"
    if kind is Kind.TRUST and not text.lower().startswith("sts:"):
        return f"{shown(text)}: a role trust policy allows sts actions only"
    return None


def resource_fault(text: str, kind: Kind) -> str | None:
    """Why this is no resource pattern, or None."""
    if text == "*" or (kind is Kind.RESOURCE and text.startswith("execute-api:/")):
        return None
    segments = text.split(":", _ARN_SEGMENTS - 1)
    if segments[0] != "arn" or len(segments) < len(("arn", "partition", "service")):
        return f'{shown(text)} must be an ARN or "*"'
    if _PARTITION.fullmatch(segments[1]) is None:
        return f"{shown(text)}: {shown(segments[1])} is no AWS partition"
    if not segments[2] or set("*?") & set(segments[2]):
        return f"{shown(text)}: the service in an ARN is named in full, without wildcards"
    if len(segments) < _ARN_SEGMENTS and not any(each.endswith("*") for each in segments[2:]):
        return f"{shown(text)} lacks parts of an ARN: arn:partition:service:region:account:resource"
    return None


def read_principal(value: object, path: str) -> tuple[Mapping[str, tuple[str, ...]] | None, list[Fault]]:
    """Read `"*"` or an object of principal types."""
    if value == "*":
        return {"AWS": ("*",)}, []
    if not isinstance(value, Mapping):
        return None, [Fault(path, f'this is "*" or an object such as {{"AWS": ...}}, not {shown(value)}')]
    if not value:
        return None, [Fault(path, "no principal is named")]
    found: dict[str, tuple[str, ...]] = {}
    faults = [Fault(join(path, name), "given twice") for name in getattr(value, "repeated", ())]
    for name, names in value.items():
        if name not in _PRINCIPAL_TYPES:
            faults.append(Fault(join(path, name), f"a principal type is {', '.join(_PRINCIPAL_TYPES)}"))
            continue
        check = _aws_principal_fault if name == "AWS" else _named_principal_fault
        read, wrong = read_texts(names, f"{path}.{name}", check)
        faults += wrong
        found[name] = read or ()
    return found, faults


def _aws_principal_fault(text: str) -> str | None:
    if text == "*" or _ACCOUNT.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
        return None
    if "*" in text or "?" in text:
        return f"{shown(text)}: a wildcard can't stand for a part of a principal"
    if _PRINCIPAL_ARN.fullmatch(text) is None:
        return f"{shown(text)} is no account id and no ARN of a user, a role or a session"
    return None


def _named_principal_fault(text: str) -> str | None:
    if not text or "*" in text:
        return f"{shown(text)}: name the principal in full"
    return None


def read_condition(value: object, path: str) -> tuple[tuple[ConditionText, ...], list[Fault]]:
    """Read the Condition element: operator, key, value or values."""
    if not isinstance(value, Mapping):
        return (), [Fault(path, f"this is an object of operators, not {shown(value)}")]
    found: list[ConditionText] = []
    faults = [Fault(join(path, name), "given twice") for name in getattr(value, "repeated", ())]
    for name, keys in value.items():
        here = join(path, name)
        op = parse_operator(name) if isinstance(name, str) else None
        if op is None:
            faults.append(Fault(here, f"there is no condition operator {shown(name)}"))
        elif not isinstance(keys, Mapping):
            faults.append(Fault(here, f"this is an object of condition keys, not {shown(keys)}"))
        else:
            faults += [Fault(join(here, key), "given twice") for key in getattr(keys, "repeated", ())]
            for key, wanted in keys.items():
                values, wrong = _condition_values(key, wanted, join(here, key))
                faults += wrong
                if not wrong:
                    found.append(ConditionText(op, key, values))
    return tuple(found), faults


def _condition_values(key: object, wanted: object, path: str) -> tuple[tuple[str, ...], list[Fault]]:
    if not isinstance(key, str) or not all(key.rpartition(":")[::2]):
        return (), [Fault(path, "a condition key has a prefix, e.g. aws:username")]
    items: Sequence[Any] = wanted if isinstance(wanted, list | tuple) else (wanted,)
    found: list[str] = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        text = _scalar(item)
        if text is None:
            at = f"{path}[{index}]" if items is wanted else path
            faults.append(Fault(at, f"a value is text, a number or a boolean, not {shown(item)}"))
        else:
            found.append(text)
    return tuple(found), faults


def _scalar(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _LARGEST_NUMBER_BITS else None
    return str(value) if isinstance(value, float) else None
