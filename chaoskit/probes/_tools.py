"""Runs scanners that are not chaoskit's, as the run itself: processes of their own, installed on their own.

They pin other versions of what chaoskit uses, so they are found on the PATH, or where a variable says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Lender
from chaoskit.contract import Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_WITHIN_S = 300.0
_SAID = 400
_TELLING = re.compile(r"not authorized|\w(Error|Exception)\b.*:")


@dataclass(frozen=True, slots=True)
class Tool:
    """A command-line tool.

    Attributes:
        name: What it is called on the PATH.
        variable: The environment variable that says where it is instead.
        install: How to get it.
    """

    name: str
    variable: str
    install: str

    @property
    def path(self) -> str | None:
        """Where it is, or None."""
        told = os.environ.get(self.variable)
        return shutil.which(told or self.name)

    def ready(self, *files: str) -> Observation:
        """Whether it can be run, and what it is to read is there."""
        if self.path is None:
            said = f"{self.name} is not on the PATH: {self.install}, or say where it is in {self.variable}"
            return Observation(holds=False, summary=said)
        missing = [file for file in files if not Path(file).is_file()]
        if missing:
            return Observation(holds=False, summary=f"there is no file {missing[0]}")
        return Observation(holds=True, summary=f"{self.name} is installed")

    def run(self, arguments: Sequence[str], aws: Reader) -> tuple[int, str]:
        """Its exit code, and what it said in a line; none of this process's own AWS settings reach it."""
        if self.path is None:
            return -1, self.ready().summary
        if not isinstance(aws, Lender):
            return -1, "nothing is run while a run is planned"
        environment = aws.environment()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        try:
            done = subprocess.run(  # noqa: S603 - the tool that the person who wrote the experiment asked for
                [self.path, *arguments],
                env={**kept, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1, f"it did not end within {_WITHIN_S:.0f} s"
        except OSError as error:
            return -1, error.strerror or "it could not be started"
        return done.returncode, _telling(done.stdout.decode(errors="replace"))


def _telling(output: str) -> str:
    """The line that says what is wrong: the last that names an error, or else the last."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _TELLING.search(line)), "".join(lines[-1:]))[-_SAID:]


def judged(
    scanner: str, resource: str, found: Mapping[str, Any] | None, trace: Trace, kinds: Iterable[str] = ()
) -> Observation:
    """What a scanner's finding about a resource proves of a run.

    A scanner looks at the account as it is now, so a finding of what a call of the run changed stems from
    it. Before any call, what is found already is said to be reported: the scanner could then prove nothing.

    Args:
        scanner: Who says it, for people.
        resource: The resource's name, id or ARN.
        found: The finding as evidence; None when there is none.
        trace: What the run has done.
        kinds: What was looked for, for people.
    """
    what = " ".join(("", *kinds)).rstrip()
    if found is None:
        return Observation(holds=False, summary=f"{scanner} has nothing to report of {resource}{what}")
    ends = {resource, *(resource.rpartition(mark)[2] for mark in (":::", "/", ":"))}
    calls = [
        one
        for one in trace.attempts
        if one.outcome == "applied" and any(name in ends or _end(name) in ends for name in one.touched())
    ]
    if trace.attempts and not calls:
        return Observation(
            holds=False, summary=f"{scanner} reports {resource}{what}, which no call of this run touched"
        )
    return Observation(
        holds=True,
        summary=f"{scanner} reports {resource}{what}",
        evidence={**found, "tied_by": "resource and time" if calls else "no call of this run"},
        cause=calls[-1].at if calls else None,
        final=True,
    )


def _end(name: str) -> str:
    return name.rpartition("/")[2]
