"""What the page shows, worked out from documents: the template only places it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.assess import assess
from chaoskit.assess.matrix import ROLES
from chaoskit.contract import LAYERS
from chaoskit.report.html.pictures import distribution, timeline, trend
from chaoskit.report.html.techniques import anchor, techniques
from chaoskit.report.text import outcome
from chaoskit.slo import Duration
from chaoskit.trends import Series, series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.report.html.pictures import Distribution, Timeline

VERDICTS: Final = ("PASSED", "FAILED", "ABORTED", "INCONCLUSIVE", "ERROR")
_MOST_OPENED: Final = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """One experiment on the page.

    Attributes:
        result: Its result, as in the document.
        anchor: Where it stands on the page; the same experiment may have been run more than once.
        picture: Its timeline, if anything was sent.
        expectations: A sentence each.
        opened: Whether it is unfolded: the first that did not pass.
    """

    result: Mapping[str, Any]
    anchor: str
    picture: Timeline | None
    expectations: tuple[str, ...]
    opened: bool


@dataclass(frozen=True, slots=True)
class Latency:
    """One expectation over several runs."""

    name: str
    told: str
    picture: Distribution
    trend: str
    slo: str


def view(
    document: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    assessment: Mapping[str, Any] | None,
    mutation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Everything that the template asks for."""
    results: list[Mapping[str, Any]] = document["results"]
    predictions = list(_predictions(results))
    assessed = assessment or assess(results, [], [], {}).dump()
    return {
        "document": document,
        "counts": [(verdict, sum(r["verdict"] == verdict for r in results)) for verdict in VERDICTS],
        "restored": all(result["restored"] for result in results),
        "experiments": list(_experiments(results)),
        "by_role": list(_by_role(document)),
        "latencies": list(_latencies([document, *history])),
        "layers": LAYERS,
        "purposes": list(ROLES.values()),
        "matrix": {(cell["layer"], ROLES[cell["role"]]): cell for cell in assessed["matrix"]},
        "controls": assessed["controls"],
        "maturity": assessed["maturity"],
        "checklist": assessed["checklist"],
        "techniques": techniques(results),
        "predictions": predictions,
        "foretold": sorted(Counter((each["effect"], each["outcome"]) for each in predictions).items()),
        "disagreements": document.get("disagreements", []),
        "mutation": mutation,
    }


def _experiments(results: Sequence[Mapping[str, Any]]) -> Iterator[Shown]:
    attention = 0
    for number, result in enumerate(results, 1):
        lines = tuple(map(_expectation, result["expectations"]))
        attention += result["verdict"] != "PASSED"
        opened = result["verdict"] != "PASSED" and attention <= _MOST_OPENED
        yield Shown(result, anchor(number, result), timeline(result), lines, opened)


def _expectation(each: Mapping[str, Any]) -> str:
    return outcome(each["role"], each["met"], each["latency_s"], each["slo_s"])


def _by_role(document: Mapping[str, Any]) -> Iterator[Latency]:
    """What detections took, and what responses took, whoever's they are."""
    found: dict[str, Series] = {}
    for each in series([document]):
        one = found.setdefault(each.role, Series("", each.role, "", None))
        one.latencies += each.latencies
    for one in found.values():
        if shown := _latency(one):
            yield replace(shown, name=one.role, trend="")


def _latencies(documents: Sequence[Mapping[str, Any]]) -> Iterator[Latency]:
    """Of what was seen more than once; a single time is in its experiment's own picture."""
    for each in series(documents):
        if len(each.latencies) > 1 and (shown := _latency(each)):
            yield shown


def _latency(each: Series) -> Latency | None:
    picture = distribution(each)
    median, p95 = each.percentile(0.5), each.percentile(0.95)
    if picture is None or median is None or p95 is None:
        return None
    told = (
        f"{len(each.latencies)} seen, median {Duration(round(median.value, 3))}, "
        f"95th percentile {Duration(round(p95.value, 3))}"
    )
    slo = str(Duration(each.slo_s)) if each.slo_s is not None else ""
    return Latency(
        f"{each.experiment}: {each.role} {each.probe}", told, picture, trend(each.latencies[::-1]), slo
    )


def _predictions(results: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for result in results:
        for fault in result["faults"]:
            for change in fault["changes"]:
                if change["predicted"]:
                    yield {
                        "experiment": result["experiment"],
                        "call": f"{change['service']}:{change['operation']}",
                        "predicted": change["predicted"],
                        "effect": change["predicted"]["effect"],
                        "outcome": change["outcome"],
                        "denied_by": change["denied_by"],
                    }
