"""Whether an AWS account was given up for experiments: it says so itself, and it is no management account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.errors import AwsError, GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader

PARAMETER: Final = "/chaoskit/sandbox"
TAG: Final = "chaoskit:sandbox"
YES: Final = "true"
_ALONE: Final = "AWSOrganizationsNotInUseException"


@dataclass(frozen=True, slots=True)
class Consent:
    """How an account is asked.

    Attributes:
        account: Its id.
        management_account: The id of its organization's management account, as a person says who may not
            let chaoskit ask; None asks.
    """

    account: str
    management_account: str | None = None

    def check(self, member: Reader, management: Reader | None = None) -> None:
        """Refuse an account that nobody gave up for experiments.

        An account is not refused when it is in no organization. What can't be read refuses: a missing
        permission is a sentence, a management account under experiments is an outage.

        Args:
            member: The account.
            management: Its organization's management account, where it can be reached: only from there
                can an account's tags be read (AWS Organizations API Reference, ListTagsForResource).

        Raises:
            GuardError: It is the management account, or says nowhere that it is a sandbox, or can't be read.
        """
        if self._management_account(member) == self.account:
            raise GuardError(
                f"Account {self.account} is its organization's management account: no SCP limits it, and "
                "what breaks there breaks every account. Experiment on a member account made for it."
            )
        if not (self._marked(member) or self._tagged(management)):
            raise GuardError(
                f"Account {self.account} does not say that it is a sandbox: set the SSM parameter "
                f"{PARAMETER} to {YES} in it (chaoskit sandbox deploy does so), or its account tag {TAG} to "
                f"{YES}, which is read with --management-profile."
            )

    def _management_account(self, member: Reader) -> str | None:
        if self.management_account:
            return self.management_account
        try:
            # Any account of an organization may ask (API Reference, DescribeOrganization).
            account: str | None = member.read(
                Query("organizations", "DescribeOrganization", {}, "Organization.MasterAccountId", (_ALONE,))
            )
        except AwsError as error:
            raise GuardError(
                f"Whether account {self.account} is its organization's management account can't be told: "
                f"{error}. Allow the call, or write management_account into chaoskit.toml's [aws]."
            ) from error
        return account

    def _marked(self, member: Reader) -> bool:
        try:
            # GetParameter would answer with an error where there is none.
            value = member.read(Query("ssm", "GetParameters", {"Names": [PARAMETER]}, "Parameters[0].Value"))
        except AwsError as error:
            raise GuardError(
                f"Whether account {self.account} is a sandbox can't be told: {error}. Allow the call."
            ) from error
        return _says_yes(value)

    def _tagged(self, management: Reader | None) -> bool:
        if management is None:
            return False
        where, tag = {"ResourceId": self.account}, f"Tags[?Key == '{TAG}'].Value | [0]"
        try:
            value = management.read(Query("organizations", "ListTagsForResource", where, tag))
        except AwsError as error:
            raise GuardError(f"The tags of account {self.account} can't be read: {error}.") from error
        return _says_yes(value)


def _says_yes(value: str | None) -> bool:
    return (value or "").strip().lower() == YES
