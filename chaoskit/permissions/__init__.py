"""What a call needs permission for: its actions, the resources they act on, and their condition keys.

A pure library: the embedded sandbox's gateway decides real calls by it, `chaoskit predict` and
`chaoskit policy harness` planned ones. What only the account knows is asked through `Account`.
"""

from chaoskit.permissions.call import Account, Call, Caller, Unseen
from chaoskit.permissions.requirement import Requirement
from chaoskit.permissions.requirements import requirements

__all__ = ["Account", "Call", "Caller", "Requirement", "Unseen", "requirements"]
