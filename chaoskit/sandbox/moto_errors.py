"""The errors that moto's backends raise, as the APIs answer with them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def moto_errors() -> Iterator[None]:
    """Turn moto's own errors into those of the API."""
    from moto.core.exceptions import JsonRESTError, ServiceException  # noqa: PLC0415 - moto is slow to import

    try:
        yield
    except ServiceException as error:
        raise ApiError(str(error.code), str(error.message)) from None
    except JsonRESTError as error:
        raise ApiError(str(error.error_type), str(error.message), int(error.code)) from None
