from __future__ import annotations

import random
from typing import Any

import pytest

from chaoskit.trends import compare, percentile, series

SEED = 20261123


def document(*results: dict[str, Any], target: str = "embedded") -> dict[str, Any]:
    return {"target": target, "results": list(results)}


def result(
    name: str = "small", verdict: str = "PASSED", outcome: str = "applied", **seen: Any
) -> dict[str, Any]:
    expectation = {
        "role": "detection",
        "probe": "eventbridge.matched",
        "met": verdict == "PASSED",
        "slo_s": 60.0,
        "latency_s": 1.0,
        **seen,
    }
    return {
        "experiment": name,
        "verdict": verdict,
        "reason": "why",
        "restored": True,
        "faults": [{"fault": "f", "changes": [{"outcome": outcome}]}],
        "expectations": [expectation],
    }


def test_a_percentile_has_the_interval_of_its_order_statistics() -> None:
    median = percentile([float(n) for n in range(1, 101)], 0.5)
    assert median is not None
    assert (median.value, median.confident) == (50.0, True)
    assert 38 <= median.lo <= 41
    assert 59 <= median.hi <= 62


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    chance = random.Random(SEED)  # noqa: S311 - a repeatable sample, not a secret
    held = 0
    for _ in range(400):
        estimate = percentile([chance.expovariate(1) for _ in range(30)], 0.5)
        assert estimate is not None
        held += estimate.lo <= 0.6931 <= estimate.hi
    assert held / 400 >= 0.93, f"seed {SEED}"


def test_too_few_values_give_no_confidence_and_say_so() -> None:
    estimate = percentile([3.0, 1.0], 0.95)
    assert estimate is not None
    assert (estimate.value, estimate.lo, estimate.hi, estimate.confident) == (3.0, 1.0, 3.0, False)
    assert percentile([], 0.5) is None


def test_attainment_leaves_out_what_could_not_be_told() -> None:
    (one,) = series([document(result()), document(result(met=None)), document(result(met=False))])
    assert (one.met, one.missed, one.unknown, one.attainment) == (1, 1, 1, 0.5)


def test_the_runs_since_an_expectation_changed_are_kept_apart_from_those_before() -> None:
    newer = [document(result(probe="securityhub.finding", latency_s=2.0)) for _ in range(2)]
    older = [document(result(latency_s=float(seconds))) for seconds in (7, 8, 9)]
    now, then = series([*newer, *older])
    assert (now.probe, now.latencies) == ("securityhub.finding", [2.0, 2.0])
    assert (then.probe, then.latencies) == ("eventbridge.matched", [7.0, 8.0, 9.0])


def test_what_one_target_took_says_nothing_of_another() -> None:
    there, here = series([document(result(latency_s=70.0), target="aws"), document(result())])
    assert (there.target, there.latencies, here.target, here.latencies) == ("aws", [70.0], "embedded", [1.0])


def test_another_rule_is_another_series_though_the_same_probe_asks_for_it() -> None:
    rules = [{"rule": "new", "bus": "default"}, {"rule": "old", "bus": "default"}]
    again = {"bus": "default", "rule": "new"}
    new, old = series([document(result(parameters=given)) for given in (*rules, again)])
    assert (new.parameters, new.met) == (rules[0], 2)
    assert (old.parameters, old.met) == (rules[1], 1)


@pytest.mark.parametrize(("missed", "left"), [(0, 1.0), (1, 0.0), (2, -1.0)])
def test_an_error_budget_is_spent_by_misses(missed: int, left: float) -> None:
    runs = [document(result(met=number >= missed)) for number in range(20)]
    (one,) = series(runs)
    assert one.budget_left(0.95) == pytest.approx(left)


def test_the_same_runs_differ_in_nothing() -> None:
    runs = [document(result())]
    assert compare(runs, runs) == []


def test_a_passed_experiment_that_fails_now_is_a_regression() -> None:
    (found,) = compare([document(result())], [document(result(verdict="FAILED"))])
    assert found.regression
    assert "was PASSED, now FAILED" in found.what


def test_what_was_prevented_and_now_is_only_detected_is_a_regression_though_it_passes() -> None:
    before = document(result(outcome="denied", role="guardrail", latency_s=None))
    (found,) = compare([before], [document(result())])
    assert found.regression
    assert found.what == "was prevented, now only detected"


def test_a_detector_that_got_slower_is_a_regression() -> None:
    (found,) = compare([document(result(latency_s=1.0))], [document(result(latency_s=9.0))])
    assert found.regression
    assert "got slower" in found.what
    (better,) = compare([document(result(latency_s=9.0))], [document(result(latency_s=1.0))])
    assert not better.regression


def test_one_look_later_is_no_slower_detector() -> None:
    assert compare([document(result(latency_s=0.1))], [document(result(latency_s=0.4))]) == []


def test_the_second_of_two_equal_probes_is_compared_with_the_second() -> None:
    before, after = result(latency_s=1.0), result(latency_s=1.0)
    for one, latency_s in ((before, 1.0), (after, 9.0)):
        one["expectations"] = [*one["expectations"], {**one["expectations"][0], "latency_s": latency_s}]
    (found,) = compare([document(before)], [document(after)])
    assert (found.regression, "9.000 s now" in found.what) == (True, True)


def test_what_is_no_longer_put_back_is_a_regression_though_it_had_failed_before() -> None:
    broken = {**result(verdict="ERROR"), "restored": False}
    (found,) = compare([document(result(verdict="FAILED"))], [document(broken)])
    assert found.regression


def test_a_detector_within_its_own_spread_did_not_get_slower() -> None:
    before = [document(result(latency_s=float(s))) for s in (1, 2, 9)]
    assert compare(before, [document(result(latency_s=3.0))]) == []


def test_what_is_new_or_gone_is_told_and_no_regression() -> None:
    found = compare([document(result("old"))], [document(result("new"))])
    assert [(each.experiment, each.regression) for each in found] == [("new", False), ("old", False)]
