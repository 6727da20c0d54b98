"""Python's collector of cyclic garbage, told that almost all of what a sandbox holds is there to stay.

A full collection looks at every object. moto, botocore's models and the sandbox's state are half a million,
none of which is garbage: by Python's defaults a fifth of a deployment's time goes into looking at them.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_YOUNG, _MIDDLE, _OLD = 100_000, 10, 20


def relax() -> None:
    """Collect less often, and leave what is there now (modules, models) out of it for good."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.freeze()


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing meanwhile: for work that makes tens of thousands of objects, none of them garbage."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
