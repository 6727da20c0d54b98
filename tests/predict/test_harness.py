from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import ITEM, Call, Credentials, Each, Query
from chaoskit.contract import About, Change, Fault, Observation, Probe
from chaoskit.experiment import Expectation, Role
from chaoskit.permissions.statements import SESSION_LIMIT, Grant
from chaoskit.predict import engine_needs, grants, needs, session_policies
from chaoskit.predict.harness import Needs
from chaoskit.switches import Switches
from tests.predict.account import HARNESS, MEMBER, account
from tests.samples import GUARDRAIL, experiment

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes, Trace

TRAINING = f"arn:aws:iam::{MEMBER}:role/ml/training"
USER = f"arn:aws:iam::{MEMBER}:user/ml/alice"


class Keys(Fault):
    """Makes a key and uses it."""

    about = About("tests.keys", "identity")

    def changes(self, aws: Reader) -> Changes:
        aws.read(Query("iam", "GetUser", {"UserName": "alice"}))
        keys = Query("iam", "ListAccessKeys", {"UserName": "alice"}, "AccessKeyMetadata[].AccessKeyId")
        delete = Call("iam", "DeleteAccessKey", UserName="alice", AccessKeyId=ITEM)
        reply = yield Change(Call("iam", "CreateAccessKey", UserName="alice"), (Each(keys, delete),), keys)
        signed = Credentials(reply["AccessKey"]["AccessKeyId"], reply["AccessKey"]["SecretAccessKey"])
        yield Change(Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="e", signed_by=signed))


class Looks(Probe):
    """Reads a bucket and a queue, and declares one read that it only makes when it has seen something."""

    about = About("tests.looks")
    reads = ("s3:GetBucketAcl", "ssm:GetAutomationExecution", "ssm:DescribeAutomationExecutions")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del trace
        aws.read(Query("s3", "GetBucketAcl", {"Bucket": "data"}))
        aws.messages(f"https://sqs.us-east-1.amazonaws.com/{MEMBER}/alerts")
        return Observation(holds=False, summary="looked")

    def ready(self, aws: Reader) -> Observation:
        aws.read(Query("events", "DescribeRule", {"Name": "rule"}))
        return Observation(holds=True, summary="on")


class Follows(Probe):
    """Reads what the list before it names."""

    about = About("tests.follows")
    reads = ("ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del trace
        listed = Query("ssm", "DescribeAutomationExecutions", {}, "[].Id")
        for found in aws.read(listed):
            aws.read(Query("ssm", "GetAutomationExecution", {"AutomationExecutionId": found}))
        return Observation(holds=True, summary="looked")


class Deploys(Fault):
    """Makes a deployment, of which only the reply tells the id."""

    about = About("tests.deploys", "application")

    def changes(self, aws: Reader) -> Changes:
        del aws
        listed = Query("apigateway", "GetDeployments", {"restApiId": "a1"}, "items[].id")
        delete = Call("apigateway", "DeleteDeployment", restApiId="a1", deploymentId=ITEM)
        reply = yield Change(
            Call("apigateway", "CreateDeployment", restApiId="a1"), (Each(listed, delete),), listed
        )
        patch = {"op": "replace", "path": "/deploymentId", "value": reply["id"]}
        yield Change(
            Call("apigateway", "UpdateStage", restApiId="a1", stageName="v1", patchOperations=[patch])
        )


class Lends(Probe):
    """Runs a tool that reads what the fault reads, of every role."""

    about = About("tests.lends")

    def lends(self) -> tuple[str, ...]:
        return ("iam:ListAttachedRolePolicies",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        return Observation(holds=False, summary="looked")


def derived(**fields: Any) -> dict[str, set[Grant]]:
    aws = account(iam__ListAccessKeys=[])
    return grants([needs(experiment(GUARDRAIL, **fields), aws)], aws, HARNESS)


def test_what_injects_and_what_undoes_are_set_apart_with_the_full_arn() -> None:
    groups = derived()
    assert groups["Inject"] == {Grant("iam:AttachRolePolicy", TRAINING)}
    assert groups["Undo"] == {Grant("iam:DetachRolePolicy", TRAINING)}
    assert groups["Read"] == {Grant("iam:ListAttachedRolePolicies", TRAINING)}


def test_calls_made_with_a_leaked_key_are_not_the_harnesss() -> None:
    groups = derived(faults=(Keys(),))
    assert groups["Inject"] == {Grant("iam:CreateAccessKey", USER)}
    assert groups["Undo"] == {Grant("iam:DeleteAccessKey", USER)}


def test_what_a_fault_reads_itself_and_what_its_undo_lists_are_reads() -> None:
    assert derived(faults=(Keys(),))["Read"] == {
        Grant("iam:GetUser", USER),
        Grant("iam:ListAccessKeys", USER),
    }


def test_probes_reads_have_their_resources_and_declared_ones_that_were_not_made_their_types() -> None:
    read = derived(faults=(), steady_state=(Looks(),))["Read"]
    here = f"us-east-1:{MEMBER}"
    assert read == {
        Grant("s3:GetBucketAcl", "arn:aws:s3:::data"),
        Grant("sqs:ReceiveMessage", f"arn:aws:sqs:{here}:alerts"),
        Grant("sqs:DeleteMessage", f"arn:aws:sqs:{here}:alerts"),
        Grant("events:DescribeRule", f"arn:aws:events:{here}:rule/rule"),
        Grant("ssm:GetAutomationExecution", f"arn:aws:ssm:{here}:automation-execution/*"),
        Grant("ssm:DescribeAutomationExecutions", "*"),
    }


def test_a_read_of_what_only_a_reply_named_is_granted_for_whatever_the_next_reply_names() -> None:
    here = f"arn:aws:ssm:us-east-1:{MEMBER}:automation-execution"
    for already in ([], ["0a1b"]):
        aws = account(
            iam__ListAccessKeys=[],
            ssm__DescribeAutomationExecutions=already,
            ssm__GetAutomationExecution={"Status": "Success"},
        )
        found = grants(
            [needs(experiment(GUARDRAIL, faults=(), steady_state=(Follows(),)), aws)], aws, HARNESS
        )
        assert Grant("ssm:GetAutomationExecution", f"{here}/*") in found["Read"]


def test_an_id_that_only_a_reply_will_tell_is_open_in_a_path_too() -> None:
    aws = account(apigateway__GetDeployments=[])
    found = grants([needs(experiment(GUARDRAIL, faults=(Deploys(),)), aws)], aws, HARNESS)
    home = "arn:aws:apigateway:us-east-1::/restapis/a1"
    assert found["Undo"] == {Grant("apigateway:DELETE", f"{home}/deployments/*")}
    assert found["Inject"] == {
        Grant("apigateway:POST", f"{home}/deployments"),
        Grant("apigateway:PATCH", f"{home}/stages/v1"),
    }


def test_what_a_probe_may_read_of_api_gateway_is_got() -> None:
    (found,) = grants([Needs(declared={"apigateway:GetMethod"})], account(), HARNESS)["Read"]
    assert found.action == "apigateway:GET"


def test_what_a_probe_lends_to_another_tool_is_allowed_on_any_resource() -> None:
    role = Grant("iam:ListAttachedRolePolicies", TRAINING)
    aws = account()
    lending = experiment(Expectation(Role.DETECTION, Lends()))
    (everywhere,) = grants([needs(lending, aws)], aws, HARNESS)["Read"] - {role}
    assert everywhere.action == "iam:ListAttachedRolePolicies"
    assert everywhere.resource.endswith(":role/*")


class LooksAbroad(Fault):
    """Lists what another region has."""

    about = About("tests.looks-abroad", "network")

    def changes(self, aws: Reader) -> Changes:
        del aws
        yield Change(Call("sagemaker", "ListModels", region="eu-west-2"))


def test_a_call_to_another_region_is_granted_for_that_region_alone() -> None:
    aws = account()
    found = grants([needs(experiment(faults=(LooksAbroad(),)), aws)], aws, HARNESS)
    assert found["Inject"] == {Grant("sagemaker:ListModels", "*", (("aws:RequestedRegion", "eu-west-2"),))}


def test_a_role_whose_path_can_not_be_read_is_left_open_there() -> None:
    aws = account()
    del aws.answers["iam:GetRole training"]
    groups = grants([needs(experiment(GUARDRAIL), aws)], aws, HARNESS)
    assert groups["Inject"] == {Grant("iam:AttachRolePolicy", f"arn:aws:iam::{MEMBER}:role/*training")}


def test_chaoskit_reads_the_workloads_stacks_before_a_run() -> None:
    assert grants([engine_needs(Switches())], account(), HARNESS) == {
        "Read": {Grant("cloudformation:DescribeStacks", "*")}
    }


def test_a_session_policy_has_no_more_than_sts_takes() -> None:
    policies = session_policies(experiment(GUARDRAIL), account(), HARNESS, Switches())
    assert max(map(len, policies)) <= SESSION_LIMIT
    first = json.loads(policies[0])["Statement"]
    assert [each["Sid"] for each in first] == ["Inject", "Undo", "Read"]


class Depends(Fault):
    """Does what depends on what AWS answers."""

    about = About("tests.depends", "identity")

    def changes(self, aws: Reader) -> Changes:
        del aws
        reply = yield Change(Call("iam", "CreateUser", UserName="alice"))
        yield Change(Call("iam", "DeleteUser", UserName="a" * int(reply["User"]["Count"])))


def test_what_can_not_be_told_beforehand_is_said_and_then_a_run_is_not_limited() -> None:
    unclear = experiment(GUARDRAIL, faults=(Depends(),))
    (why,) = needs(unclear, account()).missing
    assert why == "small: tests.depends: what follows depends on the reply to iam:CreateUser"
    assert session_policies(unclear, account(), HARNESS, Switches()) == ()
