"""The shipped experiments on a real sandbox account: `pytest -m aws --chaos-target aws`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import chaoskit
from tests.e2e.lab import CORE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.aws
@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_a_shipped_experiment_passes_on_a_real_account(request: pytest.FixtureRequest, path: Path) -> None:
    if request.config.getoption("--chaos-target") != "aws":
        pytest.skip("needs --chaos-target aws, credentials and chaoskit.toml")
    (result,) = chaoskit.run(path, target="aws").results
    assert result.verdict is chaoskit.Verdict.PASSED, result.reason
    assert result.restored
