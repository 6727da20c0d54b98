from __future__ import annotations

import os
import pty

import pytest
from rich.console import Console

from chaoskit.report.progress import Board
from tests.samples import experiment


def test_a_board_whose_terminal_was_closed_ends_quietly() -> None:
    terminal, screen = pty.openpty()
    file = os.fdopen(screen, "w")
    board = Board(Console(file=file, force_terminal=True, width=80), [experiment()])
    board._live.auto_refresh = False  # its thread's own failure is no part of this
    with board:
        os.close(terminal)
    with pytest.raises(OSError, match="Input/output"):  # so it was closed
        file.close()
