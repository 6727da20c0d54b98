"""A model is asked by more callers than it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._sessions import session

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.many-callers",
    layer="application",
    attack=("T1078.004", "T1550.001"),
    atlas=("AML.T0040", "AML.T0024"),
    owasp_ml=("ML04", "ML05"),
)
class ManyCallers(Fault):
    """Ask an endpoint in many sessions of one role, each under another name, so that none asks often.

    It is how a limit for each caller is stayed under.

    Detected by: CloudTrail data events InvokeEndpoint, by the number of distinct callers of an endpoint.

    Attributes:
        role_arn: A role that the run may assume, and that may invoke the endpoint.
        endpoint: The SageMaker endpoint that is asked.
        callers: How many sessions there are, at most 100.
    """

    role_arn: str
    endpoint: str
    callers: int = 12

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def __post_init__(self) -> None:
        """Refuse what is no crowd, or a load test."""
        if not 2 <= self.callers <= 100:  # noqa: PLR2004 - as documented above
            raise ValueError(f"callers is {self.callers}: it must be from 2 to 100")

    def changes(self, aws: Reader) -> Changes:
        """Assume the role and ask once, again and again; leaves nothing behind that lasts."""
        del aws
        for number in range(self.callers):
            keys = yield from session(self.role_arn, f"chaoskit-caller-{number + 1}")
            yield Change(
                do=Call(
                    "sagemaker-runtime",
                    "InvokeEndpoint",
                    not_yet=("UnrecognizedClientException", "InvalidClientTokenId"),
                    signed_by=keys,
                    EndpointName=self.endpoint,
                    ContentType="application/json",
                    Body=b'{"instances": [[0.0, 0.0, 0.0, 0.0]]}',
                )
            )
