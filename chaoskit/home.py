"""Where chaoskit keeps its files between runs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_path


def home() -> Path:
    """The folder of the journal and the sandboxes: CHAOSKIT_HOME, or the user's state folder."""
    named = os.environ.get("CHAOSKIT_HOME")
    return Path(named) if named else user_state_path("chaoskit")


def journal_path() -> Path:
    """The journal's file. Each worker of pytest-xdist has its own, for one process writes at a time."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return home() / (f"journal-{worker}.sqlite" if worker else "journal.sqlite")


def journals() -> list[Path]:
    """Every journal there is."""
    return sorted(home().glob("journal*.sqlite"))


def heartbeat_path() -> Path:
    """The file that says when scheduled runs were last looked after."""
    return home() / "heartbeat.json"


def history_path() -> Path:
    """The file of earlier runs' results."""
    return home() / "history.sqlite"
