"""The sandbox as a server: connections, the control API, its life as a process."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from chaoskit.embedded import Sandboxes
from chaoskit.sandbox.moto_backend import MotoBackend
from tests.sandbox.aws import MEMBER, ONCE, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.sandbox.server import Served
    from tests.sandbox.aws import Aws


def control(served: Served, call: str, token: str | None = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - the sandbox's own URL
        f"{served.url}/_chaoskit/{call}", headers={"x-chaoskit-token": token or served.token}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_connection_is_kept_for_many_calls(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.connect()
    before = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "/no-such-bucket")
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 404
    assert connection.sock.getsockname() == before
    connection.close()


def test_it_listens_on_the_loopback_interface_only(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    assert served.url == f"http://127.0.0.1:{port}"
    with socket.socket() as elsewhere:
        # Another loopback address stands for any other interface: it would answer if all were bound.
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_concurrent_calls_do_not_disturb_each_other(aws: Aws) -> None:
    clients = [aws.client("sqs"), aws.client("iam"), aws.client("s3")]

    def work(number: int) -> str:
        sqs, iam, s3 = clients
        sqs.create_queue(QueueName=f"q{number}")
        iam.create_user(UserName=f"u{number}")
        s3.create_bucket(Bucket=f"concurrent-{number}")
        s3.put_object(Bucket=f"concurrent-{number}", Key="k", Body=str(number).encode())
        return str(s3.get_object(Bucket=f"concurrent-{number}", Key="k")["Body"].read().decode())

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(48))) == [str(number) for number in range(48)]
    assert len(clients[0].list_queues()["QueueUrls"]) == 48
    assert len(clients[1].list_users()["Users"]) == 49


def test_the_control_api_asks_for_its_token(served: Served) -> None:
    assert control(served, "health", "guess")[0] == 403
    assert control(served, "health")[1]["status"] == "ok"
    assert control(served, "unheard-of")[0] == 404
    assert control(served, "advance?seconds=soon")[0] == 400
    assert control(served, "advance?seconds=-1")[0] == 400


def test_advancing_the_clock_wakes_what_sleeps_on_it(served: Served) -> None:
    before = served.cloud.now()
    woken = threading.Event()

    def nap() -> None:
        served.cloud.sleep(600)
        woken.set()

    served.cloud.spawn(nap)
    assert control(served, "idle?timeout=0.05")[1] == {"idle": False}
    assert control(served, "advance?seconds=601")[0] == 200
    assert control(served, "idle?timeout=30")[1] == {"idle": True}
    assert woken.is_set()
    assert (served.cloud.now() - before).total_seconds() > 600


def test_work_that_spawns_work_is_waited_for(served: Served) -> None:
    done: list[int] = []

    def first() -> None:
        served.cloud.spawn(lambda: done.append(1))

    served.cloud.spawn(first)
    assert served.cloud.idle(5)
    assert done == [1]


def test_an_endpoint_that_does_not_exist_does_not_answer(aws: Aws) -> None:
    code, message, status = refusal(
        aws.client("sagemaker-runtime").invoke_endpoint, EndpointName="ghost", Body=b"1"
    )
    assert (code, status) == ("ValidationError", 400)
    assert message == f"Endpoint ghost of account {MEMBER} not found."


def test_an_endpoint_in_service_answers_the_same_to_the_same(aws: Aws) -> None:
    sagemaker = aws.client("sagemaker")
    aws.role("hosting", {"Effect": "Allow", "Principal": {"AWS": MEMBER}, "Action": "sts:AssumeRole"})
    role = f"arn:aws:iam::{MEMBER}:role/hosting"
    image = f"{MEMBER}.dkr.ecr.us-east-1.amazonaws.com/m:1"
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {
        "VariantName": "blue",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="c")
    runtime = aws.client("sagemaker-runtime")

    def ask(body: bytes) -> Any:
        return runtime.invoke_endpoint(EndpointName="live", Body=body, ContentType="text/csv")

    first = ask(b"1,2,3")
    prediction = first["Body"].read()
    assert json.loads(prediction)["predictions"][0]["label"] in range(10)
    assert first["InvokedProductionVariant"] == "blue"
    assert ask(b"1,2,3")["Body"].read() == prediction
    assert ask(b"3,2,1")["Body"].read() != prediction


def test_what_moto_lacks_is_refused_in_words(aws: Aws) -> None:
    code, message, status = refusal(aws.client("translate").list_languages)
    assert (code, status) == ("NotImplemented", 501)
    assert message == "The embedded sandbox does not have translate."


def test_a_fault_inside_moto_is_an_internal_error_and_a_line_in_the_log(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(MotoBackend, "answer", broken)
    code, _, status = refusal(aws.client("sqs").list_queues)
    assert (code, status) == ("InternalError", 500)
    assert "sqs ListQueues failed in the sandbox" in caplog.text


@contextmanager
def process(directory: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A sandbox in a process of its own, once it is ready."""
    command = [sys.executable, "-W", "error", "-m", "chaoskit.sandbox", "--state-dir", str(directory)]
    child = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE)
    try:
        yield child, ready(directory)
    finally:
        child.kill()
        child.communicate()


def ready(directory: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for path in directory.glob("*.json"):
            state: dict[str, Any] = json.loads(path.read_text())
            return state
        time.sleep(0.02)
    pytest.fail("the sandbox did not become ready in 30 s")


def is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def gone(child: subprocess.Popen[bytes]) -> int:
    return child.wait(10)


def test_it_listens_on_this_machine_only(served: Served) -> None:
    place = urlsplit(served.url)
    assert place.hostname == "127.0.0.1"
    socket.create_connection(("127.0.0.1", place.port or 0), 1).close()
    # Who listened on every address would answer at this one too.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", place.port or 0), 1)


def test_a_process_keeps_its_log_to_its_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        sandboxes = Sandboxes(tmp_path / "sandboxes")
        instance = sandboxes.up()
        files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in sandboxes.folder.iterdir()}
    finally:
        os.umask(before)
        sandboxes.down()
    assert f"{instance.name}.log" in files
    assert set(files.values()) == {0o600}


def test_a_process_says_where_it_is_and_cleans_up_when_terminated(tmp_path: Path) -> None:
    with process(tmp_path) as (child, state):
        path = tmp_path / f"{state['instance']}.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert state["pid"] == child.pid
        assert state["accounts"] == {"management": "111122223333", "sandbox": MEMBER}
        for who, account in (("admin", MEMBER), ("management", "111122223333")):
            keys = state["credentials"][who]
            sts = boto3.client(
                "sts",
                endpoint_url=state["url"],
                region_name=state["region"],
                aws_access_key_id=keys["access_key_id"],
                aws_secret_access_key=keys["secret_access_key"],
                config=ONCE,
            )
            assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/admin"
        child.send_signal(signal.SIGTERM)
        assert gone(child) == 0
        assert not path.exists()
        assert not is_held(tmp_path / f"{state['instance']}.lock")


def test_a_sandbox_that_watches_its_input_ends_with_its_parent(tmp_path: Path) -> None:
    with process(tmp_path, "--watch-stdin") as (child, _):
        assert child.poll() is None
        assert child.stdin is not None
        child.stdin.close()
        assert gone(child) == 0
        child.stdin = None
    assert not list(tmp_path.glob("*.json"))


def test_the_lock_proves_a_killed_sandbox_dead(tmp_path: Path) -> None:
    with process(tmp_path) as (child, state):
        lock = tmp_path / f"{state['instance']}.lock"
        assert is_held(lock)
        os.kill(child.pid, signal.SIGKILL)
        gone(child)
        assert not is_held(lock)
        assert (tmp_path / f"{state['instance']}.json").exists()


def test_a_taken_port_is_one_sentence(tmp_path: Path, served: Served) -> None:
    port = served.url.rpartition(":")[2]
    command = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", str(tmp_path), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"The sandbox cannot be served on port {port}:")
    assert "Traceback" not in done.stderr
