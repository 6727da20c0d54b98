"""Where experiments run: an account, how to reach it, and what it allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Aws, Query
from chaoskit.errors import AwsError, GuardError, TargetError
from chaoskit.slo import SystemClock
from chaoskit.switches import Switches
from chaoskit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.aws import Connection, Inboxes
    from chaoskit.consent import Consent
    from chaoskit.slo import Clock

STACK: Final = "chaoskit-workload"
_SHORTEST_SESSION_S: Final = 900
_SLACK_S: Final = 60  # some of it is gone before the run looks
_LONGEST_SESSION_S: Final = 3600  # what a role may give a role (IAM User Guide, "Roles terms and concepts")


@dataclass(frozen=True, slots=True)
class Target:
    """One account in one region.

    Attributes:
        name: embedded or aws.
        connection: How to reach it.
        account: Its id.
        place: What a later process needs to find it again, without secrets; kept in the journal.
        allowed_accounts: Where this target lets experiments run.
        allowed_regions: Likewise.
        role_arn: The role that each run assumes, so that its session name shows in the audit trail;
            None to use the connection's own identity.
        variables: What `${...}` stands for.
        management: How to reach the organization's management account, to read its policies; None when
            nobody said how.
        switches: What stops every run in it.
        read_role_arn: The role that guards and probes look with; None looks as the run's role.
        undo_role_arn: The role that undoes, and that the dead-man's switch acts as; None when there is none.
        dead_letters: ARN of the queue that tells of an undo that the dead-man's switch could not make.
        clock: The time that passes in it.
        consent: How to ask the account whether it was given up for experiments; None for one that was made
            for them by chaoskit itself.
        through: How to reach where its roles are assumed from; None assumes them from `connection`.
    """

    name: str
    connection: Connection
    account: str
    place: Mapping[str, Any]
    allowed_accounts: frozenset[str]
    allowed_regions: frozenset[str]
    role_arn: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    management: Connection | None = None
    switches: Switches = field(default_factory=Switches)
    read_role_arn: str | None = None
    undo_role_arn: str | None = None
    dead_letters: str | None = None
    clock: Clock = field(default_factory=SystemClock)
    consent: Consent | None = None
    through: Connection | None = None

    def check_consent(self) -> None:
        """Refuse an account that nobody gave up for experiments; `Consent.check` says which.

        Raises:
            GuardError: It is such an account, or can't be asked.
        """
        if self.consent is not None:
            agent = f"chaoskit/{__version__}"
            management = Aws(self.management, user_agent=agent) if self.management else None
            self.consent.check(Aws(self.connection, user_agent=agent), management)

    def open(
        self,
        session: str,
        user_agent: str,
        lasting_s: float,
        inboxes: Inboxes | None = None,
        policies: Sequence[str] = (),
    ) -> Aws:
        """The account, as this target's role.

        Args:
            session: The role session's name.
            user_agent: What ties calls to a run; chaoskit's name and version are put before it.
            lasting_s: For how many seconds credentials are needed.
            inboxes: The process's alert queues.
            policies: What the role's session is limited to, see `Connection.assume`.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: There are no usable ones.
        """
        return self._as(self.role_arn, session, user_agent, lasting_s, inboxes, policies)

    def open_read(
        self, session: str, user_agent: str, lasting_s: float, inboxes: Inboxes | None = None
    ) -> Aws | None:
        """The account as the role that only looks; None where the target has none.

        Args:
            session: As of `open`.
            user_agent: As of `open`.
            lasting_s: As of `open`.
            inboxes: As of `open`.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: The role can't be assumed.
        """
        if self.read_role_arn is None:
            return None
        return self._as(self.read_role_arn, session, user_agent, lasting_s, inboxes)

    def open_undo(self, session: str, user_agent: str, lasting_s: float) -> Aws | None:
        """The account as the undo role; None where the target has none.

        Args:
            session: As of `open`.
            user_agent: As of `open`.
            lasting_s: As of `open`.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: The role can't be assumed.
        """
        if self.undo_role_arn is None:
            return None
        return self._as(self.undo_role_arn, session, user_agent, lasting_s)

    def _as(  # noqa: PLR0917 - what `open` takes, and the role
        self,
        role_arn: str | None,
        session: str,
        user_agent: str,
        lasting_s: float,
        inboxes: Inboxes | None = None,
        policies: Sequence[str] = (),
    ) -> Aws:
        connection = self.through or self.connection if role_arn else self.connection
        if role_arn:
            seconds = int(min(max(lasting_s + _SLACK_S, _SHORTEST_SESSION_S), _LONGEST_SESSION_S))
            if lasting_s > _LONGEST_SESSION_S:
                raise GuardError(
                    f"The run may last {lasting_s:.0f} s with its rollback, but a role session ends after "
                    f"{_LONGEST_SESSION_S} s: lower blast_radius.max_duration."
                )
            try:
                connection = connection.assume(role_arn, session, seconds, policies)
            except AwsError as error:
                raise TargetError(f"{role_arn} can't be assumed: {error.message}") from error
        agent = f"chaoskit/{__version__} {user_agent}"
        return Aws(connection, account=self.account, user_agent=agent, inboxes=inboxes)


def stack_outputs(aws: Aws, stack: str = STACK) -> dict[str, str]:
    """The outputs of the workload's stacks: the one of that name, and those named `<stack>-<layer>`.

    Raises:
        AwsError: The stacks can't be read.
    """
    mine = f"Stacks[?StackName == '{stack}' || starts_with(StackName, '{stack}-')].Outputs[]"
    outputs = aws.read(Query("cloudformation", "DescribeStacks", {}, mine))
    return {output["OutputKey"]: output["OutputValue"] for output in outputs or []}
