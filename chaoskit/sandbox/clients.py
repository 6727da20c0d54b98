"""boto3 clients for the sandbox's own services, which call each other through the gateway."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from chaoskit.sandbox.inward import bring
from chaoskit.sandbox.models import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.identities import Identities
    from chaoskit.sandbox.wire import Answer, Principal

_KEPT = 512


class Clients:
    """Makes clients and keeps them: making one costs a hundred times more than using one."""

    NOT_STATE = frozenset({"_session", "_clients"})

    def __init__(self, identities: Identities, handle: Callable[[HttpRequest], Answer]) -> None:
        self._identities = identities
        self._handle = handle
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
                    self._clients.pop(next(iter(self._clients)))
                client = self._clients[key] = self._make(service, acting, url, region)
            return client

    def _make(self, service: str, acting: Principal, url: str, region: str) -> Any:
        credential = self._identities.credential(acting.access_key_id)
        if acting.invoked_by and not credential.principal.invoked_by:
            # A forward access session: the caller's own permissions, used by a service in its name.
            via = (*credential.principal.called_via, acting.invoked_by)
            credential = self._identities.remember(replace(credential.principal, called_via=via))
        client = self._shared().create_client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret,
            aws_session_token=credential.token or None,
            config=Config(
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
                retries={"total_max_attempts": 1},
                proxies={},
                user_agent=acting.invoked_by or None,
            ),
        )
        bring(client, self._handle)
        return client

    def _shared(self) -> Any:
        if self._session is None:
            self._session = session()
        return self._session

    def restored(self) -> None:
        """Forget every client: the session that one signs with may never have been."""
        self.close()

    def close(self) -> None:
        """Forget every client."""
        with self._lock:
            self._clients.clear()
