"""The names that `${...}` may use when no account has been asked yet."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES: Final = "workload"  # workload.yaml, and workload-<layer>.yaml
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Not read as YAML: that takes a second for all templates, and every `validate` would pay it.
_OUTPUTS: Final = re.compile(r"^Outputs:\n((?:(?:[ #].*)?\n)*(?: .*)?)", re.MULTILINE)
_NAME: Final = re.compile(r"^  (\w+):", re.MULTILINE)


def variable_name(output: str) -> str:
    """The variable for a stack output: `TrainingDataBucket` is `training_data_bucket`."""
    return _WORD.sub("_", output).lower()


def known_names() -> dict[str, str]:
    """Every name of the reference workload, standing for itself."""
    names = ["sandbox.account", "sandbox.region", *(f"workload.{name}" for name in _outputs())]
    return {name: f"${{{name}}}" for name in names}


def _outputs() -> Iterator[str]:
    for file in (files("chaoskit.sandbox") / "templates").iterdir():
        if file.name.startswith(_TEMPLATES) and file.name.endswith(".yaml"):
            section = _OUTPUTS.search(file.read_text(encoding="utf-8"))
            yield from map(variable_name, _NAME.findall(section[1]) if section else ())
