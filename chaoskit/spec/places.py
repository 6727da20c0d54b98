"""Where in an experiment's file its expectations stand, for reports that point at a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.spec.document import Mapping, Sequence, read

if TYPE_CHECKING:
    from pathlib import Path


def expectation_lines(path: Path) -> list[int]:
    """The line of each expectation, in order; empty when the file can't be read any more."""
    root = read(path, [])
    keys = {key.text: value for key, value in root.items} if isinstance(root, Mapping) else {}
    expect = keys.get("expect")
    return [item.line for item in expect.items] if isinstance(expect, Sequence) else []
