"""A model is queried until its answers are enough to train a copy of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._leaked_key import INSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.extract-model",
    layer="application",
    attack=("T1078.004", "T1098.001"),
    atlas=("AML.T0024.002", "AML.T0040"),
    owasp_ml=("ML04", "ML05"),
)
class ExtractModel(Fault):
    """Query an endpoint in bulk with a leaked key: parallel and diverse, as one who copies a model does.

    The burst is bounded, and each query asks for another point of the input space. It comes from the
    company's own network: from elsewhere a key gives itself away with its first call.

    Detected by: CloudTrail data events InvokeEndpoint, by number for each caller and endpoint.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        endpoint: The SageMaker endpoint that is queried.
        queries: How many queries there are, at most 1,000.
        features: How many numbers a query has.
        source_ip: Where the calls come from; on AWS it is the machine's own address instead.
    """

    user: str
    endpoint: str
    queries: int = 60
    features: int = 4
    source_ip: str = INSIDE

    def __post_init__(self) -> None:
        """Refuse a burst that is none, or that is a load test."""
        if not 1 <= self.queries <= 1000:  # noqa: PLR2004 - as documented above
            raise ValueError(f"queries is {self.queries}: it must be from 1 to 1000")

    def changes(self, aws: Reader) -> Changes:
        """Create the key, ask once, then ask for all the rest; undone by deleting every key that is new."""
        del aws
        key = yield from leaked(self.user)
        first, *rest = (
            used(
                key,
                self.source_ip,
                "sagemaker-runtime",
                "InvokeEndpoint",
                EndpointName=self.endpoint,
                ContentType="application/json",
                Body=json.dumps({"instances": [point]}).encode(),
            ).do
            for point in _points(self.queries, self.features)
        )
        yield Change(do=first, beside=tuple(rest))


def _points(number: int, dimensions: int) -> list[list[float]]:
    """Points that fill the unit cube evenly, the same each time: an additive recurrence.

    Source: Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods" (1992), section 3.
    """
    steps = [2 ** ((dimension + 1) / (dimensions + 1)) for dimension in range(dimensions)]
    return [[round(n * step % 1, 6) for step in steps] for n in range(1, number + 1)]
