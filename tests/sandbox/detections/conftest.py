"""The sandbox of the tests beside it, with its audit trail in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.trail.audited import Audited

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served


@pytest.fixture(scope="module")
def aws(served: Served) -> Audited:
    """The module's sandbox."""
    return Audited(served)
