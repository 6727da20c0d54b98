"""The rate-based rules of a web ACL are removed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_COMPUTED: Final = (
    "ARN",
    "Capacity",
    "LabelNamespace",
    "ManagedByFirewallManager",
    "PostProcessFirewallManagerRuleGroups",
    "PreProcessFirewallManagerRuleGroups",
    "RetrofittedByFirewallManager",
)
"""What GetWebACL tells and UpdateWebACL does not take. It replaces all else, so what is left out is lost
(AWS WAFV2 API Reference, "UpdateWebACL": it "completely replaces the mutable specifications")."""
_SETTINGS: Final = f"merge(WebACL, `{json.dumps(dict.fromkeys(_COMPUTED))}`)"
_NO_TEXT: Final = re.compile(r"\\x[89a-f][0-9a-f]")
"""How a byte that is no UTF-8 is read: a state is JSON, which holds text only."""


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

        Raises:
            GuardError: A rule looks for bytes that are no text, so it could not be written back.
        """
        where: dict[str, Any] = {"Name": self.name, "Scope": "REGIONAL", "Id": self.id}
        found: dict[str, Any] = aws.read(Query("wafv2", "GetWebACL", where))
        acl = found["WebACL"]
        kept = [rule for rule in acl["Rules"] if "RateBasedStatement" not in rule["Statement"]]
        if len(kept) == len(acl["Rules"]):
            return
        if any(_NO_TEXT.search(text) for text in _searched(acl["Rules"])):
            raise GuardError(
                f"A rule of the web ACL {self.name} looks for bytes that are no UTF-8 text (SearchString), "
                "which could not be written back as they are: name a web ACL without such a rule"
            )
        # Empty means absent, which UpdateWebACL does not take in that form.
        prior = {
            name: value
            for name, value in acl.items()
            if name not in (*_COMPUTED, *where) and value not in (None, "", [], {})
        }
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
            state=Query("wafv2", "GetWebACL", where, _SETTINGS),
        )


def _searched(rules: Any) -> Iterator[str]:
    """What byte-match statements look for, at any depth."""
    match rules:
        case {"SearchString": str(text)}:
            yield text
        case dict():
            for inner in rules.values():
                yield from _searched(inner)
        case list():
            for inner in rules:
                yield from _searched(inner)
