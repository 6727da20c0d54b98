"""What has chaoskit called again and again, as text: the same for the same wish, so twice is as good as once.

All call `chaoskit run PATHS --due` often; which experiment is due then is for its own `schedule:` to say.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEGIN: Final = "# chaoskit: begin (written by `chaoskit schedule install`)"
END: Final = "# chaoskit: end"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be called.

    Attributes:
        program: The `chaoskit` to call, by its whole path.
        folder: Where to call it; the paths are relative to it.
        paths: The experiments.
        target: embedded or aws.
        minutes: How often, in minutes; a divisor of 60.
    """

    program: str
    folder: Path
    paths: tuple[str, ...]
    target: str
    minutes: int = 15

    @property
    def command(self) -> str:
        """The line for a shell."""
        return shlex.join([self.program, *self.arguments])

    @property
    def arguments(self) -> list[str]:
        """What comes behind the program's name."""
        return ["run", *self.paths, "--due", "--target", self.target]


def cron(wish: Wish) -> dict[Path, str]:
    """The block of a crontab; it goes into the user's own, between its marks."""
    minutes = "*" if wish.minutes == 1 else f"*/{wish.minutes}"
    call = f"cd {shlex.quote(str(wish.folder))} && {wish.command}".replace("%", r"\%")
    return {Path("crontab"): f"{BEGIN}\n{minutes} * * * * {call}\n{END}\n"}


def merged(crontab: str, block: str) -> str:
    """A crontab with our block in it, once: in place of an older one, or behind the rest."""
    before, begun, rest = crontab.partition(BEGIN)
    if not begun:
        return crontab + ("" if not crontab or crontab.endswith("\n") else "\n") + block
    _, _, after = rest.partition(f"{END}\n")
    return before + block + after


def systemd(wish: Wish) -> dict[Path, str]:
    """A service and its timer, for the user's own systemd."""
    call = " ".join(_quoted(each) for each in (wish.program, *wish.arguments))
    service = f"""\
{BEGIN}
[Unit]
Description=chaoskit: run the experiments that are due

[Service]
Type=oneshot
WorkingDirectory={str(wish.folder).replace("%", "%%")}
ExecStart={call}
# A stop must leave time to roll back.
TimeoutStopSec=30min
KillSignal=SIGTERM
"""
    timer = f"""\
{BEGIN}
[Unit]
Description=chaoskit: look every {wish.minutes} minutes what is due

[Timer]
OnCalendar=*:0/{wish.minutes}
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {Path("chaoskit.service"): service, Path("chaoskit.timer"): timer}


def github_actions(wish: Wish) -> dict[Path, str]:
    """A workflow; its history lives in the workflow's cache, as runners are new each time."""
    call = shlex.join(["chaoskit", *wish.arguments])
    return {
        Path("chaoskit-schedule.yml"): f"""\
{BEGIN}
name: chaoskit
on:
  schedule:
    - cron: "*/{wish.minutes} * * * *"
  workflow_dispatch:
# Two runs at once would have two journals.
concurrency: {{group: chaoskit, cancel-in-progress: false}}
permissions: {{contents: read, id-token: write}}
jobs:
  due:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    env: {{CHAOSKIT_HOME: "${{{{ github.workspace }}}}/.chaoskit"}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - uses: actions/cache@v4
        with:
          path: .chaoskit
          key: chaoskit-${{{{ github.run_id }}}}
          restore-keys: chaoskit-
      - run: pip install 'chaoskit[sandbox]'
      - run: {call}
"""
    }


def eventbridge(wish: Wish) -> dict[Path, str]:
    """A CloudFormation template: EventBridge Scheduler starts a CodeBuild project that runs what is due.

    Source: AWS CodeBuild API Reference, `StartBuild`; EventBridge Scheduler User Guide, "Using universal
    targets".
    """
    call = shlex.join(["chaoskit", *wish.arguments])
    rate = "1 minute" if wish.minutes == 1 else f"{wish.minutes} minutes"
    template = Path(__file__).with_name("eventbridge.yaml").read_text("utf-8")
    filled = template.replace("__COMMAND__", call).replace("__RATE__", rate)
    return {Path("chaoskit-schedule.yaml"): f"{BEGIN}\n{filled}"}


ARTEFACTS: Final[Mapping[str, Callable[[Wish], dict[Path, str]]]] = {
    "cron": cron,
    "systemd": systemd,
    "github-actions": github_actions,
    "eventbridge": eventbridge,
}
"""How to make each, by what it is for; a file's name and its text."""

FOLDERS: Final[Mapping[str, Path]] = {
    "systemd": Path("~/.config/systemd/user"),
    "github-actions": Path(".github/workflows"),
    "eventbridge": Path(),
}
"""Where each belongs; a crontab is installed by `crontab` itself."""

NEXT: Final[Mapping[str, str]] = {
    "cron": "cron calls it from now on.",
    "systemd": "Now: systemctl --user daemon-reload && systemctl --user enable --now chaoskit.timer",
    "github-actions": "Commit the file; GitHub calls it from its default branch.",
    "eventbridge": "Now: aws cloudformation deploy --stack-name chaoskit-schedule --capabilities "
    "CAPABILITY_IAM --template-file chaoskit-schedule.yaml --parameter-overrides Source=BUCKET/KEY.zip "
    "HarnessRole=ARN",
}
"""What a person does then."""


def _quoted(text: str) -> str:
    """As systemd.service(5) wants it; a percent sign would begin a specifier, a dollar sign a variable."""
    plain = text.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{plain}"' if any(char.isspace() or char in "\"'" for char in text) else plain
