"""The faults are tested where the experiments are, in the deployed workload, or alone in a bare sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import journal, lab, without
from tests.faults.between import account
from tests.sandbox.conftest import aws, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.between import Account
    from tests.one_sandbox import OneSandbox

__all__ = ["aws", "journal", "lab", "place", "served", "without"]


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox) -> Iterator[Account]:
    """A bare sandbox's account; a module that needs something in it has a `place` of its own."""
    with account(one_sandbox) as made:
        yield made
