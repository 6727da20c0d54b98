"""The terminal that commands write to."""

from __future__ import annotations

from rich.console import Console


def plain_console(*, stderr: bool = False, piped: int | None = None) -> Console:
    """What is told is written as it is: the `:secret:` of an ARN is no emoji.

    Args:
        stderr: Write to standard error.
        piped: The width in columns where that is no terminal, of which nobody can ask it.
    """
    console = Console(stderr=stderr, emoji=False)
    if piped and not console.is_terminal:
        console.width = piped
    return console
