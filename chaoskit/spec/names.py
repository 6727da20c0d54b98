"""The names that `${...}` may use when no account has been asked yet."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaoskit.errors import SpecError
from chaoskit.spec.document import Mapping, read

if TYPE_CHECKING:
    from chaoskit.errors import Problem

_TEMPLATE: Final = "workload.yaml"
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def variable_name(output: str) -> str:
    """The variable for a stack output: `TrainingDataBucket` is `training_data_bucket`."""
    return _WORD.sub("_", output).lower()


def known_names() -> dict[str, str]:
    """Every name of the reference workload, standing for itself."""
    names = ["sandbox.account", "sandbox.region", *(f"workload.{name}" for name in _outputs())]
    return {name: f"${{{name}}}" for name in names}


def _outputs() -> list[str]:
    problems: list[Problem] = []
    template = files("chaoskit.sandbox") / "templates" / _TEMPLATE
    root = read(Path(str(template)), problems)
    if problems:
        raise SpecError(problems)
    sections = {key.text: value for key, value in root.items} if isinstance(root, Mapping) else {}
    outputs = sections.get("Outputs")
    return [variable_name(key.text) for key, _ in outputs.items] if isinstance(outputs, Mapping) else []
