"""Faults and probes are anybody's code: what goes wrong in one is told by its name and its line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from chaoskit.contract import Fault
from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.contract import Probe

P = ParamSpec("P")
T = TypeVar("T")


class ElementError(ChaoskitError):
    """A fault's or probe's own code is wrong; the message names it, the place and the error."""


def wrong(element: Fault | Probe, what: str, place: str) -> ElementError:
    """What is wrong with an element, and where, as `file:line`."""
    kind = "fault" if isinstance(element, Fault) else "probe"
    return ElementError(f"the {kind} {element.about.name} is wrong at {place}: {' '.join(what.split())}")


def raised(element: Fault | Probe, method: Callable[..., Any], error: Exception) -> ElementError:
    """What an element has raised, and where in its own package, however deep in a library that was."""
    frames = traceback.extract_tb(error.__traceback__)
    own = Path(method.__code__.co_filename).parent
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(own)] or frames
    return wrong(element, f"{type(error).__name__}: {error}", f"{ours[-1].filename}:{ours[-1].lineno}")


def asked(probe: Probe, method: Callable[P, T], *arguments: P.args, **given: P.kwargs) -> T:
    """Call a probe's method.

    Raises:
        ElementError: The probe raises an error.
        ChaoskitError: As the probe says.
    """
    try:
        return method(*arguments, **given)
    except ChaoskitError:
        raise
    except Exception as error:  # a probe is foreign code; whatever it raises, the verdict must name it
        raise raised(probe, method, error) from error
