"""Security chaos engineering for AWS: prove that your controls work, and keep proving it.

The names below are the public ones; everything else may change between versions.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from chaoskit.version import __version__

if TYPE_CHECKING:
    from chaoskit.api import Lab, opened, run
    from chaoskit.aws import Call, Each, Query, Reader
    from chaoskit.contract import Change, Fault, Observation, Probe, Trace, fault, probe
    from chaoskit.errors import ChaoskitError
    from chaoskit.result import Result, Results, Verdict

__all__ = [
    "Call",
    "Change",
    "ChaoskitError",
    "Each",
    "Fault",
    "Lab",
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
    "opened",
    "probe",
    "run",
]

# Each name is brought in when it is first used: the policy library and the command line need few of them.
_HOMES: Final = {
    "api": ("Lab", "opened", "run"),
    "aws": ("Call", "Each", "Query", "Reader"),
    "contract": ("Change", "Fault", "Observation", "Probe", "Trace", "fault", "probe"),
    "errors": ("ChaoskitError",),
    "result": ("Result", "Results", "Verdict"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"chaoskit.{home}"), name)
    raise AttributeError(f"module 'chaoskit' has no attribute {name!r}")
