"""What faults and probes see of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws.calls import Query
    from chaoskit.aws.inbox import Message


class Reader(Protocol):
    """A view of the account that can't change it."""

    account: str
    region: str

    def read(self, query: Query) -> Any:
        """Ask once, all pages.

        Raises:
            AwsError: The API refused or failed (`DeniedError` when by policy).
        """
        ...

    def messages(self, queue_url: str) -> list[Message]:
        """What has arrived in an alert queue that names this run, oldest first."""
        ...


@runtime_checkable
class Lender(Protocol):
    """A view of the account that lends its credentials to another AWS tool."""

    def environment(self) -> Mapping[str, str]:
        """The environment variables with which the tool acts as this view, and reaches the same place."""
        ...
