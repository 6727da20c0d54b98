"""A foundation model is asked past its guardrail."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._sessions import session

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "bedrock.ask-without-guardrail",
    layer="application",
    attack=("T1685", "T1078.004"),
    atlas=("AML.T0054", "AML.T0040"),
    owasp_ml=("ML01",),
)
class AskWithoutGuardrail(Fault):
    """Ask a foundation model as a role of the workload, without naming a guardrail: then there is none.

    Detected by: CloudTrail Converse (denied).

    Attributes:
        role_arn: A role that the run may assume, and that may invoke the model.
        model: The foundation model's id.
    """

    role_arn: str
    model: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask once; leaves nothing behind."""
        del aws
        keys = yield from session(self.role_arn, "chaoskit-without-guardrail")
        message = {"role": "user", "content": [{"text": "Say hello."}]}
        yield Change(
            do=Call(
                "bedrock-runtime",
                "Converse",
                signed_by=keys,
                modelId=self.model,
                messages=[message],
                inferenceConfig={"maxTokens": 16},
            )
        )
