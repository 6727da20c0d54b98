"""Takes the documentation's pictures: `python scripts/shots.py docs/pictures` (Debian's Chromium).

A few experiments are run in a sandbox, one of them to fail; then their HTML report is photographed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.pages.browser import chromium, scheme  # noqa: E402 - the tests know how Chromium is started

EXPERIMENTS = (
    "identity/permissive-policy-on-training-role",
    "identity/permissive-policy-on-production-role",
    "data/public-access-to-training-data",
    "application/leaked-key-invocation",
)
# Looks for the wrong rule, as in docs/first-experiment.md.
WEAK = """\
id: stranger-in-trust-policy
title: A foreign account in the training role's trust policy is reported
owner: you
layer: identity
hypothesis: A statement that lets a foreign account assume the training role is reported within 2 s.
blast_radius:
  {accounts: ["${sandbox.account}"], regions: ["${sandbox.region}"], max_duration: 5m, max_changes: 1}
faults:
  - iam.trust-external-account: {role: "${workload.training_role}"}
expect:
  - detection: {eventbridge.matched: {rule: chaoskit-permissive-policy}}
    within: 2s
"""
WIDTH, HEIGHT = 1100, 1250


def main(folder: Path) -> None:
    """Run, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as made:
        weak, report = Path(made) / "stranger-in-trust-policy.yaml", Path(made) / "report.html"
        weak.write_text(WEAK, "utf-8")
        files = [str(ROOT / "experiments" / f"{name}.yaml") for name in EXPERIMENTS]
        command = [sys.executable, "-m", "chaoskit", "run", weak.name, *files, "--html", str(report)]
        subprocess.run(command, cwd=made, check=False)  # noqa: S603 - our own; it exits with 1 as one fails
        with chromium(WIDTH, HEIGHT) as browser:
            browser.get(report.as_uri())
            for look in ("light", "dark"):
                scheme(browser, look)
                file = folder / f"report-{look}.png"
                browser.save_screenshot(str(file))
                sys.stdout.write(f"{file}: {file.stat().st_size // 1000} kB\n")
            scheme(browser, "light")
            file = folder / "timeline.png"
            opened = browser.find_element("css selector", "section > details[open]")
            browser.execute_script("arguments[0].scrollIntoView()", opened)
            opened.screenshot(str(file))
            sys.stdout.write(f"{file}: {file.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
