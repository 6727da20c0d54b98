"""Where two controls stand before one thing, either may go; without both the experiment says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.result import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.lab import Lab

ROLES = "chaoskit-protect-production-roles"


def test_without_both_statements_an_admin_can_create_a_production_user_and_the_run_fails(
    lab: Lab, journal: Path, without: Any
) -> None:
    with without("scp", ROLES):
        result = lab.run("admin-user-in-production", journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert "iam:CreateUser went through" in result.reason
    assert result.restored


def test_what_an_endpoint_configuration_slipped_past_is_told_and_the_configuration_is_deleted(
    lab: Lab, journal: Path, without_statement: Any
) -> None:
    # The other statements of the SCP stay, and must not keep what was made from being taken away again.
    configs = lab.client("sagemaker").list_endpoint_configs
    before = configs()["EndpointConfigs"]
    for name, sid in (
        ("production-data-capture-stopped", "KeepProductionEndpointConfigs"),
        ("production-shadow-variant", "KeepProductionEndpointConfigs"),
        ("hosting-without-key-in-production", "RequireKeyForProductionEndpoints"),
    ):
        with without_statement("chaoskit-keep-models-guarded", sid):
            result = lab.run(name, journal)
        assert result.verdict is Verdict.FAILED, f"{name}: {result.reason}"
        assert result.restored
        assert configs()["EndpointConfigs"] == before
