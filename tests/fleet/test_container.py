"""The workers' container file, read; nothing here builds it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from chaoskit.fleet import rendering
from chaoskit.sandbox.cfn.template import parse

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8"))
LINES = [line.split(None, 1) for line in TEXT.splitlines() if line and not line.startswith("#")]


def given(instruction: str) -> list[str]:
    return [rest.strip() for name, rest in LINES if name == instruction]


def test_it_runs_as_a_user_of_its_own_and_so_does_the_task() -> None:
    (user,) = given("USER")
    assert user == "10001:10001"
    resources = parse(rendering.tooling()).resources
    for task in ("WorkerTask", "PlannerTask"):
        (container,) = resources[task]["Properties"]["ContainerDefinitions"]
        assert container["User"] == user.partition(":")[0]
        mounted = {each["ContainerPath"] for each in container["MountPoints"]}
        assert mounted == set(given("VOLUME"))


def test_its_base_is_pinned_and_its_packages_are_as_locked() -> None:
    (base,) = given("ARG")
    assert re.fullmatch(r"PYTHON=python:\d+\.\d+\.\d+-slim-\w+", base)
    assert all(line.startswith("${PYTHON}") for line in given("FROM"))
    assert "--constraint constraints.txt" in " ".join(given("RUN"))


def test_what_it_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [line.split()[:-1] for line in given("COPY") if not line.startswith("--from")]
    assert kept == {name for names in copied for name in names}
    assert all((ROOT / name).exists() for name in kept)


def test_its_health_check_asks_whether_the_first_process_is_chaoskit() -> None:
    (check,) = given("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    script = command[2]
    assert command[:2] == ["python", "-c"]
    # In a container the worker is process 1; here the check is asked about itself, and about one that is not.
    for title, healthy in (("chaoskit", True), ("other", False)):
        asked = script.replace("/proc/1/", "/proc/self/")
        told = subprocess.run(
            [sys.executable, "-c", asked.replace("b'chaoskit'", "b'chaos'+b'kit'"), title], check=False
        )
        assert (told.returncode == 0) is healthy
