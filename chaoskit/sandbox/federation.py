"""STS for those who have no role of their own: users' federation tokens, and identity providers' people.

Source: STS API Reference, "GetFederationToken", "AssumeRoleWithWebIdentity" and "AssumeRoleWithSAML". Whether
a role trusts an identity provider is decided before, by `authorize`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.assertions import asserted
from chaoskit.sandbox.security_tokens import (
    check_duration,
    find_role,
    invalid,
    packed,
    session_policies,
    session_tags,
    shown_credentials,
    token_duration,
)
from chaoskit.sandbox.wire import ApiError, Kind, Principal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_NAME = re.compile(r"[\w+=,.@-]{2,32}")
_HOUR = 3600


class Federation:
    """Answers GetFederationToken, AssumeRoleWithWebIdentity and AssumeRoleWithSAML."""

    service = "sts"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "GetFederationToken": self.get_federation_token,
            "AssumeRoleWithWebIdentity": self.assume_role_with_web_identity,
            "AssumeRoleWithSAML": self.assume_role_with_saml,
        }

    def get_federation_token(self, call: ApiCall) -> Mapping[str, Any]:
        """Give out a session that may do what both the user and the session policy allow.

        Raises:
            ApiError: a session asked (`AccessDenied`), or name, duration or tags are none.
        """
        caller, params = call.principal, call.params
        if caller.kind not in (Kind.USER, Kind.ROOT) or caller.expires is not None:
            raise ApiError("AccessDenied", "Cannot call GetFederationToken with session credentials", 403)
        name = params.get("Name", "")
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
            )
        duration = token_duration(params)
        issued = self._cloud.now()
        credential = self._cloud.identities.remember(
            Principal(
                kind=Kind.FEDERATED,
                account=caller.account,
                arn=f"arn:aws:sts::{caller.account}:federated-user/{name}",
                principal_id=f"{caller.account}:{name}",
                issuer=caller.arn,
                issuer_id=caller.principal_id or caller.account,
                issued=issued,
                expires=issued + timedelta(seconds=duration),
                session_policies=session_policies(params, caller.account, self._cloud.lock),
                session_tags=session_tags(params.get("Tags", [])),
            )
        )
        session = credential.principal
        return {
            "Credentials": shown_credentials(credential),
            "FederatedUser": {"FederatedUserId": session.principal_id, "Arn": session.arn},
            "PackedPolicySize": packed(params),
        }

    def assume_role_with_web_identity(self, call: ApiCall) -> Mapping[str, Any]:
        """Give out a session of a role to whom an OpenID Connect provider vouches for.

        Raises:
            ApiError: as `security_tokens.SecurityTokens.assume_role`.
        """
        shown, said = self._session(call, call.params.get("RoleSessionName", ""))
        return {
            **shown,
            "SubjectFromWebIdentityToken": said.subject,
            "Provider": said.provider,
            "Audience": said.audience,
        }

    def assume_role_with_saml(self, call: ApiCall) -> Mapping[str, Any]:
        """Give out a session of a role to whom a SAML provider vouches for.

        Raises:
            ApiError: as `security_tokens.SecurityTokens.assume_role`.
        """
        shown, said = self._session(call, "")
        account, name = call.params["PrincipalArn"].split(":")[4], said.provider.rpartition("/")[2]
        # How STS makes it of issuer, account and provider (API Reference, `NameQualifier`).
        qualifier = hashlib.sha1(f"{said.issuer}{account}/{name}".encode(), usedforsecurity=False).digest()
        return {
            **shown,
            "Subject": said.subject,
            "SubjectType": said.keys["saml:sub_type"],
            "Issuer": said.issuer,
            "Audience": said.audience,
            "NameQualifier": b64encode(qualifier).decode(),
        }

    def _session(self, call: ApiCall, name: str) -> tuple[dict[str, Any], Any]:
        with self._cloud.lock:
            said = asserted(call)
            role = find_role(call.params["RoleArn"], self._cloud.lock)
        duration = int(call.params.get("DurationSeconds", min(said.longest or _HOUR, _HOUR)))
        check_duration(duration, role, call.principal)
        if said.longest and duration > said.longest:
            raise invalid("The requested DurationSeconds exceeds the SessionDuration of the SAML assertion.")
        credential = self._cloud.identities.role_session(
            role,
            name or said.session_name,
            duration=duration,
            policies=session_policies(call.params, role.account_id, self._cloud.lock),
            tags=said.tags,
            transitive=said.transitive,
        )
        credential = self._cloud.identities.remember(
            replace(credential.principal, federated_provider=said.provider), said.transitive
        )
        session = credential.principal
        return {
            "Credentials": shown_credentials(credential),
            "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
            "PackedPolicySize": packed(call.params),
        }, said
