"""Security chaos engineering for AWS: prove that your controls work, and keep proving it.

The names below are the public ones; everything else may change between versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Each, Query, Reader
from chaoskit.contract import Change, Fault, Observation, Probe, Trace, fault, probe
from chaoskit.errors import ChaoskitError
from chaoskit.version import __version__

if TYPE_CHECKING:
    from chaoskit.api import run
    from chaoskit.result import Result, Results, Verdict

__all__ = [
    "Call",
    "Change",
    "ChaoskitError",
    "Each",
    "Fault",
    "Observation",
    "Probe",
    "Query",
    "Reader",
    "Result",
    "Results",
    "Trace",
    "Verdict",
    "__version__",
    "fault",
    "probe",
    "run",
]


def __getattr__(name: str) -> object:
    """Bring in the engine only when it is used: a fault's module needs none of it."""
    if name == "run":
        from chaoskit.api import run  # noqa: PLC0415 - see above

        return run
    if name in ("Result", "Results", "Verdict"):
        from chaoskit import result  # noqa: PLC0415 - see above

        return getattr(result, name)
    raise AttributeError(f"module 'chaoskit' has no attribute {name!r}")
