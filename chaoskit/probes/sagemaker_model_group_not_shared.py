"""Looks whether a model package group is used by its own account only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Probe, probe
from chaoskit.probes._sharing import shared, strangers

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("sagemaker.model-group-not-shared")
class ModelGroupNotShared(Probe):
    """No statement of the group's policy allows anything to another account, or to everyone.

    Attributes:
        group: The model package group's name.
    """

    group: str

    reads = ("sagemaker:DescribeModelPackageGroup", "sagemaker:GetModelPackageGroupPolicy")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy; a group without one is not shared, but one that is not there can't be told."""
        del trace
        where = {"ModelPackageGroupName": self.group}
        # Of both the policy's error is the same.
        aws.read(Query("sagemaker", "DescribeModelPackageGroup", where, "ModelPackageGroupArn"))
        none = ("ValidationException",)
        found = Query("sagemaker", "GetModelPackageGroupPolicy", where, "ResourcePolicy", absent=none)
        return shared(f"model package group {self.group}", strangers(aws.read(found), aws.account), aws)
