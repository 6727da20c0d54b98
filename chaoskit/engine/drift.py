"""What of a resource's state is the fault's, and what somebody else's who changed it meanwhile."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VERB: Final = re.compile(r"[A-Z][a-z]+")
# An undo of these takes back the very thing that was added, whatever else has changed. Any other one
# writes a whole document, and what somebody else has written there with it.
_EXACT: Final = frozenset(
    {
        ("Add", "Remove"),
        ("Associate", "Disassociate"),
        ("Attach", "Detach"),
        ("Authorize", "Revoke"),
        ("Create", "Delete"),
        ("Register", "Deregister"),
        ("Tag", "Untag"),
    }
)
_WRITES: Final = ("Modify", "Put", "Set", "Update")
"""For each of some items, one of these writes a whole document; anything else takes the item out."""
_SHOWN: Final = 300


def is_exact(do: Mapping[str, Any], undo: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every undo step takes back just what `do` added; all in the form of the journal."""
    added = _verb(do)
    return all(
        _verb(step["call"]) not in _WRITES if "each" in step else (added, _verb(step)) in _EXACT
        for step in undo
    )


def is_ours_gone(current: Any, captured: Any, after: Any) -> bool:
    """Whether nothing of the fault's effect is left in the state.

    Args:
        current: The state now.
        captured: Before the fault.
        after: With the fault in; a tuple of one, or empty when it was never seen.
    """
    if current == captured:
        return True
    if not after or not all(isinstance(state, list) for state in (current, captured, after[0])):
        return False
    added = [item for item in after[0] if item not in captured]
    removed = [item for item in captured if item not in after[0]]
    return not any(item in current for item in added) and all(item in current for item in removed)


def difference(current: Any, captured: Any) -> str:
    """What somebody else changed, in words."""
    if isinstance(current, list) and isinstance(captured, list):
        added = [item for item in current if item not in captured]
        removed = [item for item in captured if item not in current]
        parts = [f"added {_text(added)}"] if added else []
        parts += [f"removed {_text(removed)}"] if removed else []
        return " and ".join(parts)
    return f"it is {_text(current)}, before the fault it was {_text(captured)}"


def _verb(call: Mapping[str, Any]) -> str:
    found = _VERB.match(str(call.get("operation", "")))
    return found[0] if found else ""


def _text(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
