"""Who is calling: from an access key to a `Principal`.

Long-term keys live in moto's IAM. Sessions are kept here, because moto's forget their policies and tags.
"""

from __future__ import annotations

import hmac
import secrets
import string
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.errors import AuthFault
from chaoskit.sandbox.state import backend, backends
from chaoskit.sandbox.wire import Kind, Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.clock import Clock

_ALPHABET = string.ascii_uppercase + "234567"
_LETTERS = string.ascii_letters + string.digits
ANONYMOUS = Principal(kind=Kind.ANONYMOUS, account="", arn="*")
"""A caller without a signature."""


class Unauthenticated(Exception):  # noqa: N818 - it names a state of the caller
    """The caller's credentials are not good; `fault` says why."""

    def __init__(self, fault: AuthFault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Credential:
    """A key pair and who it stands for."""

    access_key_id: str
    secret: str
    token: str
    principal: Principal
    transitive: frozenset[str] = frozenset()
    """The session tags that a chained role inherits."""


def unique_id(prefix: str, length: int = 21) -> str:
    """A fresh unique id in IAM's form, e.g. `AROA...` (IAM User Guide, IAM identifiers)."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length - len(prefix)))


class Identities:
    """Every key that may sign a call, and the sessions that were given out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Credential] = {}
        self._services: dict[tuple[str, str, str], Credential] = {}

    def service(self, service: str, *, account: str, source_arn: str = "") -> Credential:
        """A service's own identity, acting in `account` for the resource `source_arn`."""
        known = self._services.get((service, account, source_arn))
        if known is None:
            known = self.remember(
                Principal(
                    kind=Kind.SERVICE,
                    account=account,
                    arn=service,
                    principal_id=service,
                    invoked_by=service,
                    source_arn=source_arn,
                )
            )
            self._services[service, account, source_arn] = known
        return known

    def credential(self, access_key_id: str) -> Credential:
        """Find a key and its holder.

        Raises:
            Unauthenticated: there is no such key, or it is inactive or expired.
        """
        session = self._sessions.get(access_key_id)
        if session is not None:
            expires = session.principal.expires
            if expires is not None and self._clock.now() >= expires:
                raise Unauthenticated(AuthFault.EXPIRED)
            return session
        return _long_term(access_key_id)

    def check_token(self, credential: Credential, token: str) -> None:
        """Check that a session's key came with its token.

        Raises:
            Unauthenticated: it did not, or a long-term key came with one.
        """
        if not hmac.compare_digest(credential.token.encode(), token.encode()):
            raise Unauthenticated(AuthFault.BAD_TOKEN)

    def transitive_tags(self, principal: Principal) -> dict[str, str]:
        """The tags that a role assumed by this caller inherits (IAM User Guide, Session tags)."""
        session = self._sessions.get(principal.access_key_id)
        if session is None:
            return {}
        return {k: v for k, v in principal.session_tags.items() if k in session.transitive}

    def account_of(self, access_key_id: str) -> str:
        """The account a key belongs to, active or not; empty when there is no such key."""
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session.principal.account
        found = _find_key(access_key_id)
        return found[0] if found else ""

    def user_session(self, user: Principal, duration: int) -> Credential:
        """Give out temporary credentials of an IAM user (GetSessionToken), good for `duration` seconds."""
        issued = self._clock.now()
        return self.remember(replace(user, issued=issued, expires=issued + timedelta(seconds=duration)))

    def remember(self, principal: Principal, transitive: frozenset[str] = frozenset()) -> Credential:
        """Mint temporary credentials for a principal; the principal returned in them carries the key."""
        key = unique_id("ASIA", 20)
        named = replace(principal, access_key_id=key)
        credential = Credential(
            key,
            "".join(secrets.choice(_LETTERS) for _ in range(40)),
            "IQoJb3JpZ2luX2Vj" + secrets.token_urlsafe(96),
            named,
            transitive,
        )
        self._sessions[key] = credential
        return credential

    def role_session(
        self,
        role: Any,
        session_name: str,
        *,
        duration: int = 3600,
        policies: tuple[Mapping[str, Any], ...] = (),
        tags: Mapping[str, str] | None = None,
        transitive: frozenset[str] = frozenset(),
        invoked_by: str = "",
        source_arn: str = "",
    ) -> Credential:
        """Give out a session of a role.

        Args:
            role: moto's role.
            session_name: The role session's name.
            duration: Seconds that the credentials last.
            policies: Session policies, inline and managed.
            tags: Session tags.
            transitive: The keys of those tags that chained roles inherit.
            invoked_by: The service that assumed the role.
            source_arn: The resource the service acts for.
        """
        issued = self._clock.now()
        return self.remember(
            Principal(
                kind=Kind.ROLE,
                account=role.account_id,
                arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
                principal_id=f"{role.id}:{session_name}",
                role_arn=role.arn,
                session_name=session_name,
                issued=issued,
                expires=issued + timedelta(seconds=duration),
                session_policies=policies,
                session_tags=dict(tags or {}),
                invoked_by=invoked_by,
                source_arn=source_arn,
            ),
            transitive,
        )

    def revoke(self, access_key_id: str) -> None:
        """Forget a session; the key is then unknown."""
        self._sessions.pop(access_key_id, None)


def _long_term(access_key_id: str) -> Credential:
    found = _find_key(access_key_id)
    if found is None or found[2].status != "Active":
        raise Unauthenticated(AuthFault.UNKNOWN_KEY)
    account, user, key = found
    return _held(account, user.arn, user.id, user.name, access_key_id, key.secret_access_key)


@lru_cache(maxsize=1024)
def _held(  # noqa: PLR0917 - all of them are what it is remembered by
    account: str, arn: str, user_id: str, name: str, access_key_id: str, secret: str
) -> Credential:
    """A user's key: the same as long as all of these are."""
    principal = Principal(
        kind=Kind.USER,
        account=account,
        arn=arn,
        principal_id=user_id,
        access_key_id=access_key_id,
        user_name=name,
    )
    return Credential(access_key_id, secret, "", principal)


def _find_key(access_key_id: str) -> tuple[str, Any, Any] | None:
    """The account, user and access key (moto's) behind an id."""
    for account in list(backends("iam")):
        held = backend("iam", account)
        key = held.access_keys.get(access_key_id) if held is not None else None
        user = held.users.get(key.user_name) if key is not None else None
        if user is not None and key in user.access_keys:
            return account, user, key
    return None
