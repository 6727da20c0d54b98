"""A thing of a network loses the tag that guardrails know it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("ec2.strip-tag", layer="network", attack=("T1686.001", "T1578"), owasp_ml=("ML05",))
class StripTag(Fault):
    """Take a tag off a subnet, a security group or the like, as who wants to change it unhindered next would.

    Where `aws:ResourceTag` decides, what has lost its tag is nobody's to guard.

    Detected by: CloudTrail DeleteTags.

    Attributes:
        resource: The id, e.g. of a subnet. One without the tag is left alone.
        key: The tag's key.
    """

    resource: str
    key: str = "tier"

    def changes(self, aws: Reader) -> Changes:
        """Take it off; undone by the tag with the value that it had."""
        named = [{"Name": "resource-id", "Values": [self.resource]}]
        value = Query("ec2", "DescribeTags", {"Filters": named}, f"Tags[?Key=='{self.key}'].Value")
        found: list[str] = aws.read(value) or []
        if not found:
            return
        which: dict[str, Any] = {"Resources": [self.resource]}
        yield Change(
            do=Call("ec2", "DeleteTags", **which, Tags=[{"Key": self.key}]),
            undo=(Call("ec2", "CreateTags", **which, Tags=[{"Key": self.key, "Value": found[0]}]),),
            state=value,
        )
