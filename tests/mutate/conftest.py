"""Mutation is tested where controls are: in the deployed workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit import spec
from chaoskit.home import journal_path
from chaoskit.journal import SqliteJournal
from chaoskit.mutate import Stage
from tests.e2e.conftest import lab
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.experiment import Experiment
    from tests.e2e.lab import Lab

__all__ = ["lab"]


@pytest.fixture(scope="module")
def stage(lab: Lab) -> Stage:
    """That workload as a stage."""
    return Stage(lab.instance, lab.target)


@pytest.fixture
def open_journal() -> Iterator[SqliteJournal]:
    with SqliteJournal(journal_path()) as journal:
        yield journal


@pytest.fixture(scope="module")
def shipped(lab: Lab) -> Callable[..., list[Experiment]]:
    """Shipped experiments, by id."""

    def load(*names: str) -> list[Experiment]:
        return spec.load([next(SHIPPED.rglob(f"{name}.yaml")) for name in names], lab.target.variables)

    return load
