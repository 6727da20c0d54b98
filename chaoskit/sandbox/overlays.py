"""Well-known anti-patterns, as overlays of the reference workload's templates.

`templates/profiles/<name>.yaml` holds, by template, what that profile has otherwise: mappings are merged,
lists and values replaced, and what is null is left out. The result is deployed by the same code as the
untouched workload, so an experiment runs against either.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import yaml

from chaoskit.sandbox.cfn.template import TemplateLoader
from chaoskit.sandbox.deployment import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROFILES: Final = resources.files("chaoskit.sandbox") / "templates" / "profiles"
_WORDS: Final = "description"


def names() -> list[str]:
    """The profiles that there are."""
    return sorted(
        each.name.removesuffix(".yaml") for each in _PROFILES.iterdir() if each.name.endswith(".yaml")
    )


def read(profile: str) -> Mapping[str, Any]:
    """What a profile has otherwise, by the template's file name.

    Raises:
        DeploymentError: There is no such profile.
    """
    if profile not in names():
        raise DeploymentError(f"there is no profile {profile}: there are {', '.join(names())}")
    text = (_PROFILES / f"{profile}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=TemplateLoader)  # noqa: S506 - it is a SafeLoader
    return {file: changes for file, changes in found.items() if file != _WORDS}


def applied(text: str, changes: Mapping[str, Any]) -> str:
    """A template's text with a profile's changes, as JSON."""
    template = yaml.load(text, Loader=TemplateLoader)  # noqa: S506 - it is a SafeLoader
    return json.dumps(_merged(template, changes), indent=1)


def _merged(value: Any, changes: Any) -> Any:
    if not (isinstance(value, dict) and isinstance(changes, dict)) or _is_function(changes):
        return changes
    made = dict(value)
    for name, change in changes.items():
        if change is None:
            made.pop(name, None)
        else:
            made[name] = _merged(value.get(name), change)
    return made


def _is_function(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is a CloudFormation function, which replaces what it stands for."""
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
