"""What every test needs: a state folder of its own, and pytest to run pytest in."""

from __future__ import annotations

import functools
import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.one_sandbox import OneSandbox

pytest_plugins = ["pytester"]

FIRST = ("reliability", "e2e", "mutate", "cli", "sandbox", "runbooks", "faults", "policy")
"""The folders whose files take long, which would otherwise keep one worker busy while the others are done."""


def pytest_configure() -> None:
    """Look for cyclic garbage less often: thousands of tests and their modules are there to stay."""
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; workers get the files in this order."""
    here = Path(__file__).parent
    ranks = {name: rank for rank, name in enumerate(FIRST)}

    @functools.cache
    def rank(path: Path) -> int:
        inside = path.relative_to(here).parts if path.is_relative_to(here) else ("",)
        return ranks.get(inside[0], len(ranks))

    items.sort(key=lambda item: rank(item.path))


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
