"""A reader of an account that gives these answers, for what the sandbox has no state of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath

from chaoskit.errors import AwsError
from tests.samples import ACCOUNT, REGION

if TYPE_CHECKING:
    from chaoskit.aws import Message, Query


class Answers:
    """Answers each operation with what was given for it, which may be an error or a function of the query.

    Attributes:
        asked: The queries, in order.
    """

    account = ACCOUNT

    def __init__(self, *, region: str = REGION, **answers: Any) -> None:
        """Know these answers, in AWS's own shape."""
        self.region = region
        self.answers = answers
        self.asked: list[Query] = []

    def read(self, query: Query) -> Any:
        """The part of the answer that the query selects."""
        self.asked.append(query)
        answer = self.answers[query.operation]
        given = answer(query) if callable(answer) else answer
        if isinstance(given, AwsError):
            if given.code in query.absent:
                return None
            raise given
        return jmespath.search(query.select, given)

    def messages(self, queue_url: str) -> list[Message]:
        """No queue is here."""
        raise AssertionError(queue_url)
