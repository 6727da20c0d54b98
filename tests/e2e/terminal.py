"""A real terminal, of tmux: for the tests of the game day's view, and for its picture."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHIN_S = 60.0


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, tmux: str, socket: str) -> None:
        self._tmux = tmux
        self._socket = socket

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(
            [self._tmux, "-L", self._socket, "-f", "/dev/null", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "view", *keys)

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "view")

    @property
    def coloured(self) -> str:
        """The screen with its colours, as ANSI."""
        return self.tmux("capture-pane", "-e", "-p", "-t", "view")

    def shows(self, *texts: str) -> str:
        """Wait until the screen shows all of them."""
        until = time.monotonic() + _WITHIN_S
        while missing := [text for text in texts if text not in (screen := self.screen)]:
            assert time.monotonic() < until, f"{missing} never came:\n{screen}"
            time.sleep(0.1)
        return screen


@contextmanager
def terminal(command: list[str], width: int = 100, height: int = 40) -> Iterator[Terminal]:
    """A command in a terminal of its own, until the block ends."""
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("needs tmux: apt-get install tmux")
    made = Terminal(tmux, f"chaoskit-test-{os.getpid()}")
    # What comes after it shows its exit status, and whether the terminal is as it was.
    after = "echo ended $?; stty -a | tr ' ' '\\n' | grep -x -e icanon -e echo; cat"
    size = ("-x", str(width), "-y", str(height))
    made.tmux("new-session", "-d", "-s", "view", *size, f"{shlex.join(command)}; {after}")
    try:
        yield made
    finally:
        with suppress(subprocess.CalledProcessError):  # it ends with its last terminal
            made.tmux("kill-server")
