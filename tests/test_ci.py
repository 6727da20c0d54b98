"""What other people's CI takes from here: an action, a template, a hook, and the script behind them."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from tests.documents import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SCRIPT = (ROOT / "ci" / "predict.sh").read_text("utf-8")


def test_the_action_passes_each_input_on_and_never_into_a_script() -> None:
    steps = ACTION["runs"]["steps"]
    given = " ".join(str(value) for step in steps for value in step.get("env", {}).values())
    assert set(re.findall(r"inputs\.([\w-]+)", given)) == set(ACTION["inputs"])
    assert not any("${{" in step.get("run", "") for step in steps)


def test_the_script_reads_what_the_action_and_the_template_set() -> None:
    template = (ROOT / "ci" / "gitlab" / "chaoskit.yml").read_text("utf-8")
    read = set(re.findall(r"\$\{?(CHAOSKIT_\w+)", SCRIPT))
    told = {name for step in ACTION["runs"]["steps"] for name in step.get("env", {})}
    assert read <= {name for name in told if name.startswith("CHAOSKIT_")}
    assert "ci/predict.sh chaoskit.md $CHAOSKIT_PATHS" in template
    assert "CHAOSKIT_DEPLOY" in template


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    workflow = yaml.safe_load((ROOT / "ci" / "github" / "chaoskit.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    (used,) = [step for step in job["steps"] if "chaoskit" in step["uses"]]
    assert set(used["with"]) <= set(ACTION["inputs"])
    assert workflow["permissions"]["pull-requests"] == "write"


@pytest.mark.parametrize(
    "commands",
    [
        SCRIPT,
        *(step["run"] for step in ACTION["runs"]["steps"] if "run" in step),
        *blocks("sh"),
    ],
    ids=lambda each: str(each).splitlines()[0][:60],
)
def test_every_script_is_one_that_bash_can_read(commands: Any) -> None:
    text = commands if isinstance(commands, str) else commands.text
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)  # noqa: S607 - whichever bash there is


def test_the_hook_takes_experiments_and_runs_a_command_that_there_is() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert re.search(hook["files"], "experiments/identity/small.yaml")
    assert not re.search(hook["files"], "deploy/docker-compose.yaml")
    assert hook["entry"] == "chaoskit validate"
    shown = [yaml.safe_load(each.text) for each in blocks("yaml") if each.note == "of: pre-commit"]
    assert [each["repos"][0]["hooks"][0]["id"] for each in shown] == [hook["id"]]


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "ci/github/chaoskit.yml"),
        ("vendor.gitlab-ci", "ci/gitlab/chaoskit.yml"),
    ],
)
def test_a_file_for_a_ci_is_what_its_published_schema_says(
    schema: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = pytest.importorskip("check_jsonschema", reason="needs the published schemas: check-jsonschema")
    monkeypatch.chdir(ROOT)
    arguments = ["--builtin-schema", schema, file]
    found = CliRunner().invoke(checker.main, arguments)
    assert found.exit_code == 0, found.output


def test_a_step_that_no_runner_knows_would_be_found(tmp_path: Path) -> None:
    checker = pytest.importorskip("check_jsonschema", reason="needs the published schemas: check-jsonschema")
    file = tmp_path / "action.yml"
    file.write_text(
        (ROOT / "action.yml").read_text("utf-8").replace("using: composite", "using: hope"), "utf-8"
    )
    found = CliRunner().invoke(checker.main, ["--builtin-schema", "vendor.github-actions", str(file)])
    assert found.exit_code == 1


def test_the_script_may_be_executed() -> None:
    assert os.access(ROOT / "ci" / "predict.sh", os.X_OK)
