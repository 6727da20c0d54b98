"""What has chaoskit called again and again, as text: the same for the same wish, so twice is as good as once.

All call `chaoskit run PATHS --due` often; which experiment is due then is for its own `schedule:` to say.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaoskit.errors import ChaoskitError

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
    call = f"cd {shlex.quote(str(wish.folder))} && {wish.command}".replace("%", r"\%")
    return {Path("crontab"): f"{BEGIN}\n{_minutes(wish)} * * * * {call}\n{END}\n"}


def merged(crontab: str, block: str) -> str:
    """A crontab with our block in it, once: in place of an older one, or behind the rest.

    Raises:
        ChaoskitError: A block begins in it and does not end, so it can't be told what is ours.
    """
    crontab += "" if not crontab or crontab.endswith("\n") else "\n"
    before, begun, rest = crontab.partition(BEGIN)
    if not begun:
        return crontab + block
    _, ended, after = rest.partition(f"{END}\n")
    if not ended:
        raise ChaoskitError(f"The crontab has the line {BEGIN!r} without {END!r} after it: `crontab -e`.")
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
# A stop must leave time to roll back, and is for chaoskit alone: it needs its sandbox to roll back in.
TimeoutStopSec=30min
KillMode=mixed
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
    """A workflow; its history lives in the workflow's cache, as runners are new each time.

    Source: GitHub Docs, "Security hardening for GitHub Actions" (actions by their commit) and "Configuring
    OpenID Connect in Amazon Web Services".
    """
    call = json.dumps(shlex.join(["chaoskit", *wish.arguments]), ensure_ascii=False)
    role = _ROLE if wish.target == "aws" else ""
    text = Path(__file__).with_name("github-actions.yaml").read_text("utf-8")
    filled = text.replace("      # __ROLE__\n", role).replace("__COMMAND__", call)
    return {
        Path("chaoskit-schedule.yml"): f"{BEGIN}\n{filled.replace('__MINUTES__', _minutes(wish))}",
    }


def eventbridge(wish: Wish) -> dict[Path, str]:
    """A CloudFormation template: EventBridge Scheduler starts a CodeBuild project that runs what is due.

    Source: AWS CodeBuild API Reference, `StartBuild`; EventBridge Scheduler User Guide, "Using universal
    targets".
    """
    call = shlex.join(["chaoskit", *wish.arguments, "--heartbeat", "cloudwatch"])
    rate = "1 minute" if wish.minutes == 1 else f"{wish.minutes} minutes"
    template = Path(__file__).with_name("eventbridge.yaml").read_text("utf-8")
    filled = template.replace("__COMMAND__", json.dumps(call, ensure_ascii=False)).replace("__RATE__", rate)
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
    "github-actions": "Commit the file; GitHub calls it from its default branch. With --target aws, set the "
    "repository's variables CHAOSKIT_ROLE and AWS_REGION.",
    "eventbridge": "Now: aws cloudformation deploy --stack-name chaoskit-schedule --capabilities "
    "CAPABILITY_IAM --template-file chaoskit-schedule.yaml --parameter-overrides Source=BUCKET/KEY.zip "
    "HarnessRole=ARN ReadRole=ARN UndoRole=ARN (the outputs HarnessRoleArn, ReadRoleArn and UndoRoleArn of "
    "chaoskit-workload).",
}
"""What a person does then."""


_ROLE: Final = """\
      # The variable CHAOSKIT_ROLE of the repository: a role whose trust policy names it.
      - uses: aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502 # v4.0.2
        with: {role-to-assume: "${{ vars.CHAOSKIT_ROLE }}", aws-region: "${{ vars.AWS_REGION }}"}
"""


def _minutes(wish: Wish) -> str:
    """The first field of a crontab's line."""
    return "*" if wish.minutes == 1 else f"*/{wish.minutes}"


def _quoted(text: str) -> str:
    """As systemd.service(5) wants it; a percent sign would begin a specifier, a dollar sign a variable."""
    plain = text.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{plain}"' if any(char.isspace() or char in "\"'" for char in text) else plain
