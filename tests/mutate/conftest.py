"""Mutation is tested where controls are: in the deployed workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.journal import SqliteJournal
from chaoskit.mutate import Stage
from tests.e2e.conftest import lab
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.lab import Lab

__all__ = ["lab"]

PREVENTED, REPAIRED = "permissive-policy-on-production-role", "permissive-policy-on-training-role"


@pytest.fixture(scope="module")
def stage(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """That workload as a stage, with two experiments."""
    paths = [SHIPPED / "identity" / f"{name}.yaml" for name in (PREVENTED, REPAIRED)]
    with SqliteJournal(tmp_path_factory.mktemp("journal") / "journal.sqlite") as journal:
        yield Stage(lab.instance, lab.target, paths, journal)
