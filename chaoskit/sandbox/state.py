"""moto's state, as the rest of the sandbox reads it."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from moto.backends import get_backend


@cache
def backends(service: str) -> Any:
    """Moto's backends of a service, by account and region; imported when first asked for.

    Hold the sandbox's lock while using them: moto has no locks of its own.
    """
    return get_backend(cast("Any", service))
