"""A served sandbox with a fleet's tooling account and three members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fleet.organization import organize
from tests.fleet.yard import Yard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.one_sandbox import OneSandbox


@pytest.fixture(scope="module")
def yard(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    with one_sandbox.bare() as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOSKIT_HOME", str(folder / "home"))
        yield Yard(organize(served.describe(), 3), served, folder)
