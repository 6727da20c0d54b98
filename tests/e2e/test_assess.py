"""`chaoskit assess` in the reference workload: which level it reaches, and what keeps it from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import knowledge
from chaoskit.assess import assess, look_at
from chaoskit.spec import load
from chaoskit.spec.posture import groups
from tests.assess.documents import result
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.assess import Answer, Assessment
    from chaoskit.contract import Probe
    from chaoskit.posture import Group
    from tests.e2e.lab import Lab

KNOWLEDGE = Path(knowledge.__file__).parent


@pytest.fixture(scope="module")
def asked(lab: Lab) -> tuple[list[Group], list[Group]]:
    levels, parts = (
        groups(KNOWLEDGE / f"{name}.yaml", lab.target.variables) for name in ("maturity", "readiness")
    )
    return levels, parts


@pytest.fixture(scope="module")
def seen(lab: Lab, asked: tuple[list[Group], list[Group]]) -> Mapping[Probe, Answer]:
    who = "chaoskit-assess", "assess", 0
    aws = lab.target.open_read(*who) or lab.target.open(*who)
    return look_at([*asked[0], *asked[1]], aws, lab.clock.now())


def assessed(asked: Any, seen: Any, **verdicts: str) -> Assessment:
    """The assessment of all shipped experiments; they PASSED unless told otherwise."""
    results = [result(each.id, verdicts.get(each.id.replace("-", "_"), "PASSED")) for each in load([SHIPPED])]
    levels, parts = asked
    return assess(results, levels, parts, seen)


def test_the_untouched_workload_reaches_the_highest_level_and_is_ready(asked: Any, seen: Any) -> None:
    assessment = assessed(asked, seen)
    assert [answer for answer in seen.values() if answer.holds is not True] == []
    assert (assessment.level, assessment.missing()) == (4, ())
    assert all(part.holds for part in assessment.checklist)


@pytest.mark.parametrize(
    ("failed", "level", "missing"),
    [
        ("secret_in_environment_in_production", 0, "secrets"),
        ("key_deletion_in_production", 1, "data-keys"),
        ("poisoned_training_data_in_research", 2, "poisoning-noticed"),
        ("invocation_logging_muted", 3, "model-records-noticed"),
    ],
)
def test_one_failed_experiment_keeps_the_account_from_its_level(
    asked: Any, seen: Any, failed: str, level: int, missing: str
) -> None:
    assessment = assessed(asked, seen, **{failed: "FAILED"})
    assert (assessment.level, [item.id for item in assessment.missing()]) == (level, [missing])
