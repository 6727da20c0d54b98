"""The API edge and its functions: experiments pass, don't without their control, and undo exactly."""

from __future__ import annotations

import base64
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from chaoskit.aws import Call
from chaoskit.errors import GuardError
from chaoskit.faults.apigateway_lift_usage_plan import LiftUsagePlan
from chaoskit.faults.apigateway_remove_authorizer import RemoveAuthorizer
from chaoskit.faults.lambda_attach_layer import AttachLayer
from chaoskit.faults.lambda_open_resource_policy import SID, OpenResourcePolicy
from chaoskit.faults.lambda_public_function_url import INVOKE_SID, PublicFunctionUrl
from chaoskit.faults.lambda_public_function_url import SID as URL_SID
from chaoskit.faults.lambda_swap_code import SwapCode
from chaoskit.faults.lambda_swap_handler import SwapHandler
from chaoskit.faults.wafv2_disassociate_web_acl import DisassociateWebAcl
from chaoskit.faults.wafv2_remove_rate_rule import RemoveRateRule
from chaoskit.result import Verdict
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

PREVENTED = [
    "authorizer-of-production-api-removed",
    "handler-of-production-function",
    "layer-on-production-function",
    "production-api-without-key",
    "production-code-swapped",
    "production-function-opened",
    "production-function-shared",
    "production-usage-plan-lifted",
    "public-url-of-production-function",
    "rate-rule-of-production-web-acl",
    "web-acl-off-production-api",
]
REPAIRED = [
    ("api-without-key", "chaoskit-api-changed", "restore-api-method"),
    ("authorizer-of-api-removed", "chaoskit-api-changed", "restore-api-method"),
    ("code-swapped", "chaoskit-function-changed", "restore-function"),
    ("function-opened-to-everyone", "chaoskit-function-opened", "close-public-function"),
    ("function-shared-with-stranger", "chaoskit-function-opened", "close-public-function"),
    ("handler-of-function", "chaoskit-function-changed", "restore-function"),
    ("layer-on-function", "chaoskit-function-changed", "restore-function"),
    ("public-url-of-function", "chaoskit-function-opened", "close-public-function"),
    ("rate-rule-of-web-acl", "chaoskit-web-acl-changed", "restore-web-acl"),
    ("usage-plan-lifted", "chaoskit-usage-plan-changed", "restore-usage-plan"),
    ("web-acl-off-api", "chaoskit-web-acl-detached", "restore-web-acl"),
]
RULES = sorted({rule for _, rule, _ in REPAIRED})
# `chaoskit mutate` takes every control from every experiment.
ONE_A_RULE = {rule: name for name, rule, _ in REPAIRED}
ONE_A_RUNBOOK = {runbook: name for name, _, runbook in REPAIRED}


@pytest.mark.parametrize("experiment", [name for name, *_ in REPAIRED])
def test_an_experiment_passes_and_leaves_the_edge_as_it_was(lab: Lab, journal: Path, experiment: str) -> None:
    before = _picture(lab)
    result = lab.run(experiment, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("experiment", PREVENTED)
def test_without_the_scp_the_fault_goes_through_and_is_undone(
    lab: Lab, journal: Path, without: Any, experiment: str
) -> None:
    before = _picture(lab)
    with without("scp", "chaoskit-keep-ml-safe"):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert all(change.outcome == "applied" for fault in result.faults for change in fault.changes)
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize(("experiment", "rule"), [(name, rule) for rule, name in ONE_A_RULE.items()])
def test_without_its_rule_an_experiment_proves_nothing(
    lab: Lab, journal: Path, without: Any, experiment: str, rule: str
) -> None:
    with without("rule", rule):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason


@pytest.mark.parametrize(("experiment", "runbook"), [(name, book) for book, name in ONE_A_RUNBOOK.items()])
def test_without_its_runbook_an_experiment_fails_and_the_fault_is_undone(
    lab: Lab, journal: Path, without: Any, tmp_path: Path, experiment: str, runbook: str
) -> None:
    before = _picture(lab)
    impatient = tmp_path / f"{experiment}.yaml"
    text = (SHIPPED / "application" / f"{experiment}.yaml").read_text()
    impatient.write_text(text.replace("within: 5m", "within: 5s"))
    with without("runbook", runbook):
        result = lab.run(impatient, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


def test_every_fault_of_the_edge_is_in_an_experiment_of_either_kind() -> None:
    kinds = re.compile(r"^  - ((?:wafv2|apigateway|lambda)\.[\w-]+): ", re.MULTILINE)
    folder = SHIPPED / "application"
    of = {name: set(kinds.findall(_faults(folder / f"{name}.yaml"))) for name in PREVENTED}
    found = {name: set(kinds.findall(_faults(folder / f"{name}.yaml"))) for name, *_ in REPAIRED}
    assert set().union(*of.values()) == set().union(*found.values())
    assert len(set().union(*of.values())) == 10


def test_what_is_so_already_is_not_a_faults_to_undo(lab: Lab) -> None:
    names = lab.target.variables
    function, arn = names["workload.predict_function"], names["workload.predict_function_arn"]
    api, stage = names["workload.api"], names["workload.api_stage"]
    acl = {"Name": names["workload.web_acl"], "Scope": "REGIONAL", "Id": names["workload.web_acl_id"]}
    aws = lab.target.open("edge", "edge", 0)
    with _rules_off(lab), _edge_opened(lab):
        assert list(DisassociateWebAcl(resource=names["workload.api_stage_arn"]).changes(aws)) == []
        assert list(RemoveRateRule(name=acl["Name"], id=acl["Id"]).changes(aws)) == []
        remove = RemoveAuthorizer(api=api, resource=names["workload.api_resource"], stage=stage)
        assert list(remove.changes(aws)) == []
        assert list(PublicFunctionUrl(function=function).changes(aws)) == []
        assert list(OpenResourcePolicy(function=arn).changes(aws)) == []
    assert list(SwapHandler(function=function, handler="predict.handler").changes(aws)) == []
    plan = LiftUsagePlan(usage_plan=names["workload.usage_plan"], rate=10, burst=20, quota=5000)
    assert list(plan.changes(aws)) == []


def test_a_layer_that_is_attached_already_is_left(lab: Lab) -> None:
    names, api = lab.target.variables, lab.client("lambda")
    function, layer = names["workload.predict_function"], names["workload.canary_layer"]
    with _rules_off(lab):
        api.update_function_configuration(FunctionName=function, Layers=[layer])
        try:
            aws = lab.target.open("edge", "edge", 0)
            assert list(AttachLayer(function=function, layer=layer).changes(aws)) == []
        finally:
            api.update_function_configuration(FunctionName=function, Layers=[])


def test_a_url_with_authentication_gets_its_own_kind_back(lab: Lab) -> None:
    api, function = lab.client("lambda"), lab.target.variables["workload.predict_function"]
    with _rules_off(lab):
        api.create_function_url_config(FunctionName=function, AuthType="AWS_IAM")
        try:
            aws = lab.target.open("edge", "edge", 0)
            change = next(PublicFunctionUrl(function=function).changes(aws))
            assert change.do.operation == "UpdateFunctionUrlConfig"
            aws.send(change.do)
            (undo,) = change.undo
            assert isinstance(undo, Call)
            aws.send(undo)
            assert api.get_function_url_config(FunctionName=function)["AuthType"] == "AWS_IAM"
        finally:
            api.delete_function_url_config(FunctionName=function)


def test_code_that_could_not_be_put_back_is_not_replaced(lab: Lab) -> None:
    names = lab.target.variables
    aws = lab.target.open("edge", "edge", 0)
    other = SwapCode(
        function=names["workload.inference_function"],
        bucket=names["workload.code_bucket"],
        key=names["workload.predict_code"],
    )
    with pytest.raises(GuardError, match="could not be put back"):
        list(other.changes(aws))


def test_the_function_runs_the_code_whose_checksum_s3_keeps(lab: Lab) -> None:
    names = lab.target.variables
    source = {"Bucket": names["workload.code_bucket"], "Key": names["workload.predict_code"]}
    kept = lab.client("s3").head_object(**source, ChecksumMode="ENABLED")["ChecksumSHA256"]
    configured = lab.client("lambda").get_function_configuration(
        FunctionName=names["workload.predict_function"]
    )
    assert configured["CodeSha256"] == kept
    assert len(base64.b64decode(kept)) == 32


def test_a_resource_has_one_web_acl_however_often_it_is_associated(lab: Lab) -> None:
    names, waf = lab.target.variables, lab.client("wafv2")
    stage = names["workload.api_stage_arn"]
    with _rules_off(lab):
        waf.associate_web_acl(WebACLArn=names["workload.web_acl_arn"], ResourceArn=stage)
        waf.disassociate_web_acl(ResourceArn=stage)
        assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=stage)
        waf.associate_web_acl(WebACLArn=names["workload.web_acl_arn"], ResourceArn=stage)
    assert waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"] == names["workload.web_acl_arn"]


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"op": "replace", "path": "/authorizationType", "value": "ANYONE"}, "Invalid authorization type"),
        ({"op": "replace", "path": "/nothing", "value": "x"}, "Invalid patch path"),
        ({"op": "remove", "path": "/apiKeyRequired"}, "Invalid patch path"),
    ],
)
def test_a_method_takes_no_patch_that_api_gateway_does_not_know(
    lab: Lab, patch: dict[str, str], words: str
) -> None:
    names = lab.target.variables
    where = {"restApiId": names["workload.api"], "resourceId": names["workload.api_resource"]}
    with pytest.raises(ClientError, match=words):
        lab.client("apigateway").update_method(**where, httpMethod="POST", patchOperations=[patch])


def _faults(path: Path) -> str:
    return path.read_text().partition("\nfaults:\n")[2].partition("\nexpect:")[0]


@contextmanager
def _rules_off(lab: Lab) -> Iterator[None]:
    """No rule of the edge starts a runbook meanwhile."""
    for rule in RULES:
        lab.client("events").disable_rule(Name=rule)
    try:
        yield
    finally:
        assert lab.cloud.idle(10)
        for rule in RULES:
            lab.client("events").enable_rule(Name=rule)


@contextmanager
def _edge_opened(lab: Lab) -> Iterator[None]:
    """All that the faults take away is gone meanwhile."""
    names = lab.target.variables
    waf, api, functions = lab.client("wafv2"), lab.client("apigateway"), lab.client("lambda")
    stage, function = names["workload.api_stage_arn"], names["workload.predict_function"]
    acl = {"Name": names["workload.web_acl"], "Scope": "REGIONAL", "Id": names["workload.web_acl_id"]}
    method = {
        "restApiId": names["workload.api"],
        "resourceId": names["workload.api_resource"],
        "httpMethod": "POST",
    }
    rules = waf.get_web_acl(**acl)["WebACL"]["Rules"]
    _write_rules(waf, acl, [rule for rule in rules if "RateBasedStatement" not in rule["Statement"]])
    waf.disassociate_web_acl(ResourceArn=stage)
    _authorization(api, method, "NONE")
    functions.create_function_url_config(FunctionName=function, AuthType="NONE")
    everyone = {"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "*"}
    for sid in (SID, URL_SID, INVOKE_SID):
        functions.add_permission(StatementId=sid, **everyone)
    try:
        yield
    finally:
        for sid in (SID, URL_SID, INVOKE_SID):
            functions.remove_permission(FunctionName=function, StatementId=sid)
        functions.delete_function_url_config(FunctionName=function)
        _authorization(api, method, "CUSTOM")
        waf.associate_web_acl(WebACLArn=names["workload.web_acl_arn"], ResourceArn=stage)
        _write_rules(waf, acl, rules)


def _write_rules(waf: Any, acl: dict[str, str], rules: list[Any]) -> None:
    found = waf.get_web_acl(**acl)
    kept = {name: found["WebACL"][name] for name in ("DefaultAction", "Description", "VisibilityConfig")}
    waf.update_web_acl(**acl, **kept, Rules=rules, LockToken=found["LockToken"])


def _authorization(api: Any, method: dict[str, str], kind: str) -> None:
    patch = {"op": "replace", "path": "/authorizationType", "value": kind}
    api.update_method(**method, patchOperations=[patch])


def _picture(lab: Lab) -> dict[str, Any]:
    """Everything that the faults touch, as the account itself shows it."""
    return {tier: _tier(lab, tier) for tier in ("", "production_")}


def _tier(lab: Lab, tier: str) -> dict[str, Any]:
    names = {key: lab.target.variables[f"workload.{tier}{key}"] for key in (
        "api", "api_resource", "api_stage", "api_stage_arn", "predict_function", "usage_plan"
    )}  # fmt: skip
    waf, api, functions = lab.client("wafv2"), lab.client("apigateway"), lab.client("lambda")
    acl = waf.get_web_acl_for_resource(ResourceArn=names["api_stage_arn"])["WebACL"]
    plan = api.get_usage_plan(usagePlanId=names["usage_plan"])
    method = api.get_method(restApiId=names["api"], resourceId=names["api_resource"], httpMethod="POST")
    function = functions.get_function_configuration(FunctionName=names["predict_function"])
    return {
        "web acl": {key: acl[key] for key in ("ARN", "DefaultAction", "Description", "Rules")},
        "limits": (plan["throttle"], plan["quota"]),
        "method": {key: value for key, value in method.items() if key != "ResponseMetadata"},
        "deployed": api.get_stage(restApiId=names["api"], stageName=names["api_stage"])["deploymentId"],
        "deployments": [one["id"] for one in api.get_deployments(restApiId=names["api"])["items"]],
        "function": [function.get(key) for key in ("CodeSha256", "Handler", "Layers", "Environment")],
        "policy": json.loads(functions.get_policy(FunctionName=names["predict_function"])["Policy"]),
        "url": _url(functions, names["predict_function"]),
    }


def _url(functions: Any, name: str) -> str:
    try:
        auth: str = functions.get_function_url_config(FunctionName=name)["AuthType"]
    except functions.exceptions.ResourceNotFoundException:
        return ""
    return auth
