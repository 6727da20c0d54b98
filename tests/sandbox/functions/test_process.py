from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING

from chaoskit.sandbox.functions import process
from chaoskit.sandbox.wire import Credentials

if TYPE_CHECKING:
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


def test_a_handler_gets_the_event_and_its_answer_comes_back_as_json(tmp_path: Path) -> None:
    outcome = process.run(job(tmp_path, "def handler(event, context):\n    return {'n': event['n'] + 1}\n"))
    assert outcome.payload == '{"n": 3}'
    assert outcome.failure is None
    assert outcome.max_memory_mb > 0


def test_the_handlers_output_is_its_log_and_never_mixes_with_its_answer(tmp_path: Path) -> None:
    code = "import sys\ndef handler(e, c):\n    print('out'); print('err', file=sys.stderr)\n    return 1\n"
    outcome = process.run(job(tmp_path, code))
    assert (outcome.payload, outcome.log) == ("1", "out\nerr\n")


def test_an_answer_far_larger_than_a_pipe_comes_back_whole(tmp_path: Path) -> None:
    outcome = process.run(job(tmp_path, "def handler(e, c):\n    return 'x' * 3_000_000\n"))
    assert outcome.payload is not None
    assert len(json.loads(outcome.payload)) == 3_000_000


def test_an_exception_is_reported_with_its_type_and_only_its_own_frames(tmp_path: Path) -> None:
    outcome = process.run(job(tmp_path, "def handler(e, c):\n    return e['missing']\n"))
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.message) == ("KeyError", "'missing'")
    assert len(outcome.failure.trace) == 1
    assert "line 2, in handler" in outcome.failure.trace[0]


def test_a_handler_past_its_time_limit_is_killed_with_what_it_started(tmp_path: Path) -> None:
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
    outcome = process.run(job(tmp_path, code, time_limit=0.15))
    assert outcome.timed_out
    assert 0.15 <= outcome.duration < 1
    assert "1" in outcome.log
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_loading_a_slow_module_does_not_count_against_the_time_limit(tmp_path: Path) -> None:
    code = "import time\ntime.sleep(0.15)\ndef handler(e, c):\n    return c.get_remaining_time_in_millis()\n"
    outcome = process.run(job(tmp_path, code, time_limit=0.1))
    assert outcome.init >= 0.15
    assert outcome.payload is not None
    assert 0 < int(outcome.payload) <= 100


def test_a_cancelled_job_ends_at_once(tmp_path: Path) -> None:
    outcome = process.run(job(tmp_path, "def handler(e, c):\n    while True: pass\n"), cancelled=lambda: True)
    assert outcome.cancelled
    assert not outcome.timed_out


def test_a_process_that_exits_by_itself_gives_its_status(tmp_path: Path) -> None:
    outcome = process.run(job(tmp_path, "import os\ndef handler(e, c):\n    os._exit(7)\n"))
    assert (outcome.payload, outcome.exit_status) == (None, 7)


def test_a_handler_that_outgrows_its_memory_is_killed(tmp_path: Path) -> None:
    code = "def handler(e, c):\n    return len(bytearray(300 * 2**20))\n"
    outcome = process.run(job(tmp_path, code, memory_mb=128))
    assert outcome.exit_status == -9


def test_the_environment_is_only_what_was_given(tmp_path: Path) -> None:
    code = "import os\ndef handler(e, c):\n    return dict(os.environ)\n"
    outcome = process.run(job(tmp_path, code))
    seen = json.loads(outcome.payload or "{}")
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIAEXAMPLE"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "VIRTUAL_ENV" not in seen
    assert set(seen) - set(job(tmp_path, "").environment) <= {"HOME", "LC_CTYPE", "PWD"}


def test_without_credentials_the_environment_holds_none() -> None:
    variables = process.environment(None, url="http://127.0.0.1:1", region="us-east-1")
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(variables)
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
