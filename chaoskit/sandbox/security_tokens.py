"""STS: sessions that remember their policies and tags, which moto's forget."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.account_policies import managed_document
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.identities import Credential
    from chaoskit.sandbox.wire import ApiCall, Principal

_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)$")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_CHAINED = 3600
_SHORTEST = 900
_LONGEST_TOKEN, _USUAL_TOKEN = 129_600, 43_200
_MAX_TAGS = 50
_LACKING = ("AssumeRoot",)


class SecurityTokens:
    """Answers AssumeRole, GetCallerIdentity, GetSessionToken and GetAccessKeyInfo."""

    service = "sts"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "AssumeRole": self.assume_role,
            "GetCallerIdentity": self.get_caller_identity,
            "GetSessionToken": self.get_session_token,
            "GetAccessKeyInfo": self.get_access_key_info,
            **dict.fromkeys(_LACKING, self.lacking),
        }

    def get_caller_identity(self, call: ApiCall) -> Mapping[str, Any]:
        """Say who calls."""
        caller = call.principal
        return {"UserId": caller.principal_id, "Account": caller.account, "Arn": caller.arn}

    def assume_role(self, call: ApiCall) -> Mapping[str, Any]:
        """Give out a session of a role whose trust has been checked already.

        Raises:
            ApiError: `ValidationError` for a duration, name or tags that STS does not take
                (STS API Reference, AssumeRole).
        """
        params = call.params
        role = find_role(params["RoleArn"], self._cloud.lock)
        if role is None:
            raise ApiError(
                "AccessDenied",
                f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole "
                f"on resource: {params['RoleArn']}",
                403,
            )
        name = params.get("RoleSessionName", "")
        if not _SESSION_NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'roleSessionName' "
                "failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
            )
        duration = int(params.get("DurationSeconds", _CHAINED))
        check_duration(duration, role, call.principal)
        tags = session_tags(params.get("Tags", []))
        inherited = self._cloud.identities.transitive_tags(call.principal)
        overlap = inherited.keys() & tags.keys()
        if overlap:
            raise invalid(
                "One or more of the session tag keys are transitive and cannot be overridden: "
                + ", ".join(sorted(overlap))
            )
        credential = self._cloud.identities.role_session(
            role,
            name,
            duration=duration,
            policies=session_policies(params, role.account_id, self._cloud.lock),
            tags={**inherited, **tags},
            transitive=frozenset(inherited) | frozenset(params.get("TransitiveTagKeys", ())),
        )
        session = credential.principal
        return {
            "Credentials": shown_credentials(credential),
            "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
            "PackedPolicySize": packed(params),
        }

    def get_session_token(self, call: ApiCall) -> Mapping[str, Any]:
        """Give an IAM user temporary credentials of its own.

        Raises:
            ApiError: a session asked (`AccessDenied`), or the duration is out of range.
        """
        caller = call.principal
        if caller.expires is not None:
            raise ApiError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        credential = self._cloud.identities.user_session(caller, token_duration(call.params))
        return {"Credentials": shown_credentials(credential)}

    def get_access_key_info(self, call: ApiCall) -> Mapping[str, Any]:
        """Say which account a key belongs to.

        Raises:
            ApiError: `ValidationError`, when there is no such key.
        """
        account = self._cloud.identities.account_of(call.params["AccessKeyId"])
        if not account:
            raise invalid("Invalid access key id")
        return {"Account": account}

    def lacking(self, call: ApiCall) -> Mapping[str, Any]:
        """Refuse what the sandbox has no answer to.

        Raises:
            ApiError: `NotImplemented`, always.
        """
        raise ApiError("NotImplemented", f"The embedded sandbox does not have sts {call.operation}.", 501)


def session_policies(params: Mapping[str, Any], account: str, lock: Any) -> tuple[Mapping[str, Any], ...]:
    """The policies that a session is given, inline and managed.

    Raises:
        ApiError: `ValidationError`, when there is no such managed policy.
    """
    documents = []
    if params.get("Policy"):
        documents.append(_document(params["Policy"]))
    with lock:
        managed = backends("iam")[account]["aws"].managed_policies
        for arn in (each["arn"] for each in params.get("PolicyArns", [])):
            policy = managed.get(arn)
            if policy is None:
                raise invalid(f"Policy {arn} does not exist or is not attachable.")
            documents.append(_document(managed_document(policy)))
    return tuple(documents)


def shown_credentials(credential: Credential) -> dict[str, Any]:
    """Credentials as STS hands them out."""
    return {
        "AccessKeyId": credential.access_key_id,
        "SecretAccessKey": credential.secret,
        "SessionToken": credential.token,
        "Expiration": credential.principal.expires,
    }


def find_role(arn: str, lock: Any) -> Any:
    """Find moto's role of this ARN; None when there is none.

    Raises:
        ApiError: `ValidationError`, when it is no role's ARN.
    """
    named = _ROLE.match(arn)
    if named is None:
        raise invalid(f"{arn} is invalid")
    with lock:
        partitions = backends("iam").get(named[1])
        if partitions is None:
            return None
        return next((role for role in partitions["aws"].roles.values() if role.arn == arn), None)


def check_duration(duration: int, role: Any, caller: Principal) -> None:
    """Refuse a session that is too short, or longer than the role allows or chaining does.

    Raises:
        ApiError: `ValidationError`.
    """
    longest = int(role.max_session_duration or _CHAINED)
    if duration < _SHORTEST:
        raise invalid(
            f"1 validation error detected: Value '{duration}' at 'durationSeconds' "
            "failed to satisfy constraint: "
            f"Member must have value greater than or equal to {_SHORTEST}"
        )
    if caller.kind is Kind.ROLE and duration > _CHAINED:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining"
        )
    if duration > longest:
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def token_duration(params: Mapping[str, Any]) -> int:
    """The seconds that a user's own session lasts: 15 minutes to 36 hours, 12 if nothing is said.

    Raises:
        ApiError: `ValidationError`, outside of these (STS API Reference, GetSessionToken).
    """
    duration = int(params.get("DurationSeconds", _USUAL_TOKEN))
    if not _SHORTEST <= duration <= _LONGEST_TOKEN:
        raise invalid(f"DurationSeconds must be between {_SHORTEST} and {_LONGEST_TOKEN}")
    return duration


def session_tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Session tags by name.

    Raises:
        ApiError: `ValidationError`: there are too many.
    """
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) > _MAX_TAGS:
        raise invalid(f"No more than {_MAX_TAGS} session tags may be passed")
    return tags


def invalid(message: str) -> ApiError:
    """What STS says of a parameter that it does not take."""
    return ApiError("ValidationError", message, 400)


def _document(text: str) -> Mapping[str, Any]:
    try:
        loaded: Mapping[str, Any] = json.loads(text)
    except ValueError:
        raise ApiError("MalformedPolicyDocument", "This policy contains invalid Json") from None
    return loaded


def packed(params: Mapping[str, Any]) -> int:
    """How much of the room for session policies is used, in percent."""
    return min(100, round(100 * len(params.get("Policy", "")) / 2048))
