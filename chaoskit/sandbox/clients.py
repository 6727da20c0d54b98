"""boto3 clients for the sandbox's own services, which call each other through the front door."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from chaoskit.sandbox.models import session

if TYPE_CHECKING:
    from chaoskit.sandbox.identities import Identities
    from chaoskit.sandbox.wire import Principal

_KEPT = 512


class Clients:
    """Makes clients and keeps them: making one costs a hundred times more than using one."""

    NOT_STATE = frozenset({"_session", "_clients"})

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}

    def get(self, service: str, acting: Principal, url: str, region: str) -> Any:
        """A client of `service` at `url` that signs as `acting`.

        Raises:
            Unauthenticated: `acting` has no live credentials.
        """
        key = (service, f"{acting.access_key_id} {acting.invoked_by}", region)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                while len(self._clients) >= _KEPT:
                    self._clients.pop(next(iter(self._clients))).close()
                client = self._clients[key] = self._make(service, acting, url, region)
            return client

    def _make(self, service: str, acting: Principal, url: str, region: str) -> Any:
        credential = self._identities.credential(acting.access_key_id)
        if acting.invoked_by and not credential.principal.invoked_by:
            # A forward access session: the caller's own permissions, used by a service in its name.
            via = (*credential.principal.called_via, acting.invoked_by)
            credential = self._identities.remember(replace(credential.principal, called_via=via))
        return self._shared().create_client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret,
            aws_session_token=credential.token or None,
            config=Config(
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
                max_pool_connections=16,
                retries={"total_max_attempts": 1},
                proxies={},
                user_agent=acting.invoked_by or None,
            ),
        )

    def _shared(self) -> Any:
        if self._session is None:
            self._session = session()
        return self._session

    def restored(self) -> None:
        """Forget every client: the session that one signs with may never have been."""
        self.close()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
