"""The unpacked code of functions: each zip once, kept in a private directory until the process ends."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import weakref
import zipfile
from pathlib import Path

from chaoskit.sandbox.wire import ApiError


class Archive:
    """A directory of unpacked deployment packages, one for each code hash."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self._lock = threading.Lock()

    def unpack(self, digest: str, content: bytes) -> Path:
        """The directory that holds the package; ApiError InvalidZipFileException when it is no zip file."""
        with self._lock:
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="chaoskit-functions-"))
                weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
            # A hash in base64 may hold slashes.
            target = self._root / digest.replace("/", "_")
            if not target.exists():
                partial = Path(tempfile.mkdtemp(dir=self._root))
                try:
                    with zipfile.ZipFile(io.BytesIO(content)) as package:
                        package.extractall(partial)
                except zipfile.BadZipFile:
                    raise ApiError(
                        "InvalidZipFileException", "Lambda could not unzip the deployment package.", 400
                    ) from None
                partial.rename(target)
            return target
