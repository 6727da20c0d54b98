"""What the earlier changes of an experiment will have altered by the time a later one is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chaoskit.permissions.arns import access_levels
from chaoskit.predict.documents import Document, placeholder, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaoskit.permissions import Requirement
    from chaoskit.predict.callers import Planned

# They decide who may do what, though the Service Authorization Reference calls them plain writes.
_ALSO: Final = frozenset(
    {
        "ec2:ModifyVpcEndpoint",
        "iam:AddUserToGroup",
        "iam:RemoveUserFromGroup",
        "s3:PutBucketOwnershipControls",
        "iam:CreatePolicyVersion",
    }
)
_ALTERING: Final = frozenset({"Permissions management", "Tagging"})
_CREATES: Final = {"CreateRole": "role", "CreateUser": "user", "CreateGroup": "group"}


@dataclass(slots=True)
class Effects:
    """The permissions that changes before this one may have altered.

    Attributes:
        created: The ARNs of roles, users and groups that will be there then, by kind and name.
        happened: They are taken for facts, since it is their undo that is asked about.
    """

    created: dict[tuple[str, str], str] = field(default_factory=dict)
    happened: bool = False
    _altered: dict[str, list[Document]] = field(default_factory=dict)
    _replaced: dict[str, Document] = field(default_factory=dict)
    _gates: set[str] = field(default_factory=set)

    def take(self, call: Planned, needed: Sequence[Requirement]) -> None:
        """Count in a change that is not surely stopped."""
        own = [each for each in needed if each.keys is None and each.action == needed[0].action]
        for each in own:
            kind = _CREATES.get(call.operation) if call.service == "iam" else None
            if kind:
                self.created[kind, str(call.params.get(f"{kind.title()}Name"))] = each.resource
            if not (access_levels(each.action) & _ALTERING or each.action in _ALSO):
                continue
            words = f"what {call.service}:{call.operation} changes before"
            policy = call.params.get("Policy")
            match each.action:
                case "s3:PutBucketPolicy" if isinstance(policy, str) and not placeholder(policy):
                    self._replaced[each.resource] = Document(each.resource, policy)
                case "s3:PutBucketAcl" | "s3:PutObjectAcl":
                    self._alter(each.resource, unknown(words, allows_only=True))
                case _:
                    self._alter(each.resource, unknown(words))
                    self._gates.add(each.resource)

    def replacement(self, bucket_arn: str) -> Document | None:
        """The bucket policy that an earlier change puts, unless something comes between."""
        return self._replaced.get(bucket_arn)

    def on(self, arns: Iterable[str]) -> tuple[Document, ...]:
        """What may bear on a decision that reads these resources' policies, besides what they are now."""
        return tuple(document for arn in arns for document in self._altered.get(arn, ()))

    def open_gates(self, bucket_arn: str) -> bool:
        """Whether S3's own gates at a bucket may be others by then."""
        return bucket_arn in self._gates

    def _alter(self, arn: str, document: Document) -> None:
        self._altered.setdefault(arn, []).append(document)
