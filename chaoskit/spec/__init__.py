"""The only YAML reader: experiment files in, experiments out, or everything that is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.errors import Problem, SpecError
from chaoskit.spec.builder import built
from chaoskit.spec.names import known_names
from chaoskit.spec.python import fault, filled, probe
from chaoskit.spec.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as MappingType
    from pathlib import Path

    from chaoskit.experiment import Experiment

__all__ = ["fault", "files", "filled", "known_names", "load", "probe"]

_ENDINGS: Final = (".yaml", ".yml")


def files(paths: Iterable[Path]) -> list[Path]:
    """The experiment files that these files and folders name, each once, in order.

    Raises:
        SpecError: A path does not exist, or a folder holds none.
    """
    found: dict[Path, Path] = {}
    problems = []
    for path in paths:
        try:
            inside = _inside(path)
        except OSError as error:
            problems.append(Problem(shown(str(path)), 1, 1, f"the path can't be used: {error.strerror}"))
        else:
            for file in inside:
                found.setdefault(file.absolute(), file)
            if not inside:
                nothing = "this folder holds no .yaml file" if path.is_dir() else "there is no such file"
                problems.append(Problem(str(path), 1, 1, nothing))
    if problems:
        raise SpecError(problems)
    return list(found.values())


def load(paths: Iterable[Path], variables: MappingType[str, str] | None = None) -> list[Experiment]:
    """Read experiments.

    Args:
        paths: Files, and folders that are searched for them.
        variables: What `${...}` stand for, e.g. `sandbox.account`. Without it only the names are
            checked: each stands for itself.

    Raises:
        SpecError: With everything that is wrong in any of the files.
    """
    variables = known_names() if variables is None else variables
    problems: list[Problem] = []
    experiments: list[Experiment] = []
    for path in files(paths):
        experiment = built(path, variables, problems)
        experiments += [experiment] if experiment else []
    problems += _same_ids(experiments)
    if problems:
        raise SpecError(problems)
    return experiments


def _inside(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
    return [path] if path.exists() else []


def _same_ids(experiments: list[Experiment]) -> list[Problem]:
    first: dict[str, Path] = {}
    for experiment in experiments:
        first.setdefault(experiment.id, experiment.path)
    return [
        Problem(str(e.path), 1, 1, f"{first[e.id]} has the id {e.id} already")
        for e in experiments
        if first[e.id] is not e.path
    ]
