"""What runs show together: latency percentiles, SLO attainment, error budgets, and what got worse."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

OBJECTIVE: Final = 0.95
"""The share of runs in which an expectation should be met, if nobody says otherwise."""
_CONFIDENCE: Final = 0.95
_CLOCK_S: Final = 0.05  # differences below this are the looks' own, not a detector's
_LOOK_S: Final = 0.5  # what lies between two looks tells nothing of a detector that was seen a few times only


@dataclass(frozen=True, slots=True)
class Estimate:
    """A percentile in seconds, and the interval that holds the true one with 95 % confidence.

    With too few values for that confidence, `lo` and `hi` are the least and the greatest seen, and
    `confident` is False.
    """

    value: float
    lo: float
    hi: float
    confident: bool


@dataclass(slots=True)
class Series:
    """One expectation of one experiment over several runs on one target.

    Attributes:
        probe: What looked.
        slo_s: In the newest run.
        latencies: In seconds, of runs in which the evidence was seen, in time or late.
        target: Where: a detector takes as long as it takes there.
        parameters: What the probe was given, of documents that tell it.
    """

    experiment: str
    role: str
    probe: str
    slo_s: float | None
    latencies: list[float] = field(default_factory=list)
    met: int = 0
    missed: int = 0
    unknown: int = 0
    target: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attainment(self) -> float | None:
        """The share of runs that met it, of those that could tell; None without any."""
        told = self.met + self.missed
        return self.met / told if told else None

    def budget_left(self, objective: float = OBJECTIVE) -> float | None:
        """What is left of the error budget: 1 is all of it, 0 none, below 0 it is overspent."""
        told = self.met + self.missed
        allowed = (1 - objective) * told
        if not told:
            return None
        return 1 - self.missed / allowed if allowed else float(not self.missed)

    def percentile(self, q: float) -> Estimate | None:
        """The latency below which a share `q` of runs lies."""
        return percentile(self.latencies, q)


def percentile(values: Sequence[float], q: float) -> Estimate | None:
    """A percentile by nearest rank, with the distribution-free interval of its order statistics."""
    ordered = sorted(values)
    if not ordered:
        return None
    count = len(ordered)
    rank = min(max(math.ceil(q * count), 1), count)
    below = above = rank
    while _coverage(count, q, below, above) < _CONFIDENCE and (below > 1 or above < count):
        below, above = max(below - 1, 1), min(above + 1, count)
    enough = _coverage(count, q, below, above) >= _CONFIDENCE
    return Estimate(ordered[rank - 1], ordered[below - 1], ordered[above - 1], enough)


def _coverage(count: int, q: float, below: int, above: int) -> float:
    """How surely the true percentile lies between these order statistics: a binomial count does."""
    return sum(math.comb(count, k) * q**k * (1 - q) ** (count - k) for k in range(below, above))


def series(documents: Iterable[Mapping[str, Any]]) -> list[Series]:
    """The expectations of runs, each over all of them; one that was changed is another one.

    Args:
        documents: Of schema `chaoskit/results/v1`, the newest first.
    """
    found: dict[tuple[object, ...], Series] = {}
    for document in documents:
        target = document.get("target", "")
        for result in document["results"]:
            for number, seen in enumerate(result["expectations"]):
                one = Series(
                    result["experiment"],
                    seen["role"],
                    seen["probe"],
                    seen["slo_s"],
                    target=target,
                    parameters=seen.get("parameters") or {},
                )
                _add(found.setdefault((number, *_what(one)), one), seen)
    return list(found.values())


def _what(one: Series) -> tuple[str, ...]:
    """All that must be the same for two runs to be of the same series."""
    given = json.dumps(one.parameters, sort_keys=True)
    return one.target, one.experiment, one.role, one.probe, given


def _add(to: Series, seen: Mapping[str, Any]) -> None:
    if seen["met"] is None:
        to.unknown += 1
    elif seen["met"]:
        to.met += 1
    else:
        to.missed += 1
    if seen["latency_s"] is not None:
        to.latencies.append(seen["latency_s"])


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between two sets of runs; a regression is for the worse."""

    experiment: str
    what: str
    regression: bool


def compare(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """What is different after, regressions first.

    Args:
        before: Documents of schema `chaoskit/results/v1`, the newest first.
        after: Likewise.
    """
    old, new = _latest(before), _latest(after)
    found = [
        difference for name in old.keys() & new.keys() for difference in _changed(name, old[name], new[name])
    ]
    found += [Difference(name, "was run before, and now is not", False) for name in old.keys() - new.keys()]
    found += [Difference(name, "is new", False) for name in new.keys() - old.keys()]
    found += _slower(series(before), series(after))
    return sorted(found, key=lambda each: (not each.regression, each.experiment, each.what))


def _latest(documents: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    latest: dict[str, Mapping[str, Any]] = {}
    for result in _results(documents):
        latest.setdefault(result["experiment"], result)
    return latest


def _changed(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    was, now = old["verdict"], new["verdict"]
    if was != now:
        worse = was == "PASSED" or (old["restored"] and not new["restored"])
        yield Difference(name, f"was {was}, now {now}: {new['reason']}", worse)
    stopped, let_through = _outcomes(old) == {"denied"}, "applied" in _outcomes(new)
    if stopped and let_through:
        noticed = any(seen["met"] and seen["role"] != "guardrail" for seen in new["expectations"])
        yield Difference(name, f"was prevented, now only {'detected' if noticed else 'injected'}", True)
    elif _outcomes(new) == {"denied"} and "applied" in _outcomes(old):
        yield Difference(name, "was let through, now prevented", False)


def _outcomes(result: Mapping[str, Any]) -> set[str]:
    return {change["outcome"] for fault in result["faults"] for change in fault["changes"]}


def _slower(before: Sequence[Series], after: Sequence[Series]) -> Iterator[Difference]:
    earlier = _by_place(before)
    for place, new in _by_place(after).items():
        old = earlier.get(place)
        was, now = old.percentile(0.5) if old else None, new.percentile(0.5)
        if was is None or now is None:
            continue
        words = f"{new.role} {new.probe}: median {was.value:.3f} s before, {now.value:.3f} s now"
        if now.lo > _ceiling(was):
            yield Difference(new.experiment, f"got slower: {words}", True)
        elif was.lo > _ceiling(now):
            yield Difference(new.experiment, f"got quicker: {words}", False)


def _ceiling(estimate: Estimate) -> float:
    """Above this, a latency is another one; of a few runs the spread is unknown, so farther off."""
    spread = 0.0 if estimate.confident else max(estimate.hi, _LOOK_S)
    return estimate.hi + spread + _CLOCK_S


def _by_place(found: Sequence[Series]) -> dict[tuple[str, str, str, int], Series]:
    """By experiment, role and probe; the same probe may be asked more than once."""
    places: dict[tuple[str, str, str, int], Series] = {}
    seen = Counter[tuple[str, str, str]]()
    for each in found:
        name = each.experiment, each.role, each.probe
        places[*name, seen[name]] = each
        seen[name] += 1
    return places


def _results(documents: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        yield from document["results"]
