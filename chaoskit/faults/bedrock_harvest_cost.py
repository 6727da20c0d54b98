"""A foundation model is used at the account's cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Call, Credentials, Reader
    from chaoskit.contract import Changes


@fault(
    "bedrock.harvest-cost",
    layer="application",
    attack=("T1496.004", "T1078.004", "T1098.001"),
    atlas=("AML.T0034", "AML.T0040"),
    owasp_ml=("ML05",),
)
class HarvestCost(Fault):
    """Let a foundation model answer at length, again and again, with a leaked key: LLM-jacking.

    The burst is bounded, and so is what each call may cost.

    Detected by: CloudTrail Converse, by number for each caller.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        model: The foundation model's id.
        calls: How many calls there are, at most 100.
        tokens: The most tokens that each may answer with, at most 1,000.
        source_ip: Where the calls come from; on AWS it is the machine's own address instead.
    """

    user: str
    model: str
    calls: int = 20
    tokens: int = 64
    source_ip: str = OUTSIDE

    def __post_init__(self) -> None:
        """Refuse what would really cost something."""
        if not (1 <= self.calls <= 100 and 1 <= self.tokens <= 1000):  # noqa: PLR2004 - as documented above
            raise ValueError(
                f"calls is {self.calls} and tokens {self.tokens}: they must be from 1 to 100, and to 1000"
            )

    def changes(self, aws: Reader) -> Changes:
        """Create the key, ask once, then all the rest; undone by deleting every key that is new."""
        del aws
        key = yield from leaked(self.user)
        first, *rest = (self._call(key, number) for number in range(1, self.calls + 1))
        yield Change(do=first, beside=tuple(rest))

    def _call(self, key: Credentials, number: int) -> Call:
        message: dict[str, Any] = {
            "role": "user",
            "content": [{"text": f"Write chapter {number} of a novel."}],
        }
        asked = {"modelId": self.model, "messages": [message], "inferenceConfig": {"maxTokens": self.tokens}}
        return used(key, self.source_ip, "bedrock-runtime", "Converse", **asked).do
