"""The shell steps of the action and of the template, run as their hosts run them, in a repository of its own.

Only what needs the host is stood in for: `gh`, and the installation of chaoskit, which would take a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import yaml

from tests.documents import ROOT
from tests.e2e.lab import SHIPPED, up_in
from tests.posts import taking_posts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.one_sandbox import OneSandbox

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "ci" / "gitlab" / "chaoskit.yml").read_text("utf-8"))[
    "chaoskit"
]
# Notes what it is called with, and what it is given to post.
STAND_IN = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cat "$2" > "$CALLS.body"; shift; done
"""


@dataclass(frozen=True)
class Repository:
    """Somebody's repository, what is on the PATH there, and what its stand-ins were called with."""

    folder: Path
    env: dict[str, str]

    @property
    def calls(self) -> list[str]:
        return Path(self.env["CALLS"]).read_text("utf-8").splitlines()

    def bash(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """As GitHub runs a step with `shell: bash`, and GitLab a script."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],  # noqa: S607 - whichever there is
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def home(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with one_sandbox.deployed() as (served, _), up_in(folder, served):
        yield folder


@pytest.fixture
def repository(home: Path, tmp_path: Path) -> Repository:
    folder, programs = tmp_path / "theirs", tmp_path / "bin"
    (folder / "experiments").mkdir(parents=True)
    shutil.copy(SHIPPED / "identity" / "permissive-policy-on-production-role.yaml", folder / "experiments")
    programs.mkdir()
    for name in ("gh", "python"):
        (programs / name).write_text(STAND_IN, "utf-8")
        (programs / name).chmod(0o755)
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_", "GITHUB_"))
    }
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), clean["PATH"]])
    return Repository(
        folder, {**clean, "PATH": path, "CHAOSKIT_HOME": str(home), "CALLS": str(tmp_path / "calls")}
    )


def act(repository: Repository, context: Mapping[str, str]) -> list[subprocess.CompletedProcess[str]]:
    """Run the steps of the action; an expression is what the context says."""
    inputs = {f"inputs.{name}": about["default"] for name, about in ACTION["inputs"].items()}
    known = {**inputs, "github.action_path": str(ROOT), "github.token": "a-token", **context}

    def value(text: object) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], str(text))

    steps = [step for step in ACTION["runs"]["steps"] if "run" in step]
    return [
        repository.bash(step["run"], **{name: value(each) for name, each in step["env"].items()})
        for step in steps
    ]


def test_the_action_validates_predicts_and_comments(repository: Repository, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    repository.env.update(GITHUB_STEP_SUMMARY=str(summary), GITHUB_REPOSITORY="them/theirs")
    done = act(repository, {"github.event.pull_request.number": "7"})
    assert [each.returncode for each in done] == [0, 0, 0], "".join(each.stderr for each in done)
    installed, commented = repository.calls
    assert installed == f"python -m pip install --quiet {ROOT}[sandbox]"
    assert commented.startswith("gh pr comment 7 --repo them/theirs --edit-last --create-if-none")
    told = Path(f"{repository.env['CALLS']}.body").read_text("utf-8")
    assert "permissive-policy-on-production-role" in told
    assert summary.read_text("utf-8") == told


def test_the_action_fails_on_an_experiment_that_is_wrong_and_comments_nothing(repository: Repository) -> None:
    (repository.folder / "experiments" / "wrong.yaml").write_text("id: wrong\n", "utf-8")
    done = act(repository, {"github.event.pull_request.number": "7"})
    assert [each.returncode for each in done] == [0, 2, 0]
    assert "wrong.yaml" in done[1].stderr
    assert len(repository.calls) == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the template does")
def test_the_template_clones_predicts_and_comments(repository: Repository, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    shutil.copytree(ROOT / "ci", ours / "ci")
    git = "git -c user.name=us -c user.email=us@example.com"
    made = repository.bash(
        f"cd {ours} && git init -q && git add . && {git} commit -qm ours && git tag v0.1.0"
    )
    assert made.returncode == 0, made.stderr
    variables = {**TEMPLATE["variables"], "CHAOSKIT_REPOSITORY": ours.as_uri()}
    with taking_posts(201) as (url, posted):
        host = {
            "CI_API_V4_URL": f"{url}/api/v4",
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
            "CHAOSKIT_COMMENT_TOKEN": "a-token",
        }
        done = repository.bash("\n".join(TEMPLATE["script"]), **variables, **host)
        assert done.returncode == 0, done.stderr
        after = repository.bash("\n".join(TEMPLATE["after_script"]), **variables, **host)
        assert after.returncode == 0, after.stderr
    assert repository.calls == ["python -m pip install --quiet ./.chaoskit[sandbox]"]
    (post,) = posted
    told = post.path, post.headers["PRIVATE-TOKEN"]
    assert told == ("/api/v4/projects/3/merge_requests/7/notes", "a-token")
    assert "permissive-policy-on-production-role" in parse_qs(post.body.decode())["body"][0]
