"""What another account costs a process that works in many: memory, and time until it can be called.

Run: `python -m benchmarks.accounts [ACCOUNTS]`. Each account has a connection with credentials of its own and
three views of it, as a run has (to inject, to look, to undo), which call five services each and are kept. The
embedded sandbox that answers is another process. Nothing is asserted here.
"""
# ruff: noqa: T201 - a script: it prints

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Aws, Connection, Credentials, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNTS: Final = 200
MIB: Final = 1024 * 1024
KEYS: Final = ("access_key_id", "secret_access_key")
LOOKS: Final = (
    Query("sts", "GetCallerIdentity"),
    Query("iam", "ListAccountAliases"),
    Query("s3", "ListBuckets", select="Owner"),
    Query("events", "ListEventBuses"),
    Query("sqs", "ListQueues"),
)

SANDBOX: Final = """
import json, sys
from chaoskit.sandbox.server import serve
with serve() as served:
    print(json.dumps(served.describe()), flush=True)
    sys.stdin.read()
"""


@contextmanager
def sandbox() -> Iterator[Connection]:
    """A bare sandbox in a process of its own, that ends with the block."""
    command = [sys.executable, "-c", SANDBOX]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        about: dict[str, Any] = json.loads(process.stdout.readline() if process.stdout else "{}")
        keys = Credentials(**{name: about["credentials"]["admin"][name] for name in KEYS})
        yield Connection(about["region"], endpoint_url=about["url"], credentials=keys)


def resident() -> int:
    """This process's memory that is in RAM, in bytes (proc(5), /proc/pid/statm)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Open account after account, and print what each took."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    kept: list[Any] = []
    with sandbox() as base:
        own = base.credentials or Credentials("", "")
        began = last = 0
        started = time.perf_counter()
        print("accounts   RSS MiB   KiB per further account   ms per account")
        for number in range(1, accounts + 1):
            # What an assumed role's session is: other keys, another object.
            keys = Credentials(own.access_key_id, own.secret_access_key)
            account = replace(base, credentials=keys)
            for role in ("inject", "look", "undo"):
                aws = Aws(account, user_agent=f"chaoskit/run/{number}/{role}")
                for query in LOOKS:
                    aws.read(query)
                kept.append(aws)
            if number in (1, 2, 5, 10, 20, 50, 100, 150, 200, accounts):
                gc.collect()
                now, spent = resident(), time.perf_counter() - started
                began = began or now
                each = (now - began) / 1024 / (number - 1) if number > 1 else 0.0
                print(f"{number:8}   {now / MIB:7.1f}   {each:23.0f}   {1000 * spent / number:14.0f}")
                last = now
        each = (last - began) / MIB / max(accounts - 1, 1)
        print(
            f"each of {accounts - 1} further accounts: {each:.3f} MiB, with {3 * len(LOOKS)} clients in use"
        )


if __name__ == "__main__":
    main()
