"""Where AWS records the calls of its global services: in one region only, so no other can tell of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.contract import Observation, Trace

_HOME: Final = "us-east-1"
_GLOBAL: Final = frozenset({"cloudfront", "iam", "organizations", "route53"})
_OTHER_PARTITIONS: Final = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")
"""How regions begin of which another one is the home."""


def unrecorded(region: str, services: Iterable[str]) -> str:
    """Why a region's event history and event bus have no call of these services; empty if they may.

    Calls of IAM and CloudFront are recorded in us-east-1, and LookupEvents shows them there only (CloudTrail
    User Guide, "CloudTrail concepts", Global service events), as it does those of Organizations (its User
    Guide, "Logging API calls with AWS CloudTrail for AWS Organizations") and Route 53 (its Developer Guide,
    "Logging Amazon Route 53 API calls with AWS CloudTrail"). Rules work in one region (EventBridge User
    Guide, "Tutorial: Create an Amazon EventBridge rule for AWS CloudTrail API calls"). What a regional
    endpoint of STS gets is recorded in its region ("CloudTrail concepts").

    Args:
        region: Where one looks.
        services: As boto3, CloudTrail (`iam.amazonaws.com`) or EventBridge (`aws.iam`) name them; of some
            that are not global the region may tell.
    """
    names = sorted({name.removeprefix("aws.").partition(".")[0] for name in services})
    if not names or region == _HOME or region.startswith(_OTHER_PARTITIONS) or not _GLOBAL.issuperset(names):
        return ""
    return f"calls of {', '.join(names)} are recorded in {_HOME}, so nothing in {region} tells of them"


def unless_unrecorded(seen: Observation, region: str, trace: Trace) -> Observation:
    """That nothing was seen; unknown where none of the run's calls could have been."""
    why = unrecorded(region, (attempt.call.service for attempt in trace.attempts))
    return replace(seen, holds=None, summary=f"{seen.summary}: {why}") if why else seen
