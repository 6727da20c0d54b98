"""The pytest plug-in: experiment files as test items.

`pytest experiments/` validates every YAML below a folder named `experiments`; with `--chaos-run` each
is run, and a verdict other than PASSED fails the test.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.api import Lab
    from chaoskit.result import Result

_FOLDER: Final = "experiments"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("chaoskit", "security chaos experiments")
    group.addoption("--chaos-run", action="store_true", help="run the experiments, not only validate them")
    group.addoption(
        "--chaos-target",
        choices=("embedded", "aws"),
        default="embedded",
        help="where experiments run (aws as chaoskit.toml says)",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the YAML files below `experiments`."""
    root = parent.config.rootpath
    inside = file_path.relative_to(root) if file_path.is_relative_to(root) else file_path
    if file_path.suffix in (".yaml", ".yml") and _FOLDER in inside.parent.parts:
        return ExperimentFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the sandbox and free the journal, if an experiment ran."""
    lab = config.stash.get(_LAB, None)
    if lab is not None:
        lab.close()


class ExperimentFile(pytest.File):
    """One experiment file."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one experiment in it."""
        yield ExperimentItem.from_parent(self, name=self.path.stem)


class ExperimentFailedError(Exception):
    """A verdict other than PASSED; the message is the whole story."""


class ExperimentItem(pytest.Item):
    """One experiment as a test."""

    def runtest(self) -> None:
        """Validate, and run if asked to."""
        from chaoskit import spec  # noqa: PLC0415 - a pytest run without experiments must not pay for it

        spec.load([self.path])
        if self.config.getoption("--chaos-run"):
            self._run()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Verdicts and bad files are told in words, not with a traceback."""
        if isinstance(excinfo.value, ChaoskitError | ExperimentFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the experiment is."""
        return self.path, 0, f"experiment {self.name}"

    def _run(self) -> None:
        from chaoskit.report.text import story  # noqa: PLC0415 - only when run
        from chaoskit.result import Verdict  # noqa: PLC0415 - only when run

        stash = self.config.stash
        if _LAB not in stash:
            stash[_LAB] = _Lab(self.config.getoption("--chaos-target"))
        result = stash[_LAB].run(self.path)
        self.user_properties += [("verdict", result.verdict.value), ("trace_id", result.trace_id)]
        if result.verdict is not Verdict.PASSED:
            raise ExperimentFailedError(story(result))


class _Lab:
    """The target and the journal, opened once for all experiments of a session."""

    def __init__(self, target: Any) -> None:
        from chaoskit import api  # noqa: PLC0415 - only when an experiment is run

        with ExitStack() as stack:
            self._lab: Lab = stack.enter_context(api.opened(target))
            self._open = stack.pop_all()

    def run(self, path: Path) -> Result:
        """Run one experiment."""
        from chaoskit import spec  # noqa: PLC0415 - only when run

        return self._lab.run(spec.load([path], self._lab.place.variables)).results[0]

    def close(self) -> None:
        """Let go of both."""
        self._open.close()


_LAB: Final = pytest.StashKey[_Lab]()
