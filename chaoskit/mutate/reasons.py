"""Why some controls may survive: `survivors.toml`, written by people.

```toml
[survivors]                     # kind:name of a control, or a pattern with * and ?
"bucket-policy:*/DenyPlainHttp" = "Plain HTTP can't be spoken to the sandbox."

[experiments]                   # experiments that may stand on no control
"read-only-drill" = "It only measures."
```
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import Problem, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE: Final = "survivors.toml"


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is written.

    Attributes:
        survivors: The reason by control, or pattern of controls.
        experiments: The reason by experiment.
        path: Where; None when nothing is.
    """

    survivors: Mapping[str, str] = field(default_factory=dict)
    experiments: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @classmethod
    def near(cls, paths: Iterable[Path]) -> Reasons:
        """From the `survivors.toml` that is nearest to these files and folders, in them or above.

        Raises:
            SpecError: It can't be understood.
        """
        for path in paths:
            for folder in (path, *path.parents):
                if (folder / FILE).is_file():
                    return cls.read(folder / FILE)
        return cls()

    @classmethod
    def read(cls, path: Path) -> Reasons:
        """From a file.

        Raises:
            SpecError: It can't be understood.
        """
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SpecError([Problem(str(path), 1, 1, f"can't be read: {error}")]) from error
        unknown = sorted(set(document) - {"survivors", "experiments"})
        if unknown:
            told = f"there is no [{unknown[0]}]: known are [survivors] and [experiments]"
            raise SpecError([Problem(str(path), 1, 1, told)])
        return cls(_table(path, document, "survivors"), _table(path, document, "experiments"), path)

    def of(self, control: str) -> str | None:
        """The reason of a control, or None."""
        return next((why for name, why in self.survivors.items() if fnmatchcase(control, name)), None)

    def needless(self, killed: Iterable[str], survivors: Iterable[str]) -> list[str]:
        """Which names and patterns excuse killed controls only, and so can go."""
        gone, left = list(killed), list(survivors)
        return [
            name
            for name in self.survivors
            if any(fnmatchcase(each, name) for each in gone)
            and not any(fnmatchcase(each, name) for each in left)
        ]

    def check(self, controls: Iterable[str]) -> None:
        """What is excused must exist, else a renamed control would lose its experiment unnoticed.

        Args:
            controls: Those of the account. Experiments are looked for beside the file, as a person may run
                some of them only.

        Raises:
            SpecError: Something does not.
        """
        if self.path is None:
            return
        known, beside = list(controls), {each.stem for each in self.path.parent.rglob("*.yaml")}
        strange = [name for name in self.survivors if not any(fnmatchcase(each, name) for each in known)]
        strange += [name for name in self.experiments if name not in beside]
        if strange:
            told = "there is no {} in the account or beside this file"
            raise SpecError(
                [Problem(str(self.path), self._line(name), 1, told.format(name)) for name in strange]
            )

    def _line(self, name: str) -> int:
        lines = self.path.read_text("utf-8").splitlines() if self.path else []
        return next((number for number, line in enumerate(lines, 1) if name in line), 1)


def _table(path: Path, document: Mapping[str, Any], name: str) -> dict[str, str]:
    table = document.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(v, str) and v.strip() for v in table.values()):
        raise SpecError([Problem(str(path), 1, 1, f'[{name}] is a table of "name" = "reason"')])
    return table
