"""Reads of one account, each made once; what can't be read is said, not guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.errors import AwsError, ChaoskitError

if TYPE_CHECKING:
    from chaoskit.aws import Message, Query, Reader


class UnreadError(Exception):
    """Something that a prediction needs to know can't be read.

    The message names it and says why; `why` is that alone.
    """

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(f"{what} ({why})" if why else what)
        self.why = why


class Look:
    """A `Reader` that remembers every answer, errors too."""

    def __init__(self, aws: Reader) -> None:
        """Nothing is read yet."""
        self.account = aws.account
        self.region = aws.region
        self._aws = aws
        self._answers: dict[str, Any] = {}

    def read(self, query: Query) -> Any:
        """See `Reader`."""
        key = json.dumps(query.dump(), sort_keys=True)
        if key not in self._answers:
            try:
                self._answers[key] = self._aws.read(query)
            except ChaoskitError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, ChaoskitError):
            raise answer
        return answer

    def messages(self, queue_url: str) -> list[Message]:
        """See `Reader`; none, since taking messages from a queue is not just looking."""
        del queue_url
        return []

    def ask(self, what: str, query: Query) -> Any:
        """Read something that is called `what` in words.

        Raises:
            UnreadError: It can't be read.
        """
        try:
            return self.read(query)
        except ChaoskitError as error:
            why = error.code if isinstance(error, AwsError) else str(error)
            raise UnreadError(what, f"{query}: {why}") from error
