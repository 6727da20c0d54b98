"""A model package group is shared with a foreign account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitShare"
_NONE: Final = ("ValidationException",)  # SageMaker's word for a policy that is not there


@fault(
    "sagemaker.share-model-group",
    layer="data",
    attack=("T1537",),
    atlas=("AML.T0025", "AML.T0048.004"),
    owasp_ml=("ML05",),
)
class ShareModelGroup(Fault):
    """Let a foreign account read and deploy the models of a package group: theft without a copy.

    Detected by: CloudTrail PutModelPackageGroupPolicy.

    Attributes:
        group: The model package group's name.
        account: The foreign account's id. On AWS it must exist.
    """

    group: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        where: dict[str, Any] = {"ModelPackageGroupName": self.group}
        text = Query("sagemaker", "GetModelPackageGroupPolicy", where, "ResourcePolicy", absent=_NONE)
        prior: str | None = aws.read(text)
        arn = f"arn:aws:sagemaker:{aws.region}:{aws.account}"
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": [
                "sagemaker:CreateModel",
                "sagemaker:DescribeModelPackage",
                "sagemaker:ListModelPackages",
            ],
            "Resource": [
                f"{arn}:model-package-group/{self.group}",
                f"{arn}:model-package/{self.group}/*",
            ],
        }
        document = widened(prior, shared)
        if document is None:
            return
        put = "PutModelPackageGroupPolicy"
        yield Change(
            do=Call("sagemaker", put, **where, ResourcePolicy=document),
            undo=(
                Call("sagemaker", put, **where, ResourcePolicy=prior)
                if prior
                else Call("sagemaker", "DeleteModelPackageGroupPolicy", absent_ok=_NONE, **where),
            ),
            state=replace(text, parse_json=True),
        )
