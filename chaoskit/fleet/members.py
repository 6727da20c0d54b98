"""Member accounts: as a target that experiments run in, and as a place whose faults are undone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Aws
from chaoskit.consent import Consent
from chaoskit.errors import AwsError, ChaoskitError, TargetError
from chaoskit.home import home
from chaoskit.places import variables_of
from chaoskit.switches import PARAMETER, STOP_FILE, Switches
from chaoskit.target import Target, stack_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Connection
    from chaoskit.fleet.plan import Plan

KIND: Final = "fleet"
"""What the journal calls a place that is reached through the tooling account."""
_LANDING_S: Final = 90.0
_EMBEDDED_LANDING_S: Final = 0.5
_SESSION_S: Final = 3600  # what a role may give a role (IAM User Guide, "Roles terms and concepts")
_LOOKS: Final = "chaoskit-fleet"
_UNDOES: Final = "chaoskit/rollback"


class Members:
    """Opens member accounts as the tooling account's identity may."""

    def __init__(self, tooling: Connection) -> None:
        """Make no call yet."""
        self._tooling = tooling

    def target(self, plan: Plan, account: str) -> Target:
        """The account as a target; it must say that it is a sandbox.

        Its own connection is a session of its read role: whoever needs more assumes another of its roles.

        Raises:
            TargetError: It can't be reached.
            GuardError: It was not given up for experiments.
        """
        through = replace(self._tooling, region=plan.region)
        roles = {
            name: f"arn:aws:iam::{account}:role/{getattr(plan.roles, name)}"
            for name in ("inject", "undo", "read")
        }
        try:
            connection = through.assume(roles["read"], _LOOKS, _SESSION_S)
            outputs = stack_outputs(Aws(connection, user_agent="chaoskit/fleet"))
        except AwsError as error:
            raise TargetError(
                f"Account {account} can't be looked at as {plan.roles.read}: {error}"
            ) from error
        embedded = through.endpoint_url is not None
        target = Target(
            name="fleet",
            connection=connection,
            account=account,
            place={
                "kind": KIND,
                "landing_s": _EMBEDDED_LANDING_S if embedded else _LANDING_S,
                "undo_role": roles["undo"],
                "inject_role": roles["inject"],
            },
            allowed_accounts=frozenset({account}),
            allowed_regions=frozenset({plan.region}),
            role_arn=roles["inject"],
            read_role_arn=roles["read"],
            undo_role_arn=roles["undo"],
            dead_letters=f"arn:aws:sqs:{plan.region}:{account}:{plan.dead_letters}",
            variables=variables_of(account, plan.region, outputs),
            switches=Switches(home() / STOP_FILE, PARAMETER, safety_lever=True),
            consent=Consent(account),
            through=through,
        )
        target.check_consent()
        return target

    def reopen(self, place: Mapping[str, Any]) -> Iterator[Aws]:
        """The account of a journal entry, as its undo role and then as the one that injected.

        Raises:
            TargetError: Neither role can be assumed.
        """
        if place.get("kind") != KIND:
            raise TargetError(
                "The fault was not injected by a fleet: `chaoskit rollback` where it was undoes it."
            )
        through = replace(self._tooling, region=place["region"])
        opened = 0
        for role in (place["undo_role"], place["inject_role"]):
            with suppress(ChaoskitError):  # it may be gone, or the fault itself keeps it out
                connection = through.assume(role, "chaoskit-rollback", _SESSION_S)
                opened += 1
                yield Aws(connection, account=place["account"], user_agent=_UNDOES)
        if not opened:
            raise TargetError(
                f"Neither the undo nor the inject role of account {place['account']} can be assumed."
            )
