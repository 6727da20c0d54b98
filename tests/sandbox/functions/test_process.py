from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from chaoskit.sandbox.functions import process
from chaoskit.sandbox.functions.nursery import Nursery
from chaoskit.sandbox.wire import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREDENTIALS = Credentials("ASIAEXAMPLE", "a-made-up-secret", "a-made-up-token")


def job(root: Path, code: str, **overrides: object) -> process.Job:
    (root / "app.py").write_text(code)
    fields: dict[str, object] = {
        "root": root,
        "handler": "app.handler",
        "event": {"n": 2},
        "context": {"function_name": "f"},
        "environment": process.environment(CREDENTIALS, url="http://127.0.0.1:1", region="us-east-1"),
        "time_limit": 5.0,
    }
    return process.Job(**{**fields, **overrides})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


def test_a_handler_gets_the_event_and_its_answer_comes_back_as_json(tmp_path: Path, nursery: Nursery) -> None:
    outcome = process.run(
        job(tmp_path, "def handler(event, context):\n    return {'n': event['n'] + 1}\n"), nursery
    )
    assert outcome.payload == '{"n": 3}'
    assert outcome.failure is None
    assert outcome.max_memory_mb > 0


def test_the_handlers_output_is_its_log_and_never_mixes_with_its_answer(
    tmp_path: Path, nursery: Nursery
) -> None:
    code = "import sys\ndef handler(e, c):\n    print('out'); print('err', file=sys.stderr)\n    return 1\n"
    outcome = process.run(job(tmp_path, code), nursery)
    assert (outcome.payload, outcome.log) == ("1", "out\nerr\n")


def test_an_answer_far_larger_than_a_pipe_comes_back_whole(tmp_path: Path, nursery: Nursery) -> None:
    outcome = process.run(job(tmp_path, "def handler(e, c):\n    return 'x' * 3_000_000\n"), nursery)
    assert outcome.payload is not None
    assert len(json.loads(outcome.payload)) == 3_000_000


def test_an_exception_is_reported_with_its_type_and_only_its_own_frames(
    tmp_path: Path, nursery: Nursery
) -> None:
    outcome = process.run(job(tmp_path, "def handler(e, c):\n    return e['missing']\n"), nursery)
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.message) == ("KeyError", "'missing'")
    assert len(outcome.failure.trace) == 1
    assert "line 2, in handler" in outcome.failure.trace[0]


def test_a_handler_past_its_time_limit_is_killed_with_what_it_started(
    tmp_path: Path, nursery: Nursery
) -> None:
    # The started process holds a lock for as long as it lives.
    (tmp_path / "holder.py").write_text(
        "import fcntl, time\nlock = open('lock', 'w')\nfcntl.flock(lock, 2)\nprint(1)\ntime.sleep(60)\n"
    )
    code = (
        "import subprocess, sys\n"
        "def handler(e, c):\n"
        "    started = subprocess.Popen([sys.executable, '-u', 'holder.py'], stdout=subprocess.PIPE)\n"
        "    print(started.stdout.readline())\n"
        "    while True: pass\n"
    )
    outcome = process.run(job(tmp_path, code, time_limit=0.15), nursery)
    assert outcome.timed_out
    assert outcome.duration >= 0.15
    assert "1" in outcome.log
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_loading_a_slow_module_does_not_count_against_the_time_limit(
    tmp_path: Path, nursery: Nursery
) -> None:
    code = "import time\ntime.sleep(0.6)\ndef handler(e, c):\n    return c.get_remaining_time_in_millis()\n"
    outcome = process.run(job(tmp_path, code, time_limit=0.5), nursery)
    assert outcome.init >= 0.6
    assert outcome.payload is not None
    assert 0 < int(outcome.payload) <= 500


def test_a_cancelled_job_ends_at_once(tmp_path: Path, nursery: Nursery) -> None:
    outcome = process.run(
        job(tmp_path, "def handler(e, c):\n    while True: pass\n"), nursery, cancelled=lambda: True
    )
    assert outcome.cancelled
    assert not outcome.timed_out


def test_a_process_that_exits_by_itself_gives_its_status(tmp_path: Path, nursery: Nursery) -> None:
    outcome = process.run(job(tmp_path, "import os\ndef handler(e, c):\n    os._exit(7)\n"), nursery)
    assert (outcome.payload, outcome.exit_status) == (None, 7)


def test_a_handler_that_outgrows_its_memory_is_killed(tmp_path: Path, nursery: Nursery) -> None:
    code = "def handler(e, c):\n    return len(bytearray(300 * 2**20))\n"
    outcome = process.run(job(tmp_path, code, memory_mb=128), nursery)
    assert outcome.exit_status == -9


def test_the_environment_is_only_what_was_given(tmp_path: Path, nursery: Nursery) -> None:
    code = "import os\ndef handler(e, c):\n    return dict(os.environ)\n"
    outcome = process.run(job(tmp_path, code), nursery)
    seen = json.loads(outcome.payload or "{}")
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIAEXAMPLE"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "VIRTUAL_ENV" not in seen
    assert set(seen) - set(job(tmp_path, "").environment) <= {"HOME", "LC_CTYPE", "PWD"}


def test_without_credentials_the_environment_holds_none() -> None:
    variables = process.environment(None, url="http://127.0.0.1:1", region="us-east-1")
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(variables)
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_nothing_of_one_job_is_left_for_the_next_and_chance_is_not_the_same(
    tmp_path: Path, nursery: Nursery
) -> None:
    code = (
        "import os, random, boto3\n"
        "def handler(e, c):\n"
        "    seen = getattr(boto3, 'mark', None), os.environ.get('MARK')\n"
        "    boto3.mark = os.environ['MARK'] = 'x'\n"
        "    return [*seen, random.random()]\n"
    )
    outcomes = [process.run(job(tmp_path, code), nursery) for _ in range(2)]
    first, second = (json.loads(outcome.payload or "[]") for outcome in outcomes)
    assert first[:2] == second[:2] == [None, None]
    assert first[2] != second[2]


def test_jobs_run_side_by_side(tmp_path: Path, nursery: Nursery) -> None:
    # Each waits for the other one's mark.
    code = (
        "import pathlib, time\n"
        "def handler(e, c):\n"
        "    pathlib.Path(e['me']).touch()\n"
        "    while not pathlib.Path(e['other']).exists(): time.sleep(0.01)\n"
        "    return e['me']\n"
    )
    jobs = [
        job(tmp_path, code, event={"me": me, "other": other})
        for me, other in (("one", "two"), ("two", "one"))
    ]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda each: process.run(each, nursery), jobs))
    assert [outcome.payload for outcome in outcomes] == ['"one"', '"two"']


def test_a_nursery_that_was_killed_is_there_again_for_the_next_job(tmp_path: Path, nursery: Nursery) -> None:
    code = "import os\ndef handler(e, c):\n    return os.getppid()\n"
    before = process.run(job(tmp_path, code), nursery).payload
    os.kill(int(before or 0), signal.SIGKILL)
    after = process.run(job(tmp_path, code), nursery)
    if after.payload is None:  # it was asked before the kernel had told that it was gone
        assert after.exit_status == -signal.SIGKILL
        after = process.run(job(tmp_path, code), nursery)
    assert after.payload not in (None, before)


def test_a_nursery_that_closes_ends_what_it_forked(tmp_path: Path) -> None:
    short_lived = Nursery()
    code = "def handler(e, c):\n    open('begun', 'w').close()\n    while True: pass\n"
    outcomes: list[process.Outcome] = []
    work = job(tmp_path, code, time_limit=60)
    running = threading.Thread(target=lambda: outcomes.append(process.run(work, short_lived)))
    running.start()
    while not (tmp_path / "begun").exists():
        running.join(0.01)
    short_lived.close()
    running.join()
    assert outcomes[0].exit_status == -signal.SIGKILL
