"""The templates as AWS would read them: sizes, names, and what they may say."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.cfn.intrinsics import Scope
from chaoskit.sandbox.cfn.parameters import resolve_parameters
from chaoskit.sandbox.cfn.template import parse
from chaoskit.sandbox.cfn.types import TYPES
from chaoskit.sandbox.workload import LAYERS

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.template import Template

NAMES = ("organization", "pipeline", "workload", *(f"workload-{layer}" for layer in LAYERS))
# Quotas: CloudFormation (TemplateURL, TemplateBody), Organizations (SCP), IAM (a role's inline policies).
URL_LIMIT = 1_000_000
BODY_LIMIT, SCP_LIMIT, ROLE_POLICIES_LIMIT = 51_200, 5_120, 10_240


def read(name: str) -> Template:
    return parse((resources.files("chaoskit.sandbox") / "templates" / f"{name}.yaml").read_text())


def resolved(template: Template, node: Any, **given: str) -> Any:
    """A value with stand-ins for what only exists once deployed."""
    parameters = resolve_parameters(
        template, [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()], {}
    )
    pseudo = {"AWS::AccountId": "444455556666", "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
    scope = Scope(
        values=parameters | pseudo,
        mappings={},
        conditions={},
        reference=lambda name: f"physical-id-of-{name}",
        attribute=lambda name, _: f"arn:aws:service:us-east-1:444455556666:resource/{name}",
    )
    return scope.resolve(node)


def guardrails() -> dict[str, dict[str, Any]]:
    template = read("organization")
    found = {}
    for resource in template.resources.values():
        properties = resolved(
            template,
            resource["Properties"],
            SandboxOu="ou-ab12-11111111",
            SandboxAccount="444455556666",
            ApprovedRegions="us-east-1",
            ProductionApi="a1b2c3d4e5",
            ProductionUsagePlan="f6g7h8",
            ProductionGuardrailArn="arn:aws:bedrock:us-east-1:444455556666:guardrail/abcdef123456",
            ProductionGuardrailVersion="1",
        )
        found[properties["Name"]] = properties
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_template_fits_into_one_call(name: str) -> None:
    limit = URL_LIMIT if name.startswith("workload") else BODY_LIMIT
    assert len(read(name).body.encode()) <= limit


@pytest.mark.parametrize("name", NAMES)
def test_every_property_of_a_template_is_honoured_by_its_type(name: str) -> None:
    for logical_id, resource in read(name).resources.items():
        ignored = set(resource["Properties"]) - TYPES[resource["Type"]].properties
        assert not ignored, logical_id


def test_the_guardrails_are_those_that_the_experiments_rely_on() -> None:
    assert set(guardrails()) == {
        "chaoskit-invoke-from-inside",
        "chaoskit-keep-ml-safe",
        "chaoskit-keep-models-guarded",
        "chaoskit-keep-private",
        "chaoskit-protect-audit",
        "chaoskit-protect-production-data",
        "chaoskit-protect-production-roles",
        "chaoskit-stay-in-approved-regions",
    }


@pytest.mark.parametrize("name", sorted(guardrails()))
def test_a_guardrail_fits_into_an_scp(name: str) -> None:
    assert len(json.dumps(guardrails()[name]["Content"], separators=(",", ":"))) <= SCP_LIMIT


@pytest.mark.parametrize("name", sorted(guardrails()))
def test_a_guardrail_only_denies_and_names_each_of_its_statements(name: str) -> None:
    statements = guardrails()[name]["Content"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}
    assert all(re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"]) for statement in statements)


@pytest.mark.parametrize("name", sorted(guardrails()))
def test_no_guardrail_names_the_research_tier(name: str) -> None:
    for statement in guardrails()[name]["Content"]["Statement"]:
        assert not re.search(r"ml-research|/research/", json.dumps(statement.get("Resource", "*")))


def test_the_policies_of_a_role_fit_into_its_quota() -> None:
    template = read("workload")
    for logical_id, resource in template.resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            policies = resolved(template, resource["Properties"], ArtifactBucket="b", ModelKey="k")[
                "Policies"
            ]
            size = sum(len(re.sub(r"\s", "", json.dumps(policy["PolicyDocument"]))) for policy in policies)
            assert size <= ROLE_POLICIES_LIMIT, logical_id


def test_every_service_role_is_safe_from_the_confused_deputy() -> None:
    for name in ("pipeline", "workload"):
        for logical_id, resource in read(name).resources.items():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                service = statement["Principal"].get("Service")
                # Lambda sends no aws:SourceAccount when it assumes a function's role.
                if service and service != "lambda.amazonaws.com":
                    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], logical_id


def test_only_the_legacy_research_bucket_can_be_opened_to_the_public() -> None:
    open_to_acls = [
        logical_id
        for name in ("pipeline", "workload")
        for logical_id, resource in read(name).resources.items()
        if resource["Type"] == "AWS::S3::Bucket"
        and not all(resource["Properties"]["PublicAccessBlockConfiguration"].values())
    ]
    assert open_to_acls == ["ResearchTrainingDataBucket"]


def test_the_responder_may_not_set_an_acl_other_than_private() -> None:
    policies = read("workload").resources["ResponderRole"]["Properties"]["Policies"]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    (acl,) = [each for each in statements if each["Action"] == "s3:PutBucketAcl"]
    assert acl["Condition"] == {"StringEquals": {"s3:x-amz-acl": "private"}}
