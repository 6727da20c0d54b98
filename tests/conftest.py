"""What every test needs: a state folder of its own, and pytest to run pytest in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.one_sandbox import OneSandbox

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def chaoskit_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal that no other test, and no person, has faults in; the folder is not made yet."""
    folder = tmp_path / "chaoskit-home"
    monkeypatch.setenv("CHAOSKIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[OneSandbox]:
    """The process's sandbox; the fixtures `lab` and `served` lend it to a module."""
    from tests.one_sandbox import OneSandbox  # noqa: PLC0415 - moto takes a second to import

    made = OneSandbox()
    yield made
    made.close()
