"""Experiment files as tests."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import ChaoskitError, SpecError
from chaoskit.pytest_plugin.laboratory import ExperimentFailedError, laboratory
from chaoskit.pytest_plugin.selection import marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ExperimentFile(pytest.File):
    """One experiment file."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one experiment in it; what is wrong with it is for the test to tell."""
        from chaoskit import spec  # noqa: PLC0415 - a pytest run without experiments must not pay for it

        item = ExperimentItem.from_parent(self, name=self.path.stem)
        with suppress(SpecError):
            for mark in marks(spec.load([self.path])[0]):
                item.add_marker(mark)
        yield item


class ExperimentItem(pytest.Item):
    """One experiment as a test."""

    def runtest(self) -> None:
        """Validate, and run if asked to."""
        from chaoskit import spec  # noqa: PLC0415 - as above

        spec.load([self.path])
        if self.config.getoption("--chaos-run"):
            self._run()

    def _run(self) -> None:
        from chaoskit.report.text import story  # noqa: PLC0415 - only when run
        from chaoskit.result import Verdict  # noqa: PLC0415 - only when run

        result = laboratory(self.config).run(self.path)
        self.user_properties += [("verdict", result.verdict.value), ("trace_id", result.trace_id)]
        if result.verdict is not Verdict.PASSED:
            raise ExperimentFailedError(story(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Verdicts and bad files are told in words, not with a traceback."""
        if isinstance(excinfo.value, ChaoskitError | ExperimentFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the experiment is."""
        return self.path, 0, f"experiment {self.name}"
