"""Log lines: structured, on the standard library's `chaoskit` logger, silent until somebody listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def logger(**bound: str) -> FilteringBoundLogger:
    """A logger whose every line carries `bound`; structlog's global configuration stays untouched."""
    wrapped = structlog.wrap_logger(
        logging.getLogger("chaoskit"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event", *bound]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast("FilteringBoundLogger", wrapped.bind(**bound))
