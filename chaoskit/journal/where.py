"""Which journal: a file of this machine, or the table that a URL names.

`dynamodb:TABLE?region=us-east-1&profile=NAME&endpoint=URL&account=444455556666`; all but the table may be
left out. Without a profile it is reached as any AWS tool reaches AWS; with an account only what is open there
is shown. `CHAOSKIT_JOURNAL` names the one that commands use when they are told none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from chaoskit.errors import JournalError
from chaoskit.home import journal_path, journals, named_journal
from chaoskit.journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chaoskit.journal.port import Journal

Where = Path | str
"""The file of a SQLite journal, or a URL."""
_SCHEME: Final = "dynamodb"
_SAID: Final = ("region", "profile", "endpoint", "account")


def this_journal() -> Where:
    """The journal that runs are recorded in: the one that is named, or this user's own."""
    return named_journal() or journal_path()


def every_journal() -> list[Where]:
    """Every journal of this user, and the one that is named, once each.

    A named file that is not there yet has nothing open; it is made by the first run.
    """
    named, own = named_journal(), journals()
    if named is None:
        return [*own]
    if not _is_file(named):
        return [*own, named]
    file = Path(named)
    known = _real(file) in map(_real, own)
    return [*own] if known or not _is_there(file) else [*own, file]


def open_journal(where: Where, *, readonly: bool = False) -> AbstractContextManager[Journal]:
    """Open a journal.

    Raises:
        JournalError: It can't be used, or the URL is wrong; `JournalBusyError` when another process writes.
    """
    if _is_file(where):
        return SqliteJournal(_real(where), readonly=readonly)
    from chaoskit.aws import Connection, default_region  # noqa: PLC0415 - most commands need no AWS yet
    from chaoskit.journal.dynamodb import DynamoJournal  # noqa: PLC0415 - as above

    table, said = _read(str(where))
    region = said.get("region") or default_region(said.get("profile"))
    if region is None:
        raise JournalError(f"The journal {where} names no region: add ?region=us-east-1, or set AWS_REGION.")
    connection = Connection(region, endpoint_url=said.get("endpoint"), profile=said.get("profile"))
    return DynamoJournal(table, connection, account=said.get("account"), readonly=readonly)


def _is_file(where: Where) -> bool:
    return isinstance(where, Path) or not where.startswith(f"{_SCHEME}:")


def _real(file: Where) -> Path:
    """Without links, for the lock lies beside the file itself. `Path.resolve` fails at links in a circle."""
    return Path(os.path.realpath(file))


def _is_there(file: Path) -> bool:
    """Whether it is, or nobody can tell: then opening it says why."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _read(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(said) - set(_SAID))
    if not parts.path or parts.netloc or parts.fragment or unknown or not all(said.values()):
        raise JournalError(
            f"{url} names no journal{f' ({unknown[0]} means nothing)' if unknown else ''}: write "
            "dynamodb:TABLE?region=us-east-1, with profile, endpoint and account if they are needed."
        )
    return parts.path, said
