"""Keys as they are pressed, from a terminal that is put back as it was."""

from __future__ import annotations

import codecs
import os
import re
import select
import termios
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Control Sequence Introducer and Single Shift Three (ECMA-48): arrows and the like mean nothing here.
_SEQUENCE: Final = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1bO.")
_LOOKS_EVERY_S: Final = 0.2
_MOST_BYTES: Final = 1024
_LOCAL: Final = 3
_CONTROL: Final = 6


class Decoder:
    """Turns what a terminal sends into keys, a character each."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("ignore")

    def keys(self, sent: bytes) -> str:
        """The keys in it, without arrows and the like."""
        return _SEQUENCE.sub("", self._utf8.decode(sent))


@contextmanager
def pressed(handle: int, press: Callable[[str], None], tick: Callable[[], None]) -> Iterator[None]:
    r"""Have each key told while the block lasts.

    Ctrl-C stays the terminal's own: it sends SIGINT. Ctrl-Z and Ctrl-\ are switched off, for a process that
    is suspended or killed undoes no fault.

    Args:
        handle: A terminal.
        press: Is told each key, from a thread of its own.
        tick: Is called now and then, from that thread.
    """
    before = termios.tcgetattr(handle)
    raw = termios.tcgetattr(handle)
    raw[_LOCAL] &= ~(termios.ICANON | termios.ECHO)
    for each in (termios.VSUSP, termios.VQUIT):
        raw[_CONTROL][each] = os.fpathconf(handle, "PC_VDISABLE").to_bytes(1)
    ended = threading.Event()
    reader = threading.Thread(target=_read, args=(handle, press, tick, ended), name="keys", daemon=True)
    termios.tcsetattr(handle, termios.TCSADRAIN, raw)
    try:
        reader.start()
        yield
    finally:
        ended.set()
        reader.join()
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _read(
    handle: int, press: Callable[[str], None], tick: Callable[[], None], ended: threading.Event
) -> None:
    decoder = Decoder()
    while not ended.is_set():
        try:
            ready, _, _ = select.select([handle], [], [], _LOOKS_EVERY_S)
            sent = os.read(handle, _MOST_BYTES) if ready else None
        except OSError:  # the connection is gone; SIGHUP asks to stop
            return
        if sent == b"":
            return
        for key in decoder.keys(sent or b""):
            press(key)
        tick()
