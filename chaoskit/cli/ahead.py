"""What would keep reports from being written or told, found before anything is injected."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from chaoskit.errors import ChaoskitError
from chaoskit.report.html import environment
from chaoskit.report.publish import check

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_reports(options: Mapping[str, Any]) -> None:
    """See to it that what is asked for can be had: files, extras and webhooks.

    Args:
        options: The parameters of `chaoskit.cli.reporting.report_options`, or those of them that there are.

    Raises:
        click.UsageError: Something can't.
    """
    for name, file in options.items():
        if file and name.endswith("_file"):
            check_file(file)
    try:
        if options.get("html_file"):
            environment(Path())  # jinja2 is an extra
        check(options.get("publish", ()))
    except ChaoskitError as error:
        raise click.UsageError(f"{error} Nothing was run.") from error


def check_file(file: Path, *, folders_are_made: bool = True) -> None:
    """See to it that a file can be written, without leaving a trace.

    Args:
        file: Where.
        folders_are_made: Its folder may be missing, as what writes it makes one.

    Raises:
        click.UsageError: It can't.
    """
    try:
        if file.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        if file.exists() and not file.is_file():  # /dev/stdout
            if not os.access(file, os.W_OK):
                raise PermissionError(None, "Permission denied")
            return
        folder = Path(os.path.realpath(file)).parent
        while folders_are_made and not folder.exists():
            folder = folder.parent
        with TemporaryFile(dir=folder):  # permissions alone do not tell: the disk may be read-only
            pass
    except OSError as error:
        raise click.UsageError(f"{file} can't be written: {error.strerror}. Nothing was run.") from error
