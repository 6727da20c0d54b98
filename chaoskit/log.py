"""Log lines: structured, on the standard library's `chaoskit` logger, silent until somebody listens."""

from __future__ import annotations

import logging
from typing import Any, Final

_LOGGER: Final = logging.getLogger("chaoskit")


class Logger:
    """Writes lines that all carry the same values.

    structlog is imported with the first line that anybody listens to: that takes as long as boto3.
    """

    def __init__(self, **bound: str) -> None:
        """Bind the values."""
        self._bound = bound

    def info(self, event: str, **values: Any) -> None:
        """Something happened, as was expected."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Something is not as it should be, and the run goes on."""
        self._write(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        """Something has failed."""
        self._write(logging.ERROR, event, values)

    def _write(self, level: int, event: str, values: dict[str, Any]) -> None:
        if not _LOGGER.isEnabledFor(level):
            return
        import structlog  # noqa: PLC0415 - see above

        # structlog's global configuration stays untouched.
        line: Any = structlog.wrap_logger(
            _LOGGER,
            processors=[
                structlog.processors.format_exc_info,
                structlog.processors.KeyValueRenderer(key_order=["event", *self._bound]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        line.bind(**self._bound).log(level, event, **values)
