"""Scanners of others as detectors: Cloud Custodian, Prowler and Cloudsplaining, on a served sandbox."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws, Call, Connection, Credentials
from chaoskit.contract import Attempt, Trace
from chaoskit.probes.cloudsplaining_flagged import CloudsplainingFlagged
from chaoskit.probes.custodian_matched import CUSTODIAN, CustodianMatched
from chaoskit.probes.prowler_failed import PROWLER, ProwlerFailed
from tests.samples import ACCOUNT, ADMIN, NOW, REGION
from tests.sandbox.aws import Aws as Sandboxed
from tests.sandbox.aws import allow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Reader
    from tests.one_sandbox import OneSandbox

BEFORE = Trace("20260301T120000-abc123.1", NOW)
LAMBDA = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
POLICIES = """
policies:
  - name: admin-roles
    resource: aws.iam-role
    filters:
      - {type: has-specific-managed-policy, value: AdministratorAccess}
    actions:
      - {type: set-policy, state: detached, arn: "arn:aws:iam::aws:policy/AdministratorAccess"}
"""
# Says what it was given, in the place of a scanner that is not installed.
TOOL = """#!/bin/sh
for each in "$@"; do last="$each"; done
mkdir -p "$4/admin-roles"
printf '[{"RoleName": "%s", "Endpoint": "%s"}]' "$AWS_PROFILE$AWS_ACCESS_KEY_ID" "$AWS_ENDPOINT_URL" \\
    > "$4/admin-roles/resources.json"
echo "asked: $*" >&2
exit $EXIT
"""


@pytest.fixture(scope="module")
def aws(one_sandbox: OneSandbox) -> Iterator[Sandboxed]:
    with one_sandbox.bare() as served:
        yield Sandboxed(served)


@pytest.fixture(scope="module")
def reader(aws: Sandboxed) -> Reader:
    key = aws.served.credentials["admin"]
    held = Credentials(key.access_key_id, key.secret_access_key)
    return Aws(Connection(REGION, endpoint_url=aws.url, credentials=held), account=ACCOUNT)


@pytest.fixture
def policies(tmp_path: Path) -> str:
    path = tmp_path / "policies.yml"
    path.write_text(POLICIES)
    return str(path)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tool"
    path.write_text(TOOL)
    path.chmod(0o755)
    monkeypatch.setenv("CHAOSKIT_CUSTODIAN", str(path))
    monkeypatch.setenv("EXIT", "0")
    monkeypatch.setenv("AWS_PROFILE", "someone-elses")


def after(role: str, outcome: Any = "applied") -> Trace:
    """A trace of one call that attached a policy to a role."""
    call = Call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=ADMIN)
    attempt = Attempt(fault="iam.attach-role-policy", call=call, at=NOW, outcome=outcome)
    return Trace(BEFORE.trace_id, NOW, (attempt,))


def custodian(path: str, role: str) -> CustodianMatched:
    return CustodianMatched(policies=path, policy="admin-roles", resource=role)


@pytest.mark.usefixtures("tool")
def test_a_tool_acts_as_the_run_and_not_as_this_process(
    reader: Reader, policies: str, aws: Sandboxed
) -> None:
    key = aws.served.credentials["admin"].access_key_id
    seen = custodian(policies, key).look(reader, BEFORE)
    assert seen.holds
    assert seen.evidence["tied_by"] == "no call of this run"


@pytest.mark.usefixtures("tool")
def test_a_finding_counts_only_of_what_a_call_of_the_run_changed(
    reader: Reader, policies: str, aws: Sandboxed
) -> None:
    key = aws.served.credentials["admin"].access_key_id
    probe = custodian(policies, key)
    assert probe.look(reader, after(key)).evidence["tied_by"] == "resource and time"
    assert probe.look(reader, after(key, outcome="denied")).holds is False
    other = probe.look(reader, after("another-role"))
    assert other.holds is False
    assert "no call of this run touched" in other.summary
    nothing = custodian(policies, "unmatched").look(reader, after("unmatched"))
    assert (nothing.holds, nothing.evidence) == (False, {})


@pytest.mark.usefixtures("tool")
def test_a_tool_that_fails_leaves_the_answer_unknown_and_its_own_words(
    reader: Reader, policies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXIT", "3")
    seen = custodian(policies, "role").look(reader, after("role"))
    assert seen.holds is None
    assert "asked: run --dryrun" in seen.summary


def test_a_scanner_that_is_not_installed_is_named_with_how_to_get_it(
    reader: Reader, policies: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("CHAOSKIT_CUSTODIAN", "CHAOSKIT_PROWLER"):
        monkeypatch.delenv(variable, raising=False)
    for probe in (
        custodian(policies, "role"),
        ProwlerFailed(check="iam_role_administratoraccess_policy", resource="r"),
    ):
        ready, seen = probe.ready(reader), probe.look(reader, BEFORE)
        assert (ready.holds, seen.holds) == (False, None)
        assert "pipx install" in ready.summary
        assert ready.summary in seen.summary


@pytest.mark.usefixtures("tool")
def test_a_policy_file_that_is_not_there_is_named(reader: Reader) -> None:
    assert custodian("nowhere.yml", "role").ready(reader).summary == "there is no file nowhere.yml"


def test_what_a_scanner_reads_is_part_of_what_the_run_needs(policies: str) -> None:
    probe = CustodianMatched(policies=policies, policy="p", resource="r", calls=("iam:ListRoles",))
    assert probe.lends() == ("iam:ListRoles",)
    assert ProwlerFailed(check="c", resource="r").lends() == ()
    assert CloudsplainingFlagged(role="r", risk="ServiceWildcard").lends() == ()


def test_custodian_finds_what_the_fault_did_and_repairs_it(
    aws: Sandboxed, reader: Reader, policies: str, tmp_path: Path
) -> None:
    if CUSTODIAN.path is None:
        pytest.skip("Cloud Custodian is not installed: see CHAOSKIT_CUSTODIAN")
    aws.role("training", LAMBDA)
    probe = custodian(policies, "training")
    assert probe.ready(reader).holds
    assert probe.look(reader, BEFORE).holds is False
    aws.client("iam").attach_role_policy(RoleName="training", PolicyArn=ADMIN)
    seen = probe.look(reader, after("training"))
    assert seen.holds, seen.summary
    attached = aws.client("iam").list_attached_role_policies
    assert attached(RoleName="training")["AttachedPolicies"], "a look only looks"
    environment = Aws(
        Connection(
            REGION,
            endpoint_url=aws.url,
            credentials=Credentials(**_keys(aws)),
        )
    ).environment()
    subprocess.run(
        [CUSTODIAN.path, "run", "-s", str(tmp_path), "--cache-period", "0", "--region", REGION, policies],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environment},
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert attached(RoleName="training")["AttachedPolicies"] == []
    assert probe.look(reader, after("training")).holds is False


def test_prowler_fails_its_check_on_what_the_fault_did(aws: Sandboxed, reader: Reader) -> None:
    if PROWLER.path is None:
        pytest.skip("Prowler is not installed: see CHAOSKIT_PROWLER")
    # The check leaves roles out that only services can assume.
    own = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    aws.role("scanned", own)
    probe = ProwlerFailed(check="iam_role_administratoraccess_policy", resource="scanned")
    assert probe.ready(reader).holds
    aws.client("iam").attach_role_policy(RoleName="scanned", PolicyArn=ADMIN)
    seen = probe.look(reader, after("scanned"))
    assert seen.holds, seen.summary


def test_cloudsplaining_flags_what_the_fault_lets_a_role_do(aws: Sandboxed, reader: Reader) -> None:
    pytest.importorskip("cloudsplaining", reason="Cloudsplaining is not installed: chaoskit[cloudsplaining]")
    aws.role("explained", LAMBDA, allow("s3:ListBucket", "arn:aws:s3:::x"))
    probe = CloudsplainingFlagged(role="explained", risk="PrivilegeEscalation")
    assert probe.ready(reader).holds
    assert probe.look(reader, BEFORE).holds is False
    aws.client("iam").attach_role_policy(RoleName="explained", PolicyArn=ADMIN)
    seen = probe.look(reader, after("explained"))
    assert seen.holds, seen.summary
    assert list(seen.evidence["policies"]) == [ADMIN]
    assert json.dumps(seen.evidence)
    assert probe.look(reader, after("other")).holds is False


def test_cloudsplaining_that_is_not_installed_is_named(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaoskit.probes.cloudsplaining_flagged._scanner", lambda: None)
    probe = CloudsplainingFlagged(role="nobody", risk="ServiceWildcard")
    assert "chaoskit[cloudsplaining]" in probe.ready(reader).summary
    assert probe.look(reader, BEFORE).holds is None


def _keys(aws: Sandboxed) -> dict[str, str]:
    key = aws.served.credentials["admin"]
    return {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}
