"""How many examples a property is tried on: a share of them in `make test`, all of them in `make fuzz`."""

from __future__ import annotations

import os
from typing import Final

_SHARE: Final = 4


def examples(full: int) -> int:
    """So many of `full`; they are drawn in one order, so the share is the beginning of all."""
    return full if os.environ.get("CHAOSKIT_EXAMPLES") == "full" else full // _SHARE
