"""Takes the documentation's pictures: `python scripts/shots.py docs/pictures` (Debian's Chromium and tmux).

A few experiments are run in a sandbox, one of them to fail, and their HTML report is photographed. Then a
game day is played in a terminal of its own: its view, and the room's page, while a fault is in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.terminal import terminal  # noqa: E402 - the tests know how a terminal is had
from tests.pages.browser import chromium, scheme  # noqa: E402 - and how Chromium is started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXPERIMENTS: Final = (
    "identity/permissive-policy-on-training-role",
    "identity/permissive-policy-on-production-role",
    "data/public-access-to-training-data",
    "application/leaked-key-invocation",
)
# Looks for the wrong rule, as in docs/first-experiment.md.
WEAK: Final = """\
id: stranger-in-trust-policy
title: A foreign account in the training role's trust policy is reported
owner: you
layer: identity
hypothesis: A statement that lets a foreign account assume the training role is reported within {within}.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 10m, max_changes: 1}}
faults:
  - iam.trust-external-account: {{role: "${{workload.training_role}}"}}
expect:
  - detection: {{eventbridge.matched: {{rule: chaoskit-permissive-policy}}}}
    within: {within}
"""
DAY: Final = """\
id: a-rehearsal
title: What happens when somebody opens the training role
max_duration: 90m
roles: {{facilitator: Ada, scribe: Grace, blue: [Dana, Eli]}}
injects:
  - {experiments}/identity/permissive-policy-on-training-role.yaml
  - stranger-in-trust-policy.yaml
  - {experiments}/application/leaked-key-invocation.yaml
"""
WIDTH: Final = 1100
COLUMNS, LINES = 104, 30
# The page of the terminal's picture; rich fills it in.
SCREEN: Final = (
    "<html><body style='margin:0'><pre id=screen style='display:inline-block;margin:0;padding:16px 20px;"
    "color:{foreground};background:{background};font:15px/1.35 monospace'>{code}</pre></body></html>"
)


def main(folder: Path) -> None:
    """Run, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as made, chromium(WIDTH, 1250) as browser:
        work = Path(made)
        env = {**os.environ, "CHAOSKIT_HOME": str(work / "home")}
        chaoskit(work, env, "sandbox", "up", "--wait")
        try:
            of_the_report(folder, work, env, browser)
            of_a_game_day(folder, work, env, browser)
        finally:
            chaoskit(work, env, "sandbox", "down")


def chaoskit(work: Path, env: Mapping[str, str], *arguments: str) -> None:
    """Run it there; whatever it exits with, the pictures show."""
    command = [sys.executable, "-m", "chaoskit", *arguments]
    subprocess.run(command, cwd=work, env=env, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


def of_the_report(folder: Path, work: Path, env: Mapping[str, str], browser: Any) -> None:
    """A report's beginning, light and dark, one experiment's timeline, and the matrix of techniques."""
    (work / "stranger-in-trust-policy.yaml").write_text(WEAK.format(within="2s"), "utf-8")
    files = [str(ROOT / "experiments" / f"{name}.yaml") for name in EXPERIMENTS]
    chaoskit(work, env, "run", "stranger-in-trust-policy.yaml", *files, "--html", "report.html")
    browser.get((work / "report.html").as_uri())
    for look in ("light", "dark"):
        scheme(browser, look)
        kept(folder / f"report-{look}.png", browser.save_screenshot)
    scheme(browser, "light")
    opened = browser.find_element("css selector", "#experiments > details[open]")
    kept(folder / "timeline.png", opened.screenshot)
    kept(folder / "techniques.png", browser.find_element("css selector", "#techniques .tactics").screenshot)


def of_a_game_day(folder: Path, work: Path, env: Mapping[str, str], browser: Any) -> None:
    """The view in a terminal, and the page of the room, at the same moment."""
    (work / "stranger-in-trust-policy.yaml").write_text(WEAK.format(within="5m"), "utf-8")
    day, address = work / "a-rehearsal.yaml", work / "address"
    day.write_text(DAY.format(experiments=ROOT / "experiments"), "utf-8")
    run = [sys.executable, "-m", "chaoskit", "gameday", "run", str(day), "--serve"]
    script = '"$@" 2> "$ADDRESS"'
    variables = [f"CHAOSKIT_HOME={env['CHAOSKIT_HOME']}", f"ADDRESS={address}"]
    command = ["env", *variables, "sh", "-c", script, "sh", *run]
    with terminal(command, COLUMNS, LINES) as view:
        view.shows("injected iam.trust-external-account", "left detection", "applied")
        view.press("n")
        view.press("-l", "Dana asks who may assume the training role")
        view.press("Enter")
        view.shows("note: Dana asks who")
        time.sleep(0.5)
        kept(folder / "gameday-terminal.png", lambda file: photograph(browser, view.coloured, file))
        url = re.search(r"http://\S+", address.read_text("utf-8"))
        if url is None:
            raise SystemExit("the room's page was not served")
        browser.get(url[0])
        until(lambda: "Dana asks who" in browser.find_element("id", "entries").text)
        browser.set_window_size(WIDTH, 900)
        kept(folder / "gameday-room.png", browser.save_screenshot)
        view.press("s")
        view.shows("ended 3")


def photograph(browser: Any, screen: str, file: str) -> None:
    """What a terminal shows, as Chromium draws it."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(screen.rstrip("\n")), soft_wrap=True)
    page = Path(file).with_suffix(".html")
    drawn = console.export_html(theme=MONOKAI, inline_styles=True, code_format=SCREEN)
    page.write_text(drawn, "utf-8")
    try:
        browser.get(page.as_uri())
        browser.find_element("id", "screen").screenshot(file)
    finally:
        page.unlink()


def until(true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    for _ in range(100):
        if true():
            return
        time.sleep(0.1)
    raise SystemExit("the room's page never showed the day")


def kept(file: Path, take: Callable[[str], object]) -> None:
    """Take a picture, and say how large it is."""
    take(str(file.resolve()))
    sys.stdout.write(f"{file}: {file.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
