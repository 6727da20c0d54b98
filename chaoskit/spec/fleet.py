"""Reading a fleet: its experiments, the accounts they run in, and what ends it early."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import Problem, SpecError
from chaoskit.fleets import MOST_AT_ONCE, Fleet, Roles
from chaoskit.slo import Duration
from chaoskit.spec.builder import built, check_id
from chaoskit.spec.document import Sequence, read
from chaoskit.spec.kinds import FLEET, is_other
from chaoskit.spec.names import known_names
from chaoskit.spec.values import BAD, Bad, Reader, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaoskit.experiment import Experiment
    from chaoskit.spec.document import Node

REQUIRED: Final = ("id", "title", "owner", "region", "experiments")
OPTIONAL: Final = (
    "accounts",
    "unit",
    "canary",
    "concurrency",
    "tolerated",
    "heartbeat",
    "timeout",
    "roles",
    "dead_letters",
)
_TEXTS: Final = ("id", "title", "owner", "dead_letters")
_ROLES: Final = ("inject", "undo", "read")
_ACCOUNT: Final = re.compile(r"\d{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# The API References of AWS Organizations (ListAccountsForParent) and IAM (CreateRole).
_UNIT: Final = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_ROLE: Final = re.compile(r"[\w+=,.@-]{1,64}")
_BOUNDS: Final = {"canary": (0, MOST_AT_ONCE), "concurrency": (1, MOST_AT_ONCE), "tolerated": (0, 100)}
_LEAST_HEARTBEAT_S: Final = 1
_YAML: Final = (".yaml", ".yml")


def load(path: Path) -> Fleet:
    """Read a fleet and the experiments that it names, by files and folders seen from it.

    Raises:
        SpecError: With everything that is wrong in it and in its experiments.
    """
    problems: list[Problem] = []
    root = read(path, problems)
    fleet = _Reading(path, problems).fleet(root) if root is not None else None
    if problems or fleet is None:
        raise SpecError(problems or [Problem(str(path), 1, 1, "this is no fleet")])
    return fleet


class _Reading:
    """Reads one file, noting everything that is wrong with it."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems
        self._read = Reader(str(path), {}, problems)

    def fleet(self, root: Node) -> Fleet | None:
        """The fleet, or None when anything was wrong."""
        if is_other(self._read, root, FLEET):
            return None
        keys = self._read.mapping(root, "a fleet", (*REQUIRED, *OPTIONAL), REQUIRED)
        if isinstance(keys, Bad):
            return None
        readers: dict[str, Callable[[Node], Any]] = {
            "region": lambda node: self._text(node, "region", _REGION, "a region such as us-east-1"),
            "unit": lambda node: self._text(node, "unit", _UNIT, "a unit, ou-..., or the root, r-..."),
            "accounts": self._accounts,
            "experiments": self._experiments,
            "roles": self._roles,
        }
        readers |= {name: self._number(name) for name in _BOUNDS}
        readers |= {name: self._duration(name) for name in ("heartbeat", "timeout")}
        fields: dict[str, Any] = {
            name: self._read.value(node, str, name) for name, node in keys.items() if name in _TEXTS
        }
        fields |= {name: read(keys[name]) for name, read in readers.items() if name in keys}
        check_id(self._read, self._path, keys.get("id"), fields.get("id"))
        if ("accounts" in keys) == ("unit" in keys):
            self._read.say(root, "a fleet names either its accounts or the unit that they are in")
        if any(isinstance(value, Bad) for value in fields.values()) or set(REQUIRED) - set(fields):
            return None
        fleet = Fleet(path=self._path, **fields)
        if fleet.heartbeat >= fleet.timeout:
            self._read.say(keys.get("heartbeat", root), "heartbeat must be shorter than timeout")
        return fleet

    def _text(self, node: Node, what: str, form: re.Pattern[str], words: str) -> Any:
        text = self._read.value(node, str, what)
        if isinstance(text, Bad) or form.fullmatch(text):
            return text
        return self._read.say(node, f"{what} must be {words}, not {shown(text)}")

    def _number(self, name: str) -> Callable[[Node], Any]:
        least, most = _BOUNDS[name]

        def number(node: Node) -> Any:
            value = self._read.value(node, int, name)
            if isinstance(value, Bad) or least <= value <= most:
                return value
            return self._read.say(node, f"{name} must be between {least} and {most}")

        return number

    def _duration(self, name: str) -> Callable[[Node], Any]:
        def duration(node: Node) -> Any:
            value = self._read.value(node, Duration, name)
            if isinstance(value, Bad) or (value >= _LEAST_HEARTBEAT_S and value == int(value)):
                return value
            return self._read.say(node, f"{name} must be a whole number of seconds, 1s or more")

        return duration

    def _accounts(self, node: Node) -> Any:
        accounts = self._read.sequence(
            node, "accounts", lambda item: self._text(item, "an account", _ACCOUNT, "twelve digits")
        )
        if isinstance(accounts, Bad):
            return BAD
        twice = sorted({account for account in accounts if accounts.count(account) > 1})
        if twice:
            return self._read.say(node, f"accounts names {', '.join(twice)} twice")
        return accounts or self._read.say(node, "accounts must name at least one")

    def _roles(self, node: Node) -> Any:
        keys = self._read.mapping(node, "roles", _ROLES)
        if isinstance(keys, Bad):
            return BAD
        values = {
            name: self._text(value, f"roles.{name}", _ROLE, "a role's name") for name, value in keys.items()
        }
        return BAD if any(isinstance(value, Bad) for value in values.values()) else Roles(**values)

    def _experiments(self, node: Node) -> Any:
        found: dict[str, Experiment] = {}
        good = True
        for path, item in self._files(node):
            experiment = built(path, known_names(), self._problems)
            if experiment is None:
                good = False
            elif experiment.id in found and found[experiment.id].path != path:
                self._read.say(item, f"{found[experiment.id].path} has the id {experiment.id} already")
                good = False
            else:
                found[experiment.id] = experiment
        if not found and good:
            return self._read.say(node, "experiments must name at least one file or folder with one")
        return tuple(found.values()) if good else BAD

    def _files(self, node: Node) -> list[tuple[Path, Node]]:
        """The files that are named, each with the node that names it."""
        names = self._read.value(node, tuple[str, ...], "experiments")
        if isinstance(names, Bad) or not isinstance(node, Sequence):
            return []
        files: list[tuple[Path, Node]] = []
        for name, item in zip(names, node.items, strict=True):
            path = self._path.parent / name
            if path.is_dir():
                inside = sorted(each for each in path.rglob("*") if each.suffix in _YAML and each.is_file())
            else:
                inside = [path] if path.is_file() else []
            if not inside:
                self._read.say(item, f"there is no experiment at {shown(name)}, seen from this file")
            files += [(each, item) for each in inside]
        return files
