"""What a file is meant as, by its keys: one that is given to another's reader is told who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.spec.document import Mapping

if TYPE_CHECKING:
    from chaoskit.spec.document import Node
    from chaoskit.spec.values import Reader

EXPERIMENT: Final = "faults"
GAME_DAY: Final = "injects"
FLEET: Final = "experiments"
_READ_BY: Final = {
    EXPERIMENT: ("an experiment", "chaoskit run"),
    GAME_DAY: ("a game day", "chaoskit gameday run"),
    FLEET: ("a fleet", "chaoskit fleet run"),
}
"""By the key that only files of a kind have: what it is, and the command for it."""


def is_other(read: Reader, root: Node, own: str) -> bool:
    """Whether a file is of another kind than its reader's; then that is all that is said of it."""
    keys = {key.text for key, _ in root.items} if isinstance(root, Mapping) else set[str]()
    other = next((kind for key, kind in _READ_BY.items() if key in keys), None)
    if other is None or own in keys:
        return False
    what, command = other
    read.say(root, f"this is {what}: {command} {read.path}")
    return True
