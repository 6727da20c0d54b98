"""Measures the embedded sandbox: start, first call, deployment, a call's cost, snapshot and restore.

Run: `python benchmarks/sandbox.py [CALLS] [PYTHON]`. PYTHON is that of an environment with `moto[server]`,
whose stock server then answers the same calls in a process of its own; `make bench-sandbox` makes one. A
call's overhead is what the gateway adds to moto's own answer: signature, caller, operation, authorization,
audit record. Figures of calls are processor time; the least of them is what other processes on the machine
change least. Prints only; nothing is asserted here.
"""
# ruff: noqa: T201 - a script: it prints, and nobody imports it

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import boto3

from chaoskit.sandbox.server import serve
from chaoskit.sandbox.workload import Pace, deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.wire import Answer

_ROOT = Path(__file__).parents[1]
_LOOK = 0.005
_TURNS = 9
_WARM = 20
_STOCK_PORT = 45871
_STARTS_WITHIN = 30


def main(count: int = 300, stock: str = "") -> None:
    """Print the figures."""
    starts = [_process() for _ in range(3)]
    print(f"start: the state file is there after  {_median(starts, 'up')} s")
    print(f"first call answered after             {_median(starts, 'called')} s")
    deploys = [_process("--workload", str(_ROOT / "runbooks")) for _ in range(3)]
    print(
        f"workload ready after                  {_median(deploys, 'ready')} s, all from the process's start"
    )
    print(f"\none call, median of {count}, ms         whole   in moto   gateway's own   (least)")
    with serve() as served:
        for name, call in _calls(served.url, served.describe()["credentials"]["admin"]).items():
            whole, inside = _replayed(served, call, count)
            own = [each - moto for each, moto in zip(whole, inside, strict=True)]
            middle = [statistics.median(each) for each in (whole, inside, own)]
            print(f"  {name:34} {middle[0]:7.2f} {middle[1]:9.2f} {middle[2]:15.2f} {min(own):9.2f}")
        _deploy(served)
        kept, put = _kept(served)
    _beside_stock(count, stock)
    print(f"\nwith the workload, ms, median (least)   snapshot {_middle(kept)}   restore {_middle(put)}")


def _median(taken: list[dict[str, float]], what: str) -> str:
    return f"{statistics.median(each[what] for each in taken):.2f}"


def _process(*arguments: str) -> dict[str, float]:
    """Start a sandbox process and see what happens when, in seconds since its start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", folder, "--instance", "bench"]
        state = Path(folder) / "bench.json"
        began = perf_counter()
        process = subprocess.Popen([*command, "--watch-stdin", *arguments], stdin=subprocess.PIPE, cwd=_ROOT)
        try:
            while not state.exists():
                time.sleep(_LOOK)
            seen = {"up": perf_counter() - began}
            about = json.loads(state.read_text(encoding="utf-8"))
            key = about["credentials"]["admin"]
            if not arguments:
                _client("sts", about["url"], key).get_caller_identity()
                seen["called"] = perf_counter() - began
                return seen
            while json.loads(state.read_text(encoding="utf-8"))["workload"] != "ready":
                time.sleep(_LOOK)
            seen["ready"] = perf_counter() - began
            return seen
        finally:
            process.communicate()


def _client(service: str, url: str, key: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
    )


def _beside_stock(count: int, stock: str) -> None:
    """Print what a call costs a whole server's process, HTTP and all: ours, and moto's own server."""
    if not stock or not Path("/proc/self/stat").exists():
        print("\n(no stock moto server beside it: it takes Linux and a Python that has moto[server])")
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", folder, "--instance", "bench"]
        theirs = [stock, "-m", "moto.server", "-p", str(_STOCK_PORT)]
        with _running([*ours, "--watch-stdin"]) as process:
            state = Path(folder) / "bench.json"
            _until(state.exists)
            about = json.loads(state.read_text(encoding="utf-8"))
            own = _spent(process.pid, _calls(about["url"], about["credentials"]["admin"]), count)
        with _running(theirs) as process:
            url = f"http://127.0.0.1:{_STOCK_PORT}"
            key = {"access_key_id": "testing", "secret_access_key": "testing"}
            _until(lambda: _listens(_STOCK_PORT))
            _client("iam", url, key).create_user(UserName="admin")
            plain = _spent(process.pid, _calls(url, key), count)
    print(f"\none call over HTTP, {count} on end, ms of the server's process   chaoskit   stock moto server")
    for name, spent in own.items():
        print(f"  {name:57} {spent:8.2f} {plain[name]:19.2f}")


def _spent(pid: int, calls: dict[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Milliseconds of processor time, user and system, that a call takes a process."""
    spent = {}
    for name, call in calls.items():
        for _ in range(_WARM):
            call()
        before = _ticks(pid)
        for _ in range(count):
            call()
        spent[name] = (_ticks(pid) - before) * 1000 / os.sysconf("SC_CLK_TCK") / count
    return spent


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime and stime, proc(5)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=_ROOT
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _until(holds: Callable[[], bool]) -> None:
    deadline = perf_counter() + _STARTS_WITHIN
    while not holds():
        if perf_counter() > deadline:
            raise TimeoutError("the server does not start")
        time.sleep(_LOOK)


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _calls(url: str, key: dict[str, str]) -> dict[str, Callable[[], object]]:
    """Ordinary calls, in one protocol each, on things that are there."""
    iam, s3, sqs, kms, functions = (
        _client(service, url, key) for service in ("iam", "s3", "sqs", "kms", "lambda")
    )
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="model", Body=b"weights")
    queue = sqs.create_queue(QueueName="bench")["QueueUrl"]
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    return {
        "iam GetUser (query)": lambda: iam.get_user(UserName="admin"),
        "sqs GetQueueAttributes (json)": lambda: sqs.get_queue_attributes(QueueUrl=queue),
        "kms DescribeKey (json)": lambda: kms.describe_key(KeyId=made),
        "lambda ListFunctions (rest-json)": functions.list_functions,
        "s3 GetObject (rest-xml)": lambda: s3.get_object(Bucket="bench", Key="model"),
    }


def _deploy(served: Served) -> None:
    key = served.describe()["credentials"]
    member, management = (
        lambda service, who=who: _client(service, served.url, key[who]) for who in ("admin", "management")
    )
    pace = Pace(poll=5, timeout=300, sleep=served.cloud.idle)
    deploy(member, management, _ROOT / "runbooks", pace=pace)


def _kept(served: Served) -> tuple[list[float], list[float]]:
    """Milliseconds of processor time that snapshots took, and restores."""
    kept, put = [], []
    for _ in range(_TURNS):
        began = thread_time()
        snapshot = served.cloud.snapshot()
        kept.append((thread_time() - began) * 1000)
        began = thread_time()
        served.cloud.restore(snapshot)
        put.append((thread_time() - began) * 1000)
    return kept, put


def _middle(taken: list[float]) -> str:
    return f"{statistics.median(taken):.0f} ({min(taken):.0f})"


def _replayed(served: Served, call: Callable[[], object], count: int) -> tuple[list[float], list[float]]:
    """Milliseconds (of this thread, others may be busy) in the gateway, and of these in moto, by replay."""
    gateway = served.cloud.gateway
    moto = served.cloud.moto
    handle, answer = gateway.handle, moto.answer
    heard: list[HttpRequest] = []

    def hear(http: HttpRequest) -> Answer:
        heard.append(http)
        return handle(http)

    vars(gateway)["handle"] = hear
    call()
    del vars(gateway)["handle"]
    inside: list[float] = []

    def timed(*arguments: Any) -> Any:
        began = thread_time()
        try:
            return answer(*arguments)
        finally:
            inside.append((thread_time() - began) * 1000)

    vars(moto)["answer"] = timed
    whole = []
    for _ in range(count):
        began = thread_time()
        handle(heard[0])
        whole.append((thread_time() - began) * 1000)
    del vars(moto)["answer"]
    return whole, inside


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300, sys.argv[2] if len(sys.argv) > 2 else "")  # noqa: PLR2004 - the arguments' places
