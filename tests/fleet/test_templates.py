"""The fleet's templates as AWS would read them: quotas, names, who is let in, and what linters say."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import consent, spec, switches
from chaoskit.contract import FAULTS, PROBES
from chaoskit.engine import deadman
from chaoskit.errors import ChaoskitError
from chaoskit.fleet.actions import Allowed, allowed
from chaoskit.fleet.deploy import Templates
from chaoskit.fleet.rendering import BODY_LIMIT
from chaoskit.fleet.roles import MOST_POLICIES, policies, size
from chaoskit.journal import table
from chaoskit.permissions import actions
from chaoskit.permissions.statements import MANAGED_LIMIT
from chaoskit.sandbox.cfn.template import parse
from chaoskit.sandbox.cfn.types import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
FILES = Templates.of().files()
TOOLING, MEMBER, ORGANIZATION = (
    dict(parse(FILES[name]).resources) for name in ("tooling.yaml", "member-roles.yaml", "organization.yaml")
)
ACTIONS = json.loads((ROOT / "chaoskit" / "fleet" / "actions.json").read_text())
SCP_LIMIT = 5_120
ROLES = ("InjectRole", "ReadRole", "UndoRole")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def statements(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All statements of a role's inline policies, or of a managed policy."""
    given = resource["Properties"]
    documents = [policy["PolicyDocument"] for policy in given.get("Policies", ())]
    documents += [given["PolicyDocument"]] if "PolicyDocument" in given else []
    return [statement for document in documents for statement in document["Statement"]]


@pytest.mark.parametrize("name", FILES)
def test_a_template_fits_into_one_call_and_has_no_aliases(name: str) -> None:
    assert len(FILES[name].encode()) <= BODY_LIMIT
    assert "__" not in FILES[name]
    # CloudFormation User Guide, "CloudFormation template formats": YAML aliases are not supported.
    assert not re.search(r"^\s*(- )?[&*]\w", FILES[name], re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_the_sandbox_honours_every_property(name: str) -> None:
    for logical_id, resource in parse(FILES[name]).resources.items():
        assert not set(resource["Properties"]) - TYPES[resource["Type"]].properties, logical_id


def test_cfn_lint_finds_nothing(written: Path) -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    told = subprocess.run([program, *written.iterdir()], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_checkov_finds_nothing(written: Path) -> None:
    program = shutil.which("checkov")
    if program is None:
        pytest.skip("checkov is not installed: it pins its own boto3, so it has an environment of its own")
    asked = [program, "--directory", str(written), "--framework", "cloudformation", "--skip-download"]
    told = subprocess.run(
        [*asked, "--output", "json", "--quiet"], capture_output=True, text=True, check=False
    )
    summary = json.loads(told.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0), told.stdout
    assert summary["passed"] > 50


def test_the_journals_table_is_the_journals_own() -> None:
    given = TOOLING["Journal"]["Properties"]
    wanted = dict(table.TABLE)
    assert wanted.pop("SSESpecification")["SSEEnabled"]
    assert given["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert {name: given[name] for name in wanted} == wanted
    (keeping,) = (each for each in statements(TOOLING["WorkerRole"]) if each["Sid"] == "KeepTheJournal")
    assert tuple(keeping["Action"]) == table.ACTIONS


def test_the_state_machine_is_the_fleets_own() -> None:
    file = ROOT / "chaoskit" / "fleet" / "state-machine.asl.json"
    given = TOOLING["Machine"]["Properties"]
    assert json.loads(given["DefinitionString"]) == json.loads(file.read_text())
    named = set(re.findall(r"\$\{(\w+)\}", given["DefinitionString"]))
    assert named == set(given["DefinitionSubstitutions"])


def test_what_is_kept_outlives_the_stack() -> None:
    kept = {name for name, each in TOOLING.items() if each.get("DeletionPolicy") == "Retain"}
    assert kept == {"Journal", "Key", "MachineLog", "Results", "WorkerLog"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_trusts_the_tooling_accounts_worker_alone(role: str) -> None:
    first, *more = MEMBER[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert first["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${ToolingAccount}:root"}}
    worker = "arn:${AWS::Partition}:iam::${ToolingAccount}:role/chaoskit-fleet-worker"
    assert first["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": {"Fn::Sub": worker}},
        "StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}},
    }
    services = [each["Principal"]["Service"] for each in more]
    # The dead-man's switch acts as the undo role.
    assert services == ([["scheduler.amazonaws.com", "ssm.amazonaws.com"]] if role == "UndoRole" else [])
    assert all("aws:SourceAccount" in each["Condition"]["StringEquals"] for each in more)


def test_the_account_says_that_it_is_a_sandbox_as_chaoskit_asks_it() -> None:
    given = MEMBER["Consent"]["Properties"]
    assert (given["Name"], given["Value"]) == (consent.PARAMETER, consent.YES)
    (kept,) = (
        each for each in statements(MEMBER["LeaveTheHarnessAlone"]) if each["Sid"] == "LeaveTheSwitchesAlone"
    )
    assert kept["Resource"]["Fn::Sub"].endswith(":parameter/chaoskit/*")
    assert all(name.startswith("/chaoskit/") for name in (consent.PARAMETER, switches.PARAMETER))


def test_the_undo_role_may_arm_the_dead_mans_switch_under_its_names_only() -> None:
    given = {each["Sid"]: each for each in statements(MEMBER["UndoRole"])}
    assert given["Arm"]["Resource"]["Fn::Sub"].endswith(f":schedule/default/{deadman.NAMED}*")
    documents = [each["Fn::Sub"] for each in given["KeepUndoDocuments"]["Resource"]]
    assert sum(each.endswith(f"/{deadman.NAMED}*") for each in documents) == 2


@pytest.mark.parametrize("role", policies(allowed()), ids=lambda role: role.name)
def test_a_roles_policies_fit_into_its_quotas(role: Any) -> None:
    assert 0 < len(role.documents) <= MOST_POLICIES
    assert all(size(document) <= MANAGED_LIMIT for document in role.documents)


def test_a_role_has_the_policies_made_for_it() -> None:
    for role in policies(allowed()):
        attached = MEMBER[f"{role.name.title()}Role"]["Properties"]["ManagedPolicyArns"]
        made = [f"{role.name.title()}Policy{number}" for number, _ in enumerate(role.documents, 1)]
        limits = [] if role.name == "read" else ["LeaveTheHarnessAlone"]
        assert [each["Ref"] for each in attached] == limits + made


def test_the_read_role_changes_nothing_and_reads_data_where_it_was_told() -> None:
    granted = {action for document in policies(allowed())[2].documents for action in _actions(document)}
    asking = (
        r"(apigateway:GET|bedrock:ApplyGuardrail|athena:StartQueryExecution|logs:(FilterLogEvents|StartQuery)"
    )
    reads = re.compile(
        asking + r"|cloudtrail:LookupEvents|events:TestEventPattern|.+:(Describe|Get|List)\w+)$"
    )
    assert sorted(action for action in granted if not reads.match(action)) == []
    assert not granted & {"s3:GetObject", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage"}
    evidence = {each["Sid"]: each for each in statements(MEMBER["ReadRole"])}
    assert evidence["ReadEvidence"]["Resource"] == {"Ref": "EvidenceObjects"}


def test_no_role_may_do_everything_of_a_service() -> None:
    for logical_id, resource in (TOOLING | MEMBER).items():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            for statement in statements(resource):
                wide = [each for each in _listed(statement["Action"]) if each.endswith("*")]
                assert not wide or statement["Effect"] == "Deny", logical_id


def test_what_injects_ends_at_its_account() -> None:
    for role in policies(allowed())[:2]:
        for document in role.documents:
            for statement in document["Statement"]:
                held = statement.get("Condition", {}).get("StringEqualsIfExists", {})
                whose = held == {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}
                assert whose or statement["Action"] == ["bedrock:InvokeModel"] or "stranger" in str(statement)


def test_the_guardrail_fits_into_an_scp_and_only_denies() -> None:
    content = ORGANIZATION["InjectInTheSandboxOnly"]["Properties"]["Content"]
    assert len(json.dumps(content, separators=(",", ":"))) <= SCP_LIMIT
    assert {each["Effect"] for each in content["Statement"]} == {"Deny"}


def test_each_service_that_assumes_a_role_names_the_account_it_acts_for() -> None:
    for logical_id, resource in (TOOLING | MEMBER).items():
        if resource["Type"] == "AWS::IAM::Role":
            for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                if "Service" in statement.get("Principal", {}):
                    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], logical_id


def test_every_fault_and_probe_of_the_catalog_has_its_actions() -> None:
    assert set(ACTIONS["faults"]) == set(FAULTS.names())
    assert set(ACTIONS["probes"]) == set(PROBES.names())


@pytest.mark.parametrize("name", FAULTS.names())
def test_a_faults_calls_are_among_its_actions(name: str) -> None:
    """What `make fleet-actions` derived is as new as the fault's source: what is called there is allowed."""
    fault = FAULTS.get(name)
    assert fault is not None
    held = {each.split(" ")[0] for given in ACTIONS["faults"][name].values() for each in given}
    assert held
    assert [call for call in _calls(fault.__module__) if call not in held] == []


def test_for_fewer_experiments_the_roles_are_allowed_less() -> None:
    few = spec.load([ROOT / "experiments" / "identity" / "permissive-policy-on-training-role.yaml"])
    given = allowed(few)
    assert given.inject == {"iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"}
    assert given.undo == {"iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"}
    assert given.read < allowed().read
    assert len(Templates.of(few).member_roles) < len(FILES["member-roles.yaml"])


def test_many_actions_are_split_into_several_policies_and_too_many_refused() -> None:
    many = {f"service{number // 40:03}:SomeLongActionName{number:04}" for number in range(800)}
    inject, _, _ = policies(Allowed(inject=many))
    assert len(inject.documents) > 4
    assert all(size(document) <= MANAGED_LIMIT for document in inject.documents)
    assert {action for document in inject.documents for action in _actions(document)} == many
    too_many = {f"service{number // 40:03}:SomeLongActionName{number:04}" for number in range(4000)}
    with pytest.raises(ChaoskitError, match="may have 9: deploy it for fewer experiments"):
        policies(Allowed(inject=too_many))


def _actions(document: Any) -> Iterator[str]:
    for statement in document["Statement"]:
        if statement["Sid"] != "ReachTheStranger":
            yield from _listed(statement["Action"])


def _listed(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _calls(module: str) -> list[str]:
    """The actions of the calls and queries that a module writes down, but for those of a leaked key."""
    tree = ast.parse(inspect.getsource(import_module(module)))
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name("Call" | "Query"),
                args=[ast.Constant(str(service)), ast.Constant(str(name)), *_],
            ):
                others = {keyword.arg for keyword in node.keywords}
                own = actions.action(service, name, {}, "POST")
                if own and service != "apigateway" and "signed_by" not in others:
                    found.append(own)
    return found
