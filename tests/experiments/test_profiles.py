"""Well-known anti-patterns: the experiments that pass on the untouched workload find each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.embedded import PROFILES
from chaoskit.result import Verdict
from chaoskit.sandbox import overlays
from tests.e2e.conftest import lab_in
from tests.e2e.lab import SHIPPED
from tests.one_sandbox import deploy

if TYPE_CHECKING:
    from pathlib import Path

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


def test_every_profile_has_experiments_that_find_it() -> None:
    assert sorted(FOUND) == sorted(PROFILES) == overlays.names()


@pytest.mark.parametrize("profile", PROFILES)
def test_experiments_find_an_anti_pattern_before_they_inject_anything(
    one_sandbox: OneSandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
) -> None:
    shipped = {path.stem for path in SHIPPED.rglob("*.yaml")}
    finds = {name: words for name, words in FOUND[profile].items() if name in shipped}
    if not finds:
        pytest.skip(f"no shipped experiment looks for {profile}")
    monkeypatch.setenv("CHAOSKIT_HOME", str(tmp_path / "home"))
    with one_sandbox.bare() as served:
        deploy(served, profile)
        lab = lab_in(served)
        for name, words in finds.items():
            result = lab.run(name, tmp_path / "journal.sqlite")
            assert result.verdict is Verdict.INCONCLUSIVE, f"{name}: {result.reason}"
            assert "steady state" in result.reason, name
            assert words in result.reason, f"{name}: {result.reason}"
            assert result.faults == [], name
