"""Reading a game day: its experiments, their timing, who takes part, and what ends it early."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from chaoskit.contract import PROBES
from chaoskit.errors import Problem, SpecError
from chaoskit.gamedays import ROLES, Abort, GameDay, Inject, guarded
from chaoskit.slo import Duration
from chaoskit.spec.builder import built, check_id
from chaoskit.spec.document import Scalar, Sequence, read
from chaoskit.spec.elements import element
from chaoskit.spec.kinds import GAME_DAY, is_other
from chaoskit.spec.names import known_names
from chaoskit.spec.values import BAD, Bad, Reader, one_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.experiment import Experiment
    from chaoskit.spec.document import Node

FOLDER: Final = "gamedays"
"""What lies in a folder of this name is read as a game day."""
REQUIRED: Final = ("id", "title", "max_duration", "roles", "injects")
OPTIONAL: Final = ("objective", "blind", "abort")
_TEXTS: Final = ("id", "title", "objective")
INJECT: Final = ("experiment", "at", "pause", "brief")
_ABORT: Final = ("verdicts", "conditions", "people")
_EXPERIMENTS: Final = "experiments"
_YAML: Final = ".yaml"
_MARK: Final = re.compile(rb"^injects[ \t]*:", re.MULTILINE)
Word = Literal["FAILED", "ABORTED", "INCONCLUSIVE", "ERROR"]


def is_gameday(path: Path) -> bool:
    """Whether a file is meant as a game day: by its folder, or by its injects."""
    try:
        # To open a pipe is to wait for its writer.
        inside = path.absolute().parent.name == FOLDER
        return inside or (path.is_file() and bool(_MARK.search(path.read_bytes())))
    except OSError:  # who reads it for good says what is wrong
        return False


def load(path: Path, variables: Mapping[str, str] | None = None) -> GameDay:
    """Read a game day and the experiments that it names.

    An experiment is named by its id, and searched for in the nearest folder `experiments` above the file; or
    by its path, seen from the file.

    Args:
        path: The file.
        variables: What `${...}` stand for; without it only the names are checked.

    Raises:
        SpecError: With everything that is wrong in it and in its experiments.
    """
    problems: list[Problem] = []
    variables = known_names() if variables is None else variables
    root = read(path, problems)
    reading = _Reading(path, Reader(str(path), variables, problems), variables, problems)
    day = reading.day(root) if root is not None else None
    if problems or day is None:
        raise SpecError(problems or [Problem(str(path), 1, 1, "this is no game day")])
    return day


class _Reading:
    """Reads one file, noting everything that is wrong with it."""

    def __init__(
        self, path: Path, reader: Reader, variables: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self._path = path
        self._read = reader
        self._variables = variables
        self._problems = problems
        self._found: dict[Path, Experiment | None] = {}

    def day(self, root: Node) -> GameDay | None:
        """The game day, or None when anything was wrong."""
        if is_other(self._read, root, GAME_DAY):
            return None
        keys = self._read.mapping(root, "a game day", (*REQUIRED, *OPTIONAL), REQUIRED)
        if isinstance(keys, Bad):
            return None
        readers: dict[str, Callable[[Node], Any]] = {
            "max_duration": lambda node: self._read.value(node, Duration, "max_duration"),
            "blind": lambda node: self._read.value(node, bool, "blind"),
            "roles": self._roles,
            "abort": self._abort,
        }
        fields: dict[str, Any] = {
            name: self._read.value(node, str, name) for name, node in keys.items() if name in _TEXTS
        }
        fields |= {name: read(keys[name]) for name, read in readers.items() if name in keys}
        abort = fields.get("abort", Abort())
        if "injects" in keys:
            fields["injects"] = self._injects(keys["injects"], abort if isinstance(abort, Abort) else Abort())
            self._check_times(keys["injects"], fields)
        check_id(self._read, self._path, keys.get("id"), fields.get("id"))
        if any(isinstance(value, Bad) for value in fields.values()) or set(REQUIRED) - set(fields):
            return None
        return GameDay(path=self._path, **fields)

    def _roles(self, node: Node) -> Any:
        keys = self._read.mapping(node, "roles", ROLES, ROLES[:1])
        if isinstance(keys, Bad):
            return BAD
        values = {name: self._people(value, f"roles.{name}") for name, value in keys.items()}
        return BAD if any(isinstance(value, Bad) for value in values.values()) else values

    def _people(self, node: Node, what: str) -> Any:
        """One name, or a list of them."""
        if isinstance(node, Scalar):
            name = self._read.value(node, str, what)
            return BAD if isinstance(name, Bad) else (name,)
        names = self._read.value(node, tuple[str, ...], what)
        return names or self._read.say(node, f"{what} must name at least one")

    def _abort(self, node: Node) -> Any:
        keys = self._read.mapping(node, "abort", _ABORT)
        if isinstance(keys, Bad):
            return BAD
        readers: dict[str, Callable[[Node], Any]] = {
            "verdicts": lambda each: self._read.value(each, tuple[Word, ...], "abort.verdicts"),
            "conditions": lambda each: self._read.sequence(
                each, "abort.conditions", lambda item: element(self._read, item, PROBES, "probe")
            ),
            "people": lambda each: self._read.value(each, tuple[str, ...], "abort.people"),
        }
        values = {name: readers[name](value) for name, value in keys.items()}
        if any(isinstance(value, Bad) for value in values.values()):
            return BAD
        return Abort(**values)

    def _injects(self, node: Node, abort: Abort) -> Any:
        injects = self._read.sequence(node, "injects", lambda item: self._inject(item, abort))
        return injects or self._read.say(node, "injects must name at least one experiment")

    def _inject(self, node: Node, abort: Abort) -> Any:
        if isinstance(node, Scalar):  # `- an-experiment`
            found = self._experiment(node)
            return BAD if isinstance(found, Bad) else Inject(guarded(found, abort))
        keys = self._read.mapping(node, "an inject", INJECT, INJECT[:1])
        if isinstance(keys, Bad) or "experiment" not in keys:
            return BAD
        kinds = {"at": Duration, "pause": bool, "brief": str}
        values: dict[str, Any] = {
            name: self._read.value(keys[name], kind, name) for name, kind in kinds.items() if name in keys
        }
        found = self._experiment(keys["experiment"])
        if isinstance(found, Bad) or any(isinstance(value, Bad) for value in values.values()):
            return BAD
        return Inject(guarded(found, abort), **values)

    def _experiment(self, node: Node) -> Any:
        name = self._read.value(node, str, "experiment")
        if isinstance(name, Bad):
            return BAD
        here = self._path.absolute().parent
        if Path(name).suffix in (_YAML, ".yml"):
            if not (here / name).is_file():
                return self._read.say(node, f"there is no file {shown(name)} beside this one")
            path = here / name
        else:
            folder = next((p / _EXPERIMENTS for p in here.parents if (p / _EXPERIMENTS).is_dir()), None)
            if folder is None:
                return self._read.say(
                    node, f"there is no folder {_EXPERIMENTS} above this file: name {shown(name)} by its path"
                )
            known = {file.stem: file for file in sorted(folder.rglob(f"*{_YAML}"))}
            if name not in known:
                return self._read.say(node, f"there is no experiment {shown(name)}{one_of(name, known)}")
            path = known[name]
        return self._built(path)

    def _built(self, path: Path) -> Any:
        """The experiment of a file; what is wrong there is said once, however often it is played."""
        if path not in self._found:
            self._found[path] = built(path, self._variables, self._problems)
        return self._found[path] or BAD

    def _check_times(self, node: Node, fields: dict[str, Any]) -> None:
        injects, longest = fields["injects"], fields.get("max_duration")
        if isinstance(injects, Bad) or not isinstance(longest, Duration) or not isinstance(node, Sequence):
            return
        before = Duration(0)
        for item, inject in zip(node.items, injects, strict=True):
            name = inject.experiment.id
            if inject.at < before:
                self._read.say(item, f"{name} is at {inject.at}, before the inject above it at {before}")
            elif inject.at > longest:
                self._read.say(item, f"{name} is at {inject.at}, after max_duration {longest}")
            before = inject.at
