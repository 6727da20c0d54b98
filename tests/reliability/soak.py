"""Runs a set of experiments many times in one process, and tells what the process holds after each.

`python -m tests.reliability.soak FOLDER COUNT` prints one JSON object a set.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from pathlib import Path

from chaoskit import api


def resident() -> int:
    """Bytes of memory in use, of /proc/self/statm (proc(5): its second field, in pages)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    folder, count = sys.argv[1], int(sys.argv[2])
    for _ in range(count):
        results = api.run(folder).results
        gc.collect()
        about = {
            "verdicts": [str(result.verdict) for result in results],
            "restored": all(result.restored for result in results),
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "threads": threading.active_count(),
            "memory": resident(),
        }
        sys.stdout.write(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
