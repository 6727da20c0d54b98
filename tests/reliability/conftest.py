"""How much is tried, the sandbox to try it in, and the figures that come of it.

`CHAOSKIT_RELIABILITY=full` (as `make reliability` sets it) tries everything, a number between 0 and 1 that
share of it, and nothing a small sample.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.reliability.ledger import Ledger
from tests.reliability.world import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.one_sandbox import OneSandbox
    from tests.reliability.world import World

    Scale = Callable[[int, int], int]
    Figures = Callable[[str], None]

_FIGURES: Final = "figures"


@pytest.fixture(scope="session")
def scale() -> Scale:
    """How many to try, of the number by default and the number of a full run."""
    asked = os.environ.get("CHAOSKIT_RELIABILITY", "")
    share = {"": 0.0, "full": 1.0}.get(asked)
    share = float(asked) if share is None else share

    def scaled(small: int, full: int) -> int:
        return max(small, round(full * share))

    return scaled


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Tell figures to whoever reads the end of the test run."""
    return lambda line: record_property(_FIGURES, line)


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return Ledger(request.node.originalname)


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with one_sandbox.deployed() as (served, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOSKIT_HOME", str(folder / "home"))
        with world(folder, served) as made:
            yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    told = [
        str(line)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, line in getattr(report, "user_properties", [])
        if name == _FIGURES
    ]
    if told:
        terminalreporter.section("reliability")
        for line in told:
            terminalreporter.line(line)
