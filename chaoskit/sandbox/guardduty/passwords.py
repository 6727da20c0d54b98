"""Whether an account's password policy became weaker: each account's policy, as events tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

_NO_LIMIT = 0
_CLASSES = (
    "requireSymbols",
    "requireNumbers",
    "requireUppercaseCharacters",
    "requireLowercaseCharacters",
)
_LEAST = 6  # UpdateAccountPasswordPolicy's own default; a policy that was never set asks for eight
_UNSET = 8


class PasswordPolicies:
    """The policies of all accounts (IAM User Guide, "Set an account password policy for IAM users")."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def weakened(self, record: Record) -> bool:
        """Take in a successful change and say whether it asks less of passwords than before."""
        account = str(record["recipientAccountId"])
        before = self._known.pop(account, None)
        if record["eventName"] == "DeleteAccountPasswordPolicy":
            return True
        after = self._known[account] = dict(record.get("requestParameters") or {})
        return _strength_lost(before if before is not None else {"minimumPasswordLength": _UNSET}, after)


def _strength_lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    shorter = _length(after) < _length(before)
    simpler = any(before.get(each) and not after.get(each) for each in _CLASSES)
    older = _age(after) > _age(before)
    reusable = int(after.get("passwordReusePrevention") or 0) < int(
        before.get("passwordReusePrevention") or 0
    )
    return shorter or simpler or older or reusable


def _length(policy: Mapping[str, Any]) -> int:
    return int(policy.get("minimumPasswordLength") or _LEAST)


def _age(policy: Mapping[str, Any]) -> float:
    return float(policy.get("maxPasswordAge") or _NO_LIMIT) or float("inf")
