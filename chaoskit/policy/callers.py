"""Who is calling: a principal's identities, as a policy can name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.policy.truth import Values

_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_ARN: Final = re.compile(r"arn:(?P<partition>[\w-]+):(?P<service>iam|sts)::(?P<account>\d{12}):(?P<name>.+)")
_SERVICE: Final = re.compile(
    r"[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|aws\.internal|internal)", re.IGNORECASE
)
_IDENTITY_PROVIDERS: Final = frozenset(
    {"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}
)
_ANONYMOUS: Final = frozenset({"", "*", "anonymous"})


class CallerType(Enum):
    """What sort of principal makes the request; the values are those of `aws:PrincipalType`."""

    ROOT = "Account"
    USER = "User"
    ROLE = "Role"
    SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    SERVICE = "Service"
    PROVIDER = "Provider"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, its account and the role behind a session.

    Attributes:
        type: What it is.
        name: The ARN, service name or identity provider; `anonymous` for nobody.
        account: The account id; empty for services, providers and anonymous callers.
        role_name: For a session or a role, the role's name without its path.
        role: For a session or a role, the role's ARN (without the path, which a session does not tell).
        implied: The context keys that follow from the principal, lower case.
    """

    type: CallerType
    name: str
    account: str = ""
    role_name: str = ""
    role: str = ""
    implied: Mapping[str, Values] | None = None

    @property
    def in_account(self) -> bool:
        """Whether identity policies and SCPs can apply: the caller belongs to an account."""
        return self.account != ""


@lru_cache(maxsize=4096)
def parse_caller(principal: str, *, federated: bool = False) -> Caller:
    """Tell what sort of principal a text names.

    Args:
        principal: An ARN, an account id (its root user), a service, a provider, or `anonymous`.
        federated: True when the text names an identity provider, as in AssumeRoleWithWebIdentity.

    Raises:
        ValueError: It is none of these.
    """
    if principal in _ANONYMOUS:
        return Caller(CallerType.ANONYMOUS, "anonymous", implied=_implied(CallerType.ANONYMOUS, ""))
    if _ACCOUNT.fullmatch(principal):
        return parse_caller(f"arn:aws:iam::{principal}:root")
    found = _ARN.fullmatch(principal)
    if found is not None:
        return _from_arn(principal, found)
    if federated or principal in _IDENTITY_PROVIDERS:
        return Caller(CallerType.PROVIDER, principal, implied={})
    if _SERVICE.fullmatch(principal):
        name = principal.lower()
        return Caller(CallerType.SERVICE, name, implied=_implied(CallerType.SERVICE, name))
    raise ValueError(
        f"{principal!r} is no principal: give an IAM or STS ARN, an account id, a service such as "
        "lambda.amazonaws.com, an identity provider, or 'anonymous'"
    )


def _from_arn(arn: str, found: re.Match[str]) -> Caller:
    account, name = found["account"], found["name"]
    kind, _, rest = name.partition("/")
    if name == "root":
        caller_type = CallerType.ROOT
    elif kind in {"saml-provider", "oidc-provider"}:
        return Caller(CallerType.PROVIDER, arn, implied={})
    elif kind == "assumed-role":
        caller_type = CallerType.SESSION
    elif kind == "federated-user":
        caller_type = CallerType.FEDERATED_USER
    elif kind == "role":
        caller_type = CallerType.ROLE
    else:
        caller_type = CallerType.USER
    role_name = role = ""
    if caller_type is CallerType.SESSION:
        role_name = rest.partition("/")[0]
        role = f"arn:{found['partition']}:iam::{account}:role/{role_name}"
    elif caller_type is CallerType.ROLE:
        role_name, role = rest.rpartition("/")[2], arn
    implied = _implied(caller_type, role or arn, account)
    if caller_type is CallerType.USER:
        implied = {**implied, "aws:username": (rest.rpartition("/")[2],)}
    return Caller(caller_type, arn, account, role_name, role, implied)


def _implied(caller_type: CallerType, arn: str, account: str = "") -> dict[str, Values]:
    """The keys that every request of such a caller has (IAM User Guide, "Global condition context keys")."""
    match caller_type:
        case CallerType.ANONYMOUS:
            return {"aws:principalaccount": ("anonymous",), "aws:principaltype": ("Anonymous",)}
        case CallerType.SERVICE:
            return {
                "aws:principalisawsservice": ("true",),
                "aws:principalservicename": (arn,),
            }
        case CallerType.ROLE:
            shown = CallerType.SESSION.value
        case _:
            shown = caller_type.value
    return {
        "aws:principalarn": (arn,),
        "aws:principalaccount": (account,),
        "aws:principaltype": (shown,),
        "aws:principalisawsservice": ("false",),
    }
