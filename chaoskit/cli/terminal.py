"""The terminal that commands write to."""

from __future__ import annotations

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """What is told is written as it is: the `:secret:` of an ARN is no emoji."""
    return Console(stderr=stderr, emoji=False)
