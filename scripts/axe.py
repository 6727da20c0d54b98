"""Has axe look at a report of real size: `python scripts/axe.py out.json`, of which `make run` writes one.

`make test` does so with a few experiments only, all of them unfolded; here are all that there are, as the
page opens. Exit status 1 when axe finds anything.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from chaoskit.cli.reporting import results_named  # noqa: E402 - the checkout's own
from chaoskit.report.html import as_html  # noqa: E402 - as above
from tests.pages.browser import chromium, scheme, violations  # noqa: E402 - the tests know how Chromium is started

_WITHIN_S = 300


def main(results: str) -> int:
    """Render, open, look at it light and dark."""
    document = results_named(results)
    found: list[str] = []
    with TemporaryDirectory() as made, chromium() as browser:
        page = Path(made) / "report.html"
        page.write_text(as_html(document), "utf-8")
        browser.set_script_timeout(_WITHIN_S)
        browser.get(page.as_uri())
        count = browser.execute_script("return document.querySelectorAll('*').length")
        sys.stdout.write(
            f"{len(document['results'])} results, {page.stat().st_size // 1000} kB, {count} elements\n"
        )
        for look in ("light", "dark"):
            scheme(browser, look)
            begun = time.monotonic()
            seen = violations(browser)
            found += seen
            sys.stdout.write(f"{look}: {len(seen)} violations, {time.monotonic() - begun:.0f} s\n")
    sys.stdout.writelines(f"{each}\n" for each in found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
