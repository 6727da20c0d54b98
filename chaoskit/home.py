"""Where chaoskit keeps its files between runs."""

from __future__ import annotations

import os
from contextlib import suppress
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


def named_journal() -> str | None:
    """The journal that CHAOSKIT_JOURNAL names: a file, or a URL (see `chaoskit.journal.where`)."""
    return os.environ.get("CHAOSKIT_JOURNAL") or None


def journals() -> list[Path]:
    """The files of all of this user's journals."""
    return sorted(home().glob("journal*.sqlite"))


def heartbeat_path() -> Path:
    """The file that says when scheduled runs were last looked after."""
    return home() / "heartbeat.json"


def gamedays_folder() -> Path:
    """The folder of the records of game days."""
    return home() / "gamedays"


def replace_private(path: Path, text: str) -> None:
    """Write a file for its owner only; a reader never sees half of it.

    Raises:
        OSError: It can't be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.part")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except (OSError, ValueError):
        with suppress(OSError):  # what was written of it helps nobody
            fresh.unlink()
        raise


def history_path() -> Path:
    """The file of earlier runs' results."""
    return home() / "history.sqlite"
