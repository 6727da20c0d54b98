"""Measures the fixture `sandbox` of the pytest plug-in: how long a test waits for its account to be put back.

Run: `python -m benchmarks.fixture [--tests N] [--workers N]`. A project of its own is made; each of its tests
changes several services. What is timed is the whole call that the fixture makes, to the sandbox's process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Figure, median, options, reporting

TIMED = """\
import os, time
from chaoskit.pytest_plugin.laboratory import Laboratory
real = Laboratory.put_back

def timed(self):
    begun = time.perf_counter()
    real(self)
    with open(os.environ["TIMES"], "a") as file:
        file.write(f"{(time.perf_counter() - begun) * 1000:.3f}\\n")

Laboratory.put_back = timed
"""
TESTS = """\
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_changes(sandbox, number):
    iam, s3 = sandbox.client("iam"), sandbox.client("s3")
    assert not [each for each in iam.list_users()["Users"] if each["UserName"].startswith("made-by-")]
    iam.create_user(UserName=f"made-by-{{number}}")
    s3.create_bucket(Bucket="made-by-a-test")
    s3.put_object(Bucket="made-by-a-test", Key="key", Body=b"text")
    sandbox.client("events").put_rule(Name="made-by-a-test", EventPattern='{{"source": ["aws.iam"]}}')
    sandbox.client("sqs").create_queue(QueueName="made-by-a-test")
"""


def main() -> None:
    """Run the project, and tell what its fixtures took."""
    asked = options(__doc__, tests=30, workers=0)
    with reporting("fixture") as report, TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "conftest.py").write_text(TIMED, "utf-8")
        (folder / "test_account.py").write_text(TESTS.format(count=asked.tests), "utf-8")
        times = folder / "times"
        env = {**os.environ, "CHAOSKIT_HOME": str(folder / "home"), "TIMES": str(times)}
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(asked.workers), "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=folder, env=env, check=True)
        took = [float(each) for each in times.read_text("utf-8").split()]
        report.add(Figure("an account is put back after a test", "chaoskit", "ms", took))
        report.goal("put back, ms at most", median(took), most=50)


if __name__ == "__main__":
    main()
