"""The rate-based rules of a web ACL are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

# UpdateWebACL replaces all of these: one that is left out is lost (AWS WAFV2 API Reference, UpdateWebACL).
_MUTABLE: Final = (
    "ApplicationConfig",
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DataProtectionConfig",
    "DefaultAction",
    "Description",
    "OnSourceDDoSProtectionConfig",
    "Rules",
    "TokenDomains",
    "VisibilityConfig",
)


@fault(
    "wafv2.remove-rate-rule",
    layer="application",
    attack=("T1686.001",),
    atlas=("AML.T0029", "AML.T0024.002"),
    owasp_ml=("ML05",),
)
class RemoveRateRule(Fault):
    """Remove a web ACL's rate-based rules, so that a model can be queried as fast as it answers.

    Detected by: UpdateWebACL (wafv2.amazonaws.com)

    Attributes:
        name: The web ACL's name.
        id: The web ACL's id.
    """

    name: str
    id: str

    def changes(self, aws: Reader) -> Changes:
        """Write the other rules; undone by writing all of them. An ACL without a rate-based rule is left.

        A web ACL has a new lock token after each update, which an undo must know: whatever token there is
        that was not there before is what the update left.
        """
        where: dict[str, Any] = {"Name": self.name, "Scope": "REGIONAL", "Id": self.id}
        found: dict[str, Any] = aws.read(Query("wafv2", "GetWebACL", where))
        acl = found["WebACL"]
        kept = [rule for rule in acl["Rules"] if "RateBasedStatement" not in rule["Statement"]]
        if len(kept) == len(acl["Rules"]):
            return
        prior = {name: acl[name] for name in _MUTABLE if acl.get(name) not in (None, "")}
        yield Change(
            do=Call(
                "wafv2", "UpdateWebACL", **where, **{**prior, "Rules": kept}, LockToken=found["LockToken"]
            ),
            undo=(
                Each(
                    Query("wafv2", "GetWebACL", where, "[LockToken]"),
                    Call("wafv2", "UpdateWebACL", **where, **prior, LockToken=ITEM),
                ),
            ),
            state=Query("wafv2", "GetWebACL", where, "WebACL.[DefaultAction, Rules]"),
        )
