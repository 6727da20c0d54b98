"""Well-known anti-patterns: the experiments that pass on the untouched workload find each of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit import knowledge
from chaoskit.assess import assess, look_at
from chaoskit.embedded import PROFILES
from chaoskit.result import Verdict
from chaoskit.sandbox import overlays
from chaoskit.spec import load
from chaoskit.spec.posture import groups
from tests.assess.documents import result as passed
from tests.e2e.conftest import lab_in
from tests.e2e.lab import SHIPPED
from tests.one_sandbox import deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.lab import Lab
    from tests.one_sandbox import OneSandbox

# By profile, the experiments that turn from PASSED to INCONCLUSIVE, and what each says. None injects a thing:
# what the fault would bring about is so already.
FOUND = {
    "admin-dev": {
        "admin-policy-on-research-group": "has the policy",
        "boundary-of-research-role": "boundary",
        "permissive-policy-on-training-role": "AdministratorAccess",
    },
    "aws-managed-keys": {
        "aws-managed-key-in-production": "encrypt",
        "aws-managed-key-in-research": "encrypt",
    },
    "igw-everywhere": {
        "internet-route-in-production": "internet",
        "internet-route-in-research": "internet",
        "public-subnet-in-research": "internet",
    },
    "no-vpc": {
        "function-outside-vpc-in-production": "in no VPC",
        "function-outside-vpc-in-research": "in no VPC",
    },
    "secrets-in-env": {
        "secret-in-environment-in-production": "DB_PASSWORD",
        "secret-in-environment-in-research": "DB_PASSWORD",
    },
    "shared-role": {"shared-role-of-research": "ml-research-inference"},
}

# By profile, the level that is reached although every experiment PASSED, and what is missing for the next.
MISSING = {
    "admin-dev": (0, ["no-admins"]),
    "aws-managed-keys": (0, ["data-encrypted"]),
    "igw-everywhere": (0, ["private-network"]),
    "no-vpc": (0, ["private-network"]),
    "secrets-in-env": (0, ["secrets"]),
    "shared-role": (1, ["own-roles"]),
}


def test_every_profile_has_experiments_that_find_it() -> None:
    assert sorted(FOUND) == sorted(MISSING) == sorted(PROFILES) == overlays.names()


@pytest.fixture(scope="module", params=PROFILES)
def profiled(
    one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Lab]]:
    """A profile, and the lab that is deployed with it."""
    with one_sandbox.bare() as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOSKIT_HOME", str(tmp_path_factory.mktemp("home")))
        deploy(served, request.param)
        yield request.param, lab_in(served)


def test_experiments_find_an_anti_pattern_before_they_inject_anything(
    profiled: tuple[str, Lab], journal: Path
) -> None:
    profile, lab = profiled
    for name, words in FOUND[profile].items():
        result = lab.run(name, journal)
        assert result.verdict is Verdict.INCONCLUSIVE, f"{name}: {result.reason}"
        assert "steady state" in result.reason, name
        assert words in result.reason, f"{name}: {result.reason}"
        assert result.faults == [], name


def test_an_assessment_says_which_level_an_anti_pattern_keeps_the_account_from(
    profiled: tuple[str, Lab],
) -> None:
    profile, lab = profiled
    levels = groups(Path(knowledge.__file__).parent / "maturity.yaml", lab.target.variables)
    seen = look_at(levels, lab.target.open("chaoskit-assess", "assess", 0), lab.clock.now())
    assessment = assess([passed(each.id) for each in load([SHIPPED])], levels, [], seen)
    assert (assessment.level, [item.id for item in assessment.missing()]) == MISSING[profile]
