"""The files that results can be written as, beside HTML: a name, what it is for, and how the text is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.report.asff import findings
from chaoskit.report.junit import as_junit
from chaoskit.report.markdown import as_markdown
from chaoskit.report.ocsf import as_ocsf
from chaoskit.report.prometheus import as_prometheus
from chaoskit.report.sarif import as_sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Make = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    Attributes:
        name: The option's.
        purpose: For its help.
        make: From a document of schema `chaoskit/results/v1` to the text.
    """

    name: str
    purpose: str
    make: Make


def as_json(document: Mapping[str, Any]) -> str:
    """The document itself, of schema `chaoskit/results/v1`."""
    return json.dumps(document, indent=2) + "\n"


def _as_asff(document: Mapping[str, Any]) -> str:
    return json.dumps(findings(document), indent=2) + "\n"


FORMATS: Final = (
    Format("json", "Write the results as JSON.", as_json),
    Format("markdown", "Write Markdown, for a pull request.", as_markdown),
    Format("junit", "Write JUnit XML.", as_junit),
    Format("sarif", "Write SARIF: weaknesses at the experiment's file and line.", as_sarif),
    Format("asff", "Write Security Hub findings (ASFF).", _as_asff),
    Format("ocsf", "Write OCSF events, one a line.", as_ocsf),
    Format("prometheus", "Write a Prometheus text file.", as_prometheus),
)
