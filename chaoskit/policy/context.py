"""The request: who wants to do what to which resource, and the condition keys that come with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from chaoskit.policy.callers import CallerType, parse_caller
from chaoskit.policy.truth import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.policy.truth import Unknown, Values

Scalar: TypeAlias = str | bool | int | float
ContextValue: TypeAlias = Scalar | Sequence[Scalar] | None

_SERVICE_LINKED = ":role/aws-service-role/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to decide; README.md tells what each field means.

    `context` maps condition keys (in any case) to a value or a list of values. `unknown` names keys whose
    value can't be told: a key, a prefix ending in `*`, or `*` for every key that `context` does not hold.
    """

    principal: str
    action: str
    resource: str
    resource_account: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    federated: bool = False
    management_account: bool = False
    service_linked_role: bool = False
    resource_in_management_account: bool = False
    session_issuer: str = ""
    canonical_id: str = ""


class Query:
    """A request made ready for matching: the caller parsed, keys in lower case, values as text."""

    __slots__ = (
        "_context",
        "_implied",
        "_role_arn",
        "_unknown_keys",
        "_unknown_prefixes",
        "action",
        "caller",
        "request",
        "resource",
        "resource_account",
    )

    def __init__(self, request: Request) -> None:
        """Raise `ValueError` when the principal or the action is none."""
        self.request = request
        self.action = request.action.lower()
        federated = request.federated or self.action == "sts:assumerolewithwebidentity"
        self.caller = parse_caller(request.principal, federated=federated)
        if ":" not in self.action:
            raise ValueError(f"{request.action!r} is no IAM action: give one such as s3:GetObject")
        self.resource = request.resource
        self._context = {
            key.lower(): (value,) if isinstance(value, str) else texts(value)
            for key, value in request.context.items()
        }
        self._implied = self.caller.implied or {}
        lowered = [name.lower() for name in request.unknown]
        self._unknown_keys = frozenset(lowered)
        self._unknown_prefixes = tuple(name[:-1] for name in lowered if name.endswith("*"))
        self.resource_account = request.resource_account or self._account_of_resource()
        self._role_arn: str | None = None

    def lookup(self, key: str) -> Values | Unknown | None:
        """The values of a lower-case key: what the request says, or else what the caller implies."""
        found = self._context.get(key)
        if found is not None:
            return found
        if key in self._unknown_keys:
            return UNKNOWN
        found = self._implied.get(key)
        if found is not None:
            return found
        if key == "aws:resourceaccount" and self.resource_account:
            return (self.resource_account,)
        if self._unknown_prefixes and key.startswith(self._unknown_prefixes):
            return UNKNOWN
        return None

    @property
    def has_unknowns(self) -> bool:
        """Whether any key may be undecided."""
        return bool(self._unknown_keys)

    @property
    def same_account(self) -> bool:
        """Whether the caller belongs to the account that owns the resource."""
        return self.caller.account == self.resource_account

    @property
    def is_root(self) -> bool:
        """Whether the caller is an account's root user."""
        return self.caller.type is CallerType.ROOT

    @property
    def has_roots_permissions(self) -> bool:
        """Whether no identity policy is asked: of the root user, and of a session that it federated."""
        return self.is_root or self.request.session_issuer.endswith(":root")

    @property
    def is_service_linked_role(self) -> bool:
        """Whether SCPs and RCPs leave this caller alone."""
        return self.request.service_linked_role or _SERVICE_LINKED in self.role_arn

    def _account_of_resource(self) -> str:
        """The account in the ARN; where it has none (S3, AWS's own resources), the caller's."""
        segments = self.resource.split(":", 5)
        account = segments[4] if len(segments) > len("arn:") else ""
        return account if account.isdigit() else self.caller.account

    @property
    def role_arn(self) -> str:
        """The role of a session, with its path when `aws:PrincipalArn` tells it."""
        if self._role_arn is None:
            self._role_arn = self._find_role_arn()
        return self._role_arn

    def _find_role_arn(self) -> str:
        caller = self.caller
        if caller.type is CallerType.SESSION:
            for value in self._context.get("aws:principalarn") or ():
                if f":{caller.account}:role/" in value and value.endswith(f"/{caller.role_name}"):
                    return value
        return caller.role


def texts(value: ContextValue) -> Values:
    """A context value as condition operators compare it: a tuple of texts."""
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, (int, float)):
        return (str(value),)
    return tuple(text for item in value for text in texts(item))
