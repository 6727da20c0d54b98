"""The report as one HTML file that needs no network: readable, printable, light and dark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError
from chaoskit.report.html.view import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

_HERE: Final = Path(__file__).parent
STYLE: Final = _HERE / "style.css"
"""The look of chaoskit's pages, light and dark."""


def as_html(
    document: Mapping[str, Any],
    *,
    history: Sequence[Mapping[str, Any]] = (),
    assessment: Mapping[str, Any] | None = None,
    mutation: Mapping[str, Any] | None = None,
) -> str:
    """A report of one run.

    Args:
        document: Of schema `chaoskit/results/v1`; it is embedded, so that `chaoskit report verify` can tell
            whether somebody edited the report.
        history: Documents of earlier runs, the newest first, for distributions and trends.
        assessment: Of schema `chaoskit/assessment/v1`; without it, what the results alone say.
        mutation: Of schema `chaoskit/mutation/v1`, for the control score.

    Raises:
        ChaoskitError: jinja2 is missing.
    """
    made = environment(_HERE)
    made.filters["plain"] = _plain
    page = made.get_template("page.html.j2")
    return page.render(
        view=view(document, history, assessment, mutation),
        style=STYLE.read_text("utf-8"),
        data=_in_a_script(document),
    )


def environment(folder: Path) -> Environment:
    """Templates of a folder, whose values are text unless they say otherwise.

    Raises:
        ChaoskitError: jinja2 is missing.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ChaoskitError("HTML reports need jinja2: pip install 'chaoskit[report]'.") from error
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # whatever comes from an account is text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plain(value: Any) -> str:
    """A piece of evidence as a person reads it."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _in_a_script(document: Mapping[str, Any]) -> str:
    """As JSON that can't end the script element it stands in."""
    return json.dumps(document).replace("<", "\\u003c").replace("\u2028", "\\u2028")
