"""The sandbox put together, and as its own services see it (`wire.Cloud`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.agenda import Agenda
from chaoskit.sandbox.authorize import Authorizer
from chaoskit.sandbox.background import Background
from chaoskit.sandbox.clients import Clients
from chaoskit.sandbox.clock import Clock, wall_clock
from chaoskit.sandbox.functions.nursery import Nursery
from chaoskit.sandbox.gateway import Gateway
from chaoskit.sandbox.identities import Identities
from chaoskit.sandbox.moto_backend import MotoBackend
from chaoskit.sandbox.organization import bootstrap
from chaoskit.sandbox.profile import INSTANT
from chaoskit.sandbox.security_tokens import find_role
from chaoskit.sandbox.services import install
from chaoskit.sandbox.sign_in import PATH as SIGN_IN
from chaoskit.sandbox.sign_in import SignIn
from chaoskit.sandbox.snapshot.describe import describe
from chaoskit.sandbox.snapshot.door import Door
from chaoskit.sandbox.snapshot.snapshot import Snapshot, at_rest
from chaoskit.sandbox.wire import ApiError, Credentials, Kind, Principal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.organization import AccessKey
    from chaoskit.sandbox.profile import Profile
    from chaoskit.sandbox.wire import Answer

MANAGEMENT = "111122223333"
"""The organization's management account, one of AWS's documentation examples."""
MEMBER = "444455556666"
"""The member account that experiments run in, likewise."""
REGION = "us-east-1"
"""The home region."""
# A role's session in the hands of customer code calls from an address, not from a service.
_RUNS_CUSTOMER_CODE = frozenset(
    {"ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "sagemaker.amazonaws.com"}
)


class Sandbox:
    """One embedded AWS. moto keeps its state in the process, so a process holds one at a time."""

    management_account = MANAGEMENT
    account = MEMBER
    region = REGION

    def __init__(self, wall: Callable[[], datetime] = wall_clock, profile: Profile = INSTANT) -> None:
        self.clock = Clock(wall)
        self.agenda = Agenda(self.clock)
        self.profile = profile
        self.identities = Identities(self.clock)
        self.moto = MotoBackend(self.clock.now)
        self.moto.reset()
        self.url = ""
        self.door = Door()
        self.nursery = Nursery()
        self._background = Background()
        self._clients = Clients(self.identities, self.answer)
        self._authorizer = Authorizer()
        self.gateway = Gateway(
            clock=self.clock,
            identities=self.identities,
            moto=self.moto,
            authorizer=self._authorizer,
            region=self.region,
        )
        self._trail = install(self.gateway, self)
        self.sign_in = SignIn(self, self._trail.tell)

    def bootstrap(self) -> Mapping[str, AccessKey]:
        """Make the organization and its accounts; the key of each account's `admin`, by account id."""
        with self.lock:
            made = bootstrap(
                management_account=self.management_account, account=self.account, region=self.region
            )
        return made.admins

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Hold it to read or write moto's state directly."""
        return self.moto.lock

    def now(self) -> datetime:
        """The sandbox's time, UTC and aware."""
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        """Wait this long on the sandbox's clock."""
        self.clock.sleep(seconds)

    def answer(self, http: HttpRequest) -> Answer:
        """Answer one request to AWS, once the sandbox's state is not being kept or put back."""
        with self.door.passing():
            signed_in = self.sign_in.answer(http) if http.path == SIGN_IN else None
            return signed_in or self.gateway.handle(http)

    def client(self, service: str, acting: Principal, *, region: str = "") -> Any:
        """A boto3 client whose calls go through the gateway, signed as `acting` and authorized as it."""
        return self._clients.get(service, acting, self.url, region or self.region)

    def credentials(self, acting: Principal) -> Credentials:
        """The keys that `client` would sign with as `acting`."""
        held = self.identities.credential(acting.access_key_id)
        return Credentials(held.access_key_id, held.secret, held.token)

    def service_principal(self, service: str, *, account: str, source_arn: str = "") -> Principal:
        """A service's own identity, e.g. `events.amazonaws.com` acting for the rule `source_arn`."""
        return self.identities.service(service, account=account, source_arn=source_arn).principal

    def assume(self, role_arn: str, *, service: str, session_name: str, source_arn: str = "") -> Principal:
        """The session a service gets when it assumes a role; ApiError AccessDenied if its trust refuses."""
        with self.lock:
            role = find_role(role_arn, self.lock)
            if role is None:
                raise ApiError(
                    "AccessDenied",
                    f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                    403,
                )
            asking = Principal(
                kind=Kind.SERVICE,
                account=role.account_id,
                arn=service,
                principal_id=service,
                invoked_by=service,
                source_arn=source_arn,
            )
            self._authorizer.trusts(asking, role, session_name)
            return self.identities.role_session(
                role,
                session_name,
                invoked_by="" if service in _RUNS_CUSTOMER_CODE else service,
                source_arn=source_arn,
            ).principal

    def spawn(self, work: Callable[[], None]) -> None:
        """Run `work` in the background; `idle` waits for it and for all it spawns."""
        self._background.spawn(work)

    def idle(self, timeout: float) -> bool:
        """Wait until no background work is left; False when `timeout` seconds (wall) passed first."""
        return self._background.idle(timeout)

    def flush(self) -> None:
        """Let trails write the log files that they gather events for; `idle` then waits for them."""
        self._trail.flush()

    def snapshot(self, timeout: float = 10) -> Snapshot:
        """All that there is, to be put back by `restore`.

        Raises:
            BusyError: calls or background work did not end within `timeout` seconds (wall).
        """
        with at_rest(self, timeout):
            return Snapshot(self)

    def restore(self, snapshot: Snapshot, timeout: float = 10) -> None:
        """Make everything as it was at a snapshot of this sandbox, the time included.

        Raises:
            BusyError: calls or background work did not end within `timeout` seconds (wall).
        """
        with at_rest(self, timeout):
            snapshot.put_back()

    def describe(self, timeout: float = 10) -> dict[str, Any]:
        """All that there is as JSON, to be compared; see `snapshot.describe`.

        Raises:
            BusyError: calls or background work did not end within `timeout` seconds (wall).
        """
        with at_rest(self, timeout):
            return describe(self)

    def close(self) -> None:
        """Stop background work and forget all state."""
        self._background.close()
        self.nursery.close()
        self.moto.close()
        self.clock.close()
        self.agenda.close()
        self._clients.close()
