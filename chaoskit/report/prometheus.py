"""Results as a Prometheus text file, for node_exporter's textfile collector.

Source: Prometheus documentation, "Exposition formats".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELP: Final = {
    "chaoskit_experiment_passed": "1 when the last run of the experiment ended PASSED, else 0.",
    "chaoskit_experiment_restored": "1 when everything was put back, else 0.",
    "chaoskit_experiment_finished_timestamp_seconds": "When the experiment ended, since the epoch.",
    "chaoskit_expectation_met": "1 when it was met, 0 when it was missed, -1 when it can't be told.",
    "chaoskit_expectation_latency_seconds": "From the sending of the fault to the evidence.",
    "chaoskit_expectation_slo_seconds": "The service level objective of the expectation.",
}
_MET: Final = {True: 1.0, False: 0.0, None: -1.0}


def as_prometheus(document: Mapping[str, Any]) -> str:
    """The samples, each metric's together.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    # A repeated experiment is told once, as it was last: equal labels twice are no exposition.
    newest = {
        (result["experiment"], result["account"], result["region"]): result for result in document["results"]
    }
    for result in newest.values():
        for name, labels, value in _samples(result):
            samples[name].append(f"{name}{_labels(labels)} {value!r}")
    lines = [
        line
        for name, own in samples.items()
        if own
        for line in (f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge", *own)
    ]
    return "\n".join(lines) + "\n"


def _samples(result: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], float]]:
    own = {
        "experiment": result["experiment"],
        "layer": result["layer"],
        "account": result["account"],
        "region": result["region"],
    }
    yield "chaoskit_experiment_passed", own, float(result["verdict"] == "PASSED")
    yield "chaoskit_experiment_restored", own, float(result["restored"])
    if result["finished"]:
        ended = datetime.fromisoformat(result["finished"]).timestamp()
        yield "chaoskit_experiment_finished_timestamp_seconds", own, ended
    for number, each in enumerate(result["expectations"]):
        labels = {**own, "number": str(number), "role": each["role"], "probe": each["probe"]}
        yield "chaoskit_expectation_met", labels, _MET[each["met"]]
        if each["latency_s"] is not None:
            yield "chaoskit_expectation_latency_seconds", labels, each["latency_s"]
        if each["slo_s"] is not None:
            yield "chaoskit_expectation_slo_seconds", labels, each["slo_s"]


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
