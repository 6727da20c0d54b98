"""Standard output and error, whose reader may leave before the command is done."""

from __future__ import annotations

import errno
import io
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT: Final = (errno.EPIPE, errno.EIO)
"""The reader of the pipe has ended; the terminal was closed."""


@contextmanager
def patient_streams() -> Iterator[list[OSError]]:
    """Take what can't be written for written while the block lasts.

    A command has an account to put back and reports to write, which must not end with whoever reads along;
    its exit status stays its own.

    Returns:
        What kept standard output from being written although somebody may still read it, as a full disk does.
    """
    troubles: list[OSError] = []
    out, err = _patient(sys.stdout, troubles), _patient(sys.stderr, [])
    with redirect_stdout(out), redirect_stderr(err):
        yield troubles
        for stream in (out, err):
            if stream is not None:  # it is where a process begins with a closed one
                stream.flush()


class _Patient(io.FileIO):
    """A descriptor that is written to as if nothing could go wrong."""

    def __init__(self, handle: int, troubles: list[OSError]) -> None:
        super().__init__(handle, "w", closefd=False)
        self._troubles = troubles

    def write(self, data: Any, /) -> int:
        """See `io.FileIO`."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _LEFT:
                self._troubles.append(error)
            return memoryview(data).nbytes


def _patient(stream: Any, troubles: list[OSError]) -> Any:
    """The same stream, patient; one that has no descriptor, as in a test, as it is."""
    try:
        handle = stream.fileno()
    except (AttributeError, OSError):
        return stream
    with suppress(OSError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Patient(handle, troubles)),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
