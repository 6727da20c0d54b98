"""A model package group is shared with a foreign account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._statements import SID, STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.share-model-group", layer="data", attack=("T1537",), atlas=("AML.T0025",), owasp_ml=("ML05",)
)
class ShareModelGroup(Fault):
    """Let an account of one's own describe and deploy the models of a group, which is to steal them.

    Detected by: PutModelPackageGroupPolicy.

    Attributes:
        group: The model package group's name.
        account: The foreign account's id.
    """

    group: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        where = {"ModelPackageGroupName": self.group}
        # The API has one code for all that is wrong, a group without a policy included.
        none = ("ValidationException",)
        text = Query("sagemaker", "GetModelPackageGroupPolicy", where, "ResourcePolicy", absent=none)
        prior: str | None = aws.read(text)
        arn = f"arn:aws:sagemaker:{aws.region}:{aws.account}:model-package"
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": ["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"],
            "Resource": f"{arn}/{self.group}/*",
        }
        yield Change(
            do=Call(
                "sagemaker", "PutModelPackageGroupPolicy", **where, ResourcePolicy=widened(prior, shared)
            ),
            undo=(
                Call("sagemaker", "PutModelPackageGroupPolicy", **where, ResourcePolicy=prior)
                if prior
                else Call("sagemaker", "DeleteModelPackageGroupPolicy", absent_ok=none, **where),
            ),
            state=replace(text, parse_json=True),
        )
