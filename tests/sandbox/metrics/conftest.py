"""The sandbox of the tests beside it, with its alarms, logs and queues in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.metrics.monitored import Monitored

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served


@pytest.fixture(scope="module")
def aws(served: Served) -> Monitored:
    """The module's sandbox."""
    return Monitored(served)
