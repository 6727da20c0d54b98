"""Measures the embedded sandbox: how soon it is of use, what a call costs, and how many it answers.

Peers are moto's own server (`.venv-stock`) and ministack (`.venv-peers`), each in a process of its own, as
they come: then neither authorizes a call nor keeps a record of it. The same signed requests are sent again
and again by 16 threads; what a call takes the server's process (processor time) says most where others use
the machine.
The gateway's own time is that of a request handled in this thread, less what moto alone takes of the same
request: to read it as well, since the gateway's reading spares moto's.

Run: `python -m benchmarks.sandbox [--calls N] [--stock PYTHON]`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3

from benchmarks.lab import PEERS, ROOT
from benchmarks.measure import Figure, median, options, reporting, spent_by
from chaoskit.sandbox import collector, operations
from chaoskit.sandbox.moto_backend import prepared
from chaoskit.sandbox.server import serve
from chaoskit.sandbox.workload import Pace, deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.measure import Report
    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.operations import Target
    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.wire import Answer, ApiCall

_LOOK: Final = 0.005
_TURNS: Final = 9
_ROUNDS: Final = 5
_CLIENTS: Final = 16
_PORT: Final = 45871
_STARTS_WITHIN: Final = 30
_KEY: Final = {"access_key_id": "testing", "secret_access_key": "testing"}
Calls = dict[str, "Callable[[], object]"]


def main(calls: int = 300, stock: str = "") -> None:
    """Print the figures."""
    with reporting("sandbox") as report:
        _starts(report)
        collector.relax()  # as the sandbox's own process does
        with serve() as served:
            _own(report, served, calls)
            _deploy(served)
            kept, put = _kept(served)
        report.add(Figure("snapshot, with the workload", "chaoskit", "ms", *kept))
        report.add(Figure("restore, with the workload", "chaoskit", "ms", *put))
        report.goal("snapshot, ms of processor time", median(kept[1]), most=50)
        report.goal("restore, ms of processor time", median(put[1]), most=50)
        _beside(report, calls, stock)


def _starts(report: Report) -> None:
    seen = [_process() for _ in range(3)]
    report.add(Figure("from start to the state file", "chaoskit", "s", [each["up"] for each in seen]))
    report.add(Figure("from start to the first answer", "chaoskit", "s", [each["called"] for each in seen]))
    ready = [_process("--workload", str(ROOT / "runbooks"))["ready"] for _ in range(2)]
    report.add(Figure("from start to the workload's being deployed", "chaoskit", "s", ready))


def _process(*arguments: str) -> dict[str, float]:
    """Start a sandbox process and see what happens when, in seconds since its start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", folder, "--instance", "bench"]
        state = Path(folder) / "bench.json"
        began = perf_counter()
        process = subprocess.Popen([*command, "--watch-stdin", *arguments], stdin=subprocess.PIPE, cwd=ROOT)
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


def _client(service: str, url: str, key: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
    )


def _own(report: Report, served: Served, count: int) -> None:
    """What the gateway adds to moto, without HTTP."""
    owns = []
    for name, call in _calls(served.url, served.describe()["credentials"]["admin"]).items():
        whole, alone = _replayed(served, call, count)
        own = [each - moto for each, moto in zip(whole, alone, strict=True)]
        what = f"{name}, in the process, processor time"
        report.add(Figure(what, "chaoskit, the gateway's own", "ms", own))
        report.add(Figure(what, "moto alone", "ms", alone, (), "neither"))
        owns.append(median(own))
    report.goal("the gateway's own time of a call, ms, the median of all kinds", median(owns), most=0.3)


def _beside(report: Report, count: int, stock: str) -> None:
    """The same calls over HTTP, by the servers of three."""
    if not Path("/proc/self/stat").exists():
        report.note("no server beside it: their processor time is read from Linux's /proc")
        return
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", folder, "--instance", "bench"]
        state = Path(folder) / "bench.json"
        found = {}
        with _running([*ours, "--watch-stdin"]) as process:
            _until(state.exists)
            about = json.loads(state.read_text(encoding="utf-8"))
            found["chaoskit"] = _served(process.pid, about["url"], about["credentials"]["admin"], count)
        url = f"http://127.0.0.1:{_PORT}"
        if stock:
            with _running([stock, "-m", "moto.server", "-p", str(_PORT)]) as process:
                found["moto server"] = _served(process.pid, url, _KEY, count)
        if (PEERS / "ministack").exists():
            there = {**os.environ, "GATEWAY_PORT": str(_PORT), "MINISTACK_PERSIST": "0"}
            with _running([str(PEERS / "ministack")], there) as process:
                found["ministack"] = _served(process.pid, url, _KEY, count)
    ours_ = found["chaoskit"]
    for name in ours_:
        for who, told in found.items():
            rate, spent = told[name]
            report.add(Figure(f"{name}, {_CLIENTS} clients", who, "/s", rate, (), "more"))
            report.add(Figure(f"{name}, {_CLIENTS} clients", f"{who}, a call", "ms cpu", spent))
    for who, told in found.items():
        if who == "chaoskit":
            continue
        shares = [median(told[name][1]) / median(spent) for name, (_, spent) in ours_.items()]
        report.goal(f"{who}: processor time of a call, times chaoskit's", median(shares), least=1)


def _served(
    pid: int, url: str, key: Mapping[str, str], count: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Calls a second with 16 clients, and what a call takes the server's process in ms."""
    _until(lambda: _listens(urlsplit(url).port or 0))
    if key is _KEY:
        _client("iam", url, key).create_user(UserName="admin")
    found = {}
    for name, request in _requests(url, key).items():
        rates, spent = [], []
        _sent(request, count // _CLIENTS)
        for _ in range(_ROUNDS):
            before, began = spent_by(pid), perf_counter()
            made = _sent(request, count // _CLIENTS)
            rates.append(made / (perf_counter() - began))
            spent.append((spent_by(pid) - before) * 1000 / made)
        found[name] = rates, spent
    return found


def _sent(request: Any, each: int) -> int:
    """Send a signed request again and again from 16 threads, each on a connection of its own."""
    place = urlsplit(request.url)
    headers = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }

    def client(_: int) -> int:
        connection = HTTPConnection("127.0.0.1", place.port or 80)
        for _ in range(each):
            connection.request(
                request.method, place.path + (f"?{place.query}" if place.query else ""), request.body, headers
            )
            answer = connection.getresponse()
            said = answer.read()
            if answer.status >= 300:  # noqa: PLR2004 - HTTP's
                raise RuntimeError(f"{request.url} is answered with {answer.status}: {said[:300]!r}")
        connection.close()
        return each

    with ThreadPoolExecutor(_CLIENTS) as pool:
        return sum(pool.map(client, range(_CLIENTS)))


def _requests(url: str, key: Mapping[str, str]) -> dict[str, Any]:
    """Each kind of call as it goes over the wire, where the server answers it."""
    heard: list[Any] = []

    def listened(made: Any) -> Any:
        made.meta.events.register("before-send", lambda request, **_: heard.append(request))
        return made

    found = {}
    for name, call in _calls(url, key, listened).items():
        heard.clear()
        call()
        found[name] = heard[-1]
    return found


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()
        _until(lambda: not _listens(_PORT))


def _until(holds: Callable[[], bool]) -> None:
    deadline = perf_counter() + _STARTS_WITHIN
    while not holds():
        if perf_counter() > deadline:
            raise TimeoutError("the server does not start, or end")
        time.sleep(_LOOK)


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _calls(url: str, key: Mapping[str, str], use: Callable[[Any], Any] = lambda made: made) -> Calls:
    """Ordinary calls, in one protocol each, on things that are there."""
    iam, s3, sqs, kms, functions = (
        use(_client(service, url, key)) for service in ("iam", "s3", "sqs", "kms", "lambda")
    )
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="model", Body=b"weights")
    queue = sqs.create_queue(QueueName="bench")["QueueUrl"]
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    return {
        "iam GetUser (query)": lambda: iam.get_user(UserName="admin"),
        "sqs GetQueueAttributes (json)": lambda: sqs.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["All"]
        ),
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
    deploy(member, management, ROOT / "runbooks", pace=pace)


def _kept(served: Served) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """Milliseconds that snapshots took, and restores: by the wall, and of this thread's processor time."""
    kept: tuple[list[float], list[float]] = ([], [])
    put: tuple[list[float], list[float]] = ([], [])

    def taken(work: Callable[[], Any], into: tuple[list[float], list[float]]) -> Any:
        began, worked = perf_counter(), thread_time()
        result = work()
        into[0].append((perf_counter() - began) * 1000)
        into[1].append((thread_time() - worked) * 1000)
        return result

    for _ in range(_TURNS):
        snapshot = taken(served.cloud.snapshot, kept)
        taken(partial(served.cloud.restore, snapshot), put)
    return kept, put


def _replayed(served: Served, call: Callable[[], object], count: int) -> tuple[list[float], list[float]]:
    """Milliseconds (of this thread, others may be busy) of one request in the gateway, and by moto alone."""
    gateway, moto = served.cloud.gateway, served.cloud.moto
    handle, answer = gateway.handle, moto.answer
    heard: list[HttpRequest] = []
    asked: list[tuple[ApiCall, Target]] = []

    def hear(http: HttpRequest) -> Answer:
        heard.append(http)
        return handle(http)

    def ask(made: ApiCall, target: Target) -> Answer:
        asked.append((made, target))
        return answer(made, target)

    vars(gateway)["handle"], vars(moto)["answer"] = hear, ask
    call()
    del vars(gateway)["handle"], vars(moto)["answer"]
    whole = []
    for _ in range(count):
        began = thread_time()
        handle(heard[0])
        whole.append((thread_time() - began) * 1000)
    return whole, [_alone(served, heard[0], *asked[0]) for _ in range(count)]


def _alone(served: Served, http: HttpRequest, made: ApiCall, target: Target) -> float:
    """Milliseconds that moto itself takes of a request that nobody has read before."""
    signing_name = target.model.service_model.signing_name
    fresh = replace(made, request=operations.normalize(http, signing_name, made.region))
    handler = prepared(fresh, target)
    with served.cloud.lock:
        began = thread_time()
        handler(fresh.request, fresh.request.raw_url, fresh.request.headers)
        return (thread_time() - began) * 1000


if __name__ == "__main__":
    chosen = options(__doc__, calls=320, stock="")
    main(chosen.calls, chosen.stock)
