"""Opening targets: an AWS account, or an embedded sandbox that is up or is started for the purpose."""

from __future__ import annotations

import tomllib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Aws, Connection, default_region
from chaoskit.consent import Consent
from chaoskit.embedded import MovedClock, Sandboxes, SkippingClock
from chaoskit.engine import PlaceGoneError
from chaoskit.errors import AwsError, ChaoskitError, TargetError
from chaoskit.home import home
from chaoskit.spec.names import variable_name
from chaoskit.switches import PARAMETER, STOP_FILE, Switches
from chaoskit.target import STACK, Target, stack_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.embedded import Delays, Instance

CONFIG: Final = Path("chaoskit.toml")


def sandboxes() -> Sandboxes:
    """The sandboxes of this user."""
    return Sandboxes(home() / "sandboxes")


_TEXT: Final = (str, "a text in quotes")
_TEXTS: Final = (list, 'a list of texts in quotes, like ["123456789012"]')
_KINDS: Final = {
    "accounts": _TEXTS,
    "regions": _TEXTS,
    "variables": (dict, 'a table of name = "text"'),
    "landing_s": (int | float, "a number of seconds"),
    "stop_parameter": (str, 'a text in quotes; "" for none'),
    "stop_alarms": _TEXTS,
    "safety_lever": (bool, "true or false"),
}
_EMBEDDED_LANDING_S: Final = 0.5
_UNDO_SESSION_S: Final = 3600
_UNDOES: Final = "chaoskit/rollback"


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """How to use an AWS account; from `chaoskit.toml`'s `[aws]` table and the command line.

    Attributes:
        profile: A profile of the shared AWS config.
        region: The region; None takes the profile's.
        accounts: The accounts that may be experimented on; without one nothing runs.
        regions: The regions likewise; empty allows just the one in use.
        role: A role that each run assumes; None takes the stack's harness role, if there is a stack.
        stack: The workload's CloudFormation stack.
        variables: More `${...}` names, beside the stack's outputs.
        read_role: A role that guards and probes look with; None takes the stack's, if there is one.
        undo_role: A role that undoes, and that the dead-man's switch acts as; None takes the stack's.
        dead_letters: ARN of the queue for what the dead-man's switch could not undo; None likewise.
        landing_s: For how long after its sender died a request may still take effect, in seconds; a
            change without an answer is looked at again after that.
        management_profile: A profile for the organization's management account, to read its policies.
        management_account: The id of that account, where chaoskit may not ask for it.
        stop_parameter: The SSM parameter whose being there stops every run; empty for none.
        stop_alarms: CloudWatch alarms that do so while they ring.
        safety_lever: Whether the safety lever of AWS FIS does.
    """

    profile: str | None = None
    region: str | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    role: str | None = None
    read_role: str | None = None
    undo_role: str | None = None
    dead_letters: str | None = None
    stack: str = STACK
    variables: Mapping[str, str] = field(default_factory=dict)
    landing_s: float = 90.0
    management_profile: str | None = None
    management_account: str | None = None
    stop_parameter: str = PARAMETER
    stop_alarms: tuple[str, ...] = ()
    safety_lever: bool = True

    @classmethod
    def read(cls, path: Path = CONFIG) -> AwsSettings:
        """From a file; the defaults when there is none.

        Raises:
            TargetError: The file says something unknown.
        """
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise TargetError(f"{path} can't be read: {error}.") from error
        table: Any = document.pop("aws", {})
        if document or not isinstance(table, dict):
            raise TargetError(f"{path} holds one table, [aws], and nothing else.")
        unknown = sorted(set(table) - set(cls.__dataclass_fields__))
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            raise TargetError(f"{path}: [aws] has no {', '.join(unknown)}; known are {known}.")
        for name, value in table.items():
            kind, words = _KINDS.get(name, _TEXT)
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            if not isinstance(value, kind) or not all(isinstance(item, str) for item in inner):
                raise TargetError(f"{path}: {name} must be {words}.")
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in table.items()}
        return cls(**values)


@contextmanager
def aws_target(settings: AwsSettings) -> Iterator[Target]:
    """The AWS account of a profile.

    Raises:
        TargetError: No usable credentials, region or answer.
    """
    region = settings.region or default_region(settings.profile)
    if region is None:
        raise TargetError("No AWS region is set: pass --region, or set one in the profile.")
    connection = Connection(region, profile=settings.profile)
    aws = Aws(connection, user_agent="chaoskit")
    aws.identify()
    try:
        outputs = stack_outputs(aws, settings.stack)
    except AwsError as error:
        raise TargetError(f"The stack {settings.stack} can't be read: {error.message}") from error
    variables = variables_of(aws.account, region, outputs) | dict(settings.variables)
    undo_role = settings.undo_role or variables.get("workload.undo_role_arn")
    yield Target(
        name="aws",
        connection=connection,
        account=aws.account,
        place={
            "kind": "aws",
            "profile": settings.profile,
            "landing_s": settings.landing_s,
            "undo_role": undo_role,
        },
        allowed_accounts=frozenset(settings.accounts),
        allowed_regions=frozenset(settings.regions or (region,)),
        role_arn=settings.role or variables.get("workload.harness_role_arn"),
        read_role_arn=settings.read_role or variables.get("workload.read_role_arn"),
        undo_role_arn=undo_role,
        dead_letters=settings.dead_letters or variables.get("workload.undo_dead_letters_arn"),
        variables=variables,
        management=(
            Connection(region, profile=settings.management_profile) if settings.management_profile else None
        ),
        switches=Switches(
            home() / STOP_FILE, settings.stop_parameter, settings.stop_alarms, settings.safety_lever
        ),
        consent=Consent(aws.account, settings.management_account),
    )


@contextmanager
def embedded_target(
    delays: Delays = "instant", profile: str | None = None, *, own: bool = False
) -> Iterator[Target]:
    """The sandbox that is up, or else one of its own that ends with the block.

    Args:
        delays: `realistic` takes one of its own in any case, whose telemetry takes as long as AWS
            says, and whose time is skipped instead of waited for.
        profile: Takes one of its own too, whose workload is deployed with this anti-pattern.
        own: Take one of its own in any case.

    Raises:
        TargetError: It does not start or answer.
    """
    if delays == "realistic":
        with sandboxes().own(delays, profile) as slow:
            yield replace(target_in(slow), clock=SkippingClock(slow))
        return
    running = None if own or profile else sandboxes().with_workload()
    if running:
        yield target_in(running)
    else:
        with sandboxes().own(delays, profile) as alone:
            yield target_in(alone)


def target_in(instance: Instance) -> Target:
    """The target that an embedded sandbox is; its clock is the sandbox's as it is now."""
    connection = _connection(instance)
    outputs = stack_outputs(Aws(connection, user_agent="chaoskit"))
    variables = variables_of(instance.account, instance.region, outputs)
    return Target(
        name="embedded",
        connection=connection,
        account=instance.account,
        place={
            "kind": "embedded",
            "folder": str(sandboxes().folder),
            "instance": instance.name,
            "landing_s": _EMBEDDED_LANDING_S,
            "undo_role": variables.get("workload.undo_role_arn"),
        },
        allowed_accounts=frozenset({instance.account}),
        allowed_regions=frozenset({instance.region}),
        role_arn=variables.get("workload.harness_role_arn"),
        read_role_arn=variables.get("workload.read_role_arn"),
        undo_role_arn=variables.get("workload.undo_role_arn"),
        dead_letters=variables.get("workload.undo_dead_letters_arn"),
        variables=variables,
        management=replace(connection, credentials=instance.management),
        switches=Switches(home() / STOP_FILE, PARAMETER, safety_lever=True),
        clock=MovedClock.of(instance),
    )


def reopen(place: Mapping[str, Any]) -> Iterator[Aws]:
    """The account of a journal entry, as it can be reached now: as its undo role, then as whoever calls.

    Raises:
        PlaceGoneError: It was in a sandbox that is gone.
        TargetError: It can't be reached, or the credentials are another account's.
    """
    if place["kind"] == "embedded":
        folder, name = Sandboxes(Path(place["folder"])), place["instance"]
        if folder.is_gone(name):
            raise PlaceGoneError(f"the sandbox {name} is gone, and the fault with it")
        instance = folder.find(name)
        if instance is None:
            raise TargetError(f"The sandbox {name} is just starting or ending: try again.")
        connection = _connection(instance)
    else:
        connection = Connection(place["region"], profile=place["profile"])
    aws = Aws(connection, user_agent=_UNDOES)
    aws.identify()
    if aws.account != place["account"]:
        raise TargetError(
            f"The fault lies in account {place['account']}, but these credentials are for {aws.account}: "
            "log in to the right one, then run `chaoskit rollback`."
        )
    if place.get("undo_role"):
        with suppress(ChaoskitError):  # it may be gone, or the fault itself keeps it out
            undoer = connection.assume(place["undo_role"], "chaoskit-rollback", _UNDO_SESSION_S)
            yield Aws(undoer, account=aws.account, user_agent=_UNDOES)
    yield aws


def _connection(instance: Instance) -> Connection:
    return Connection(instance.region, endpoint_url=instance.url, credentials=instance.admin)


def variables_of(account: str, region: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """What `${...}` stands for in an account whose workload's stacks have these outputs."""
    workload = {f"workload.{variable_name(key)}": value for key, value in outputs.items()}
    return {"sandbox.account": account, "sandbox.region": region, **workload}
