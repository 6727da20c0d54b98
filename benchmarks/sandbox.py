"""Measures the embedded sandbox: start, first call, deployment, a call's cost, snapshot and restore.

Run: `python benchmarks/sandbox.py [CALLS]`. A call's overhead is what the gateway adds to moto's own answer:
signature, caller, operation, authorization, audit record. Figures of calls are processor time; the least of
them is what other processes on the machine change least. Prints only; nothing is asserted here.
"""
# ruff: noqa: T201, INP001 - a script: it prints, and nobody imports it

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import boto3

from chaoskit.sandbox.server import serve
from chaoskit.sandbox.workload import Pace, deploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.wire import Answer

_ROOT = Path(__file__).parents[1]
_LOOK = 0.005
_TURNS = 9


def main(count: int = 300) -> None:
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
        for name, call in _calls(served).items():
            whole, inside = _replayed(served, call, count)
            own = [each - moto for each, moto in zip(whole, inside, strict=True)]
            middle = [statistics.median(each) for each in (whole, inside, own)]
            print(f"  {name:34} {middle[0]:7.2f} {middle[1]:9.2f} {middle[2]:15.2f} {min(own):9.2f}")
        _deploy(served)
        kept, put = _kept(served)
    print(f"\nwith the workload, ms, median (least)   snapshot {_middle(kept)}   restore {_middle(put)}")


def _median(taken: list[dict[str, float]], what: str) -> str:
    return f"{statistics.median(each[what] for each in taken):.2f}"


def _process(*arguments: str) -> dict[str, float]:
    """Start a sandbox process and see what happens when, in seconds since its start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", folder, "--instance", "bench"]
        state = Path(folder) / "bench.json"
        began = perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--watch-stdin", *arguments], stdin=subprocess.PIPE, cwd=_ROOT
        )
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


def _calls(served: Served) -> dict[str, Callable[[], object]]:
    """Ordinary calls, in one protocol each, on things that are there."""
    key = served.describe()["credentials"]["admin"]
    iam, s3, sqs, kms, functions = (
        _client(service, served.url, key) for service in ("iam", "s3", "sqs", "kms", "lambda")
    )
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="model", Body=b"weights")
    url = sqs.create_queue(QueueName="bench")["QueueUrl"]
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    return {
        "iam GetUser (query)": lambda: iam.get_user(UserName="admin"),
        "sqs GetQueueAttributes (json)": lambda: sqs.get_queue_attributes(QueueUrl=url),
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
