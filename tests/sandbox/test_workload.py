"""The reference workload, deployed by its own code on a served sandbox."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from chaoskit.sandbox import workload
from chaoskit.sandbox.detect import match_event_pattern, validate_event_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.server import Served

    Connect = Callable[[str], Any]

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
PACE = workload.Pace(poll=0.01, timeout=60)
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
RULES = {
    "chaoskit-leaked-key": "disable-leaked-key",
    "chaoskit-permissive-policy": "detach-permissive-policy",
    "chaoskit-public-bucket-acl": "close-public-bucket",
    "chaoskit-public-bucket-policy": "close-public-bucket",
}


def connection(url: str, key_id: str, secret: str, token: str | None = None) -> Connect:
    made: dict[str, Any] = {}

    def connect(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=url,
                aws_access_key_id=key_id,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )
        return made[service]

    return connect


@pytest.fixture(scope="module")
def member(served: Served) -> Connect:
    key = served.credentials["admin"]
    return connection(served.url, key.access_key_id, key.secret_access_key)


@pytest.fixture(scope="module")
def management(served: Served) -> Connect:
    key = served.credentials["management"]
    return connection(served.url, key.access_key_id, key.secret_access_key)


@pytest.fixture(scope="module")
def deployed(member: Connect, management: Connect) -> dict[str, str]:
    return workload.deploy(member, management, RUNBOOKS, pace=PACE)


@pytest.fixture(scope="module")
def harness(served: Served, member: Connect, deployed: dict[str, str]) -> Connect:
    session = member("sts").assume_role(RoleArn=deployed["harness_role_arn"], RoleSessionName="chaoskit-test")
    keys = session["Credentials"]
    return connection(served.url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@contextmanager
def refused(said: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert said in str(caught.value)


def test_the_outputs_name_what_experiments_refer_to(deployed: dict[str, str]) -> None:
    assert deployed["training_role"] == "ml-research-training"
    assert deployed["production_training_role"] == "ml-production-training"
    assert deployed["training_data_bucket"] == "ml-research-training-data-444455556666"
    assert deployed["production_training_data_bucket"] == "ml-production-training-data-444455556666"
    assert (deployed["endpoint"], deployed["production_endpoint"]) == (
        "research-inference",
        "production-inference",
    )
    assert {
        "alert_queue",
        "alert_queue_url",
        "harness_role_arn",
        "inference_function",
        "inference_role",
        "kms_key",
        "ml_engineer",
        "model_bucket",
        "responder_role_arn",
        "trail",
    } <= set(deployed)


def test_the_outputs_can_be_read_again_without_deploying(member: Connect, deployed: dict[str, str]) -> None:
    assert workload.outputs(member) == deployed


@pytest.mark.usefixtures("deployed")
def test_bytecode_beside_the_functions_is_not_taken_for_one(
    member: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3, bucket = member("s3"), "chaoskit-artifacts-444455556666"
    before = workload._publish_functions(s3, bucket)
    shutil.copytree(str(workload._TEMPLATES / "functions"), tmp_path / "functions")
    (tmp_path / "functions" / "__pycache__").mkdir(exist_ok=True)
    monkeypatch.setattr(workload, "_TEMPLATES", tmp_path)
    assert workload._publish_functions(s3, bucket) == before


def test_deploying_again_changes_nothing(
    member: Connect, management: Connect, deployed: dict[str, str]
) -> None:
    def states() -> list[tuple[str, Any]]:
        stacks = member("cloudformation").describe_stacks()["Stacks"]
        stacks += management("cloudformation").describe_stacks()["Stacks"]
        return [(stack["StackStatus"], stack.get("LastUpdatedTime")) for stack in stacks]

    before = states()
    assert workload.deploy(member, management, RUNBOOKS, pace=PACE) == deployed
    assert states() == before == [("CREATE_COMPLETE", None)] * (3 + len(workload.LAYERS))
    for name in set(RULES.values()):
        assert member("ssm").describe_document(Name=name)["Document"]["LatestVersion"] == "1"


@pytest.mark.parametrize("tier", ["production", "research"])
def test_a_training_role_arrives_with_its_path_trust_and_policy(
    member: Connect, deployed: dict[str, str], tier: str
) -> None:
    name = deployed["production_training_role" if tier == "production" else "training_role"]
    role = member("iam").get_role(RoleName=name)["Role"]
    assert role["Path"] == f"/ml/{tier}/"
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "444455556666"}}
    policy = member("iam").get_role_policy(RoleName=name, PolicyName="train")["PolicyDocument"]
    reads = next(each for each in policy["Statement"] if each["Sid"] == "ReadTrainingData")
    assert reads["Resource"] == f"arn:aws:s3:::ml-{tier}-training-data-444455556666/*"
    assert {"Key": "project", "Value": "chaoskit"} in role["Tags"]


def test_the_research_bucket_arrives_as_legacy_buckets_are(member: Connect, deployed: dict[str, str]) -> None:
    s3, bucket = member("s3"), deployed["training_data_bucket"]
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert ownership["Rules"] == [{"ObjectOwnership": "BucketOwnerPreferred"}]
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert not any(block.values())
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Sid"] == "DenyPlainHttp"
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False


def test_the_production_bucket_arrives_closed_encrypted_and_versioned(
    member: Connect, deployed: dict[str, str]
) -> None:
    s3, bucket = member("s3"), deployed["production_training_data_bucket"]
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert ownership["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": deployed["kms_key_arn"],
    }
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_the_key_rotates(member: Connect, deployed: dict[str, str]) -> None:
    assert member("kms").get_key_rotation_status(KeyId=deployed["kms_key"])["KeyRotationEnabled"]
    aliases = member("kms").list_aliases(KeyId=deployed["kms_key"])["Aliases"]
    assert "alias/chaoskit-ml-data" in [alias["AliasName"] for alias in aliases]


@pytest.mark.parametrize("output", ["endpoint", "production_endpoint"])
def test_an_endpoint_serves_the_approved_model(
    member: Connect, deployed: dict[str, str], output: str
) -> None:
    sagemaker = member("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=deployed[output])
    assert endpoint["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    assert variant["InstanceType"] == "ml.t2.medium"
    assert config["DataCaptureConfig"]["EnableCapture"] is True
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert member("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_the_trail_logs_and_selects_endpoint_invocations(member: Connect, deployed: dict[str, str]) -> None:
    cloudtrail = member("cloudtrail")
    trail = cloudtrail.get_trail(Name=deployed["trail"])["Trail"]
    assert trail["IsMultiRegionTrail"]
    assert trail["LogFileValidationEnabled"]
    assert trail["IncludeGlobalServiceEvents"]
    assert trail["S3BucketName"] == deployed["trail_bucket"]
    assert cloudtrail.get_trail_status(Name=deployed["trail"])["IsLogging"] is True
    selectors = cloudtrail.get_event_selectors(TrailName=deployed["trail"])["AdvancedEventSelectors"]
    assert [each["Name"] for each in selectors] == [
        "Management events",
        "Endpoint invocations",
        "Changes to ML data",
    ]
    assert {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]} in selectors[1][
        "FieldSelectors"
    ]


def test_only_the_rules_may_send_to_the_alert_queue(member: Connect, deployed: dict[str, str]) -> None:
    got = member("sqs").get_queue_attributes(QueueUrl=deployed["alert_queue_url"], AttributeNames=["All"])
    attributes = got["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["MessageRetentionPeriod"] == "345600"
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    source = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert source == "arn:aws:events:us-east-1:444455556666:rule/chaoskit-*"


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_alerts_and_starts_its_runbook(member: Connect, deployed: dict[str, str], rule: str) -> None:
    events = member("events")
    described = events.describe_rule(Name=rule)
    assert described["State"] == "ENABLED"
    validate_event_pattern(described["EventPattern"])
    targets = {each["Id"]: each for each in events.list_targets_by_rule(Rule=rule)["Targets"]}
    alert, responder = targets["alerts"], targets["responder"]
    assert alert["Arn"] == deployed["alert_queue_arn"]
    assert alert["InputTransformer"]["InputTemplate"] == (
        '{"rule": <aws.events.rule-name>, "event": <aws.events.event.json>}'
    )
    assert responder["Arn"].endswith(f":automation-definition/{RULES[rule]}:$DEFAULT")
    assert responder["RoleArn"].endswith(f":role/{deployed['events_role']}")
    assert responder["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5}
    assert alert["DeadLetterConfig"] == responder["DeadLetterConfig"]
    assert deployed["responder_role_arn"] in responder["InputTransformer"]["InputTemplate"]


def record(source: str, name: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event as EventBridge passes on what CloudTrail recorded."""
    return {
        "source": f"aws.{source.split('.', maxsplit=1)[0]}",
        "detail-type": "AWS API Call via CloudTrail",
        "account": "444455556666",
        "region": "us-east-1",
        "detail": {"eventSource": source, "eventName": name, "requestParameters": parameters, **more},
    }


EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
ENGINEER = {"type": "IAMUser", "userName": "ml-engineer", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}
INVOKED = ("sagemaker.amazonaws.com", "InvokeEndpoint", {"endpointName": "research-inference"})


def acl(**parameters: Any) -> dict[str, Any]:
    return record("s3.amazonaws.com", "PutBucketAcl", {"bucketName": "b", "acl": "", **parameters})


def granted(uri: str) -> dict[str, Any]:
    grants = [{"Grantee": {"ID": "1"}}, {"Grantee": {"URI": uri}, "Permission": "READ"}]
    return {"AccessControlPolicy": {"AccessControlList": {"Grant": grants}}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return record(
        "s3.amazonaws.com",
        "PutBucketPolicy",
        {"bucketName": "b", "bucketPolicy": {"Version": "2012-10-17", "Statement": list(statements)}},
    )


def attached(arn: str, **more: Any) -> dict[str, Any]:
    return record("iam.amazonaws.com", "AttachRolePolicy", {"roleName": "r", "policyArn": arn}, **more)


MATCHED = {
    "an administrator policy": ("chaoskit-permissive-policy", attached(ADMIN_POLICY)),
    "a canned public ACL": ("chaoskit-public-bucket-acl", acl(**{"x-amz-acl": "public-read"})),
    "a grant header": ("chaoskit-public-bucket-acl", acl(**{"x-amz-grant-read": f'uri="{EVERYONE}"'})),
    "an ACL in the body": ("chaoskit-public-bucket-acl", acl(**granted(EVERYONE))),
    "a public policy": ("chaoskit-public-bucket-policy", policy({"Effect": "Allow", "Principal": "*"})),
    "a public policy's other spelling": (
        "chaoskit-public-bucket-policy",
        policy({"Effect": "Deny", "Principal": "*"}, {"Effect": "Allow", "Principal": {"AWS": "*"}}),
    ),
    "a call from the internet": (
        "chaoskit-leaked-key",
        record(*INVOKED, userIdentity=ENGINEER, sourceIPAddress="198.51.100.7"),
    ),
}
IGNORED = {
    "a narrow policy": ("chaoskit-permissive-policy", attached("arn:aws:iam::444455556666:policy/narrow")),
    "a denied attempt": (
        "chaoskit-permissive-policy",
        attached(ADMIN_POLICY, errorCode="AccessDenied"),
    ),
    "a forged event": (
        "chaoskit-permissive-policy",
        attached(ADMIN_POLICY) | {"source": "com.example.forged"},
    ),
    "a private ACL": ("chaoskit-public-bucket-acl", acl(**{"x-amz-acl": "private"})),
    "a log delivery grant": (
        "chaoskit-public-bucket-acl",
        acl(**granted("http://acs.amazonaws.com/groups/s3/LogDelivery")),
    ),
    "a policy that only denies everyone": (
        "chaoskit-public-bucket-policy",
        policy({"Effect": "Deny", "Principal": "*"}),
    ),
    "a call from the company's network": (
        "chaoskit-leaked-key",
        record(*INVOKED, userIdentity=ENGINEER, sourceIPAddress="203.0.113.9"),
    ),
    "a call through a VPC endpoint": (
        "chaoskit-leaked-key",
        record(
            *INVOKED,
            userIdentity=ENGINEER,
            sourceIPAddress="10.0.0.8",
            vpcEndpointId="vpce-0a1b2c3d4e5f60718",
        ),
    ),
    "a role's call": (
        "chaoskit-leaked-key",
        record(*INVOKED, userIdentity={"type": "AssumedRole"}, sourceIPAddress="198.51.100.7"),
    ),
}


@pytest.mark.parametrize("case", MATCHED)
@pytest.mark.usefixtures("deployed")
def test_a_rule_matches_the_attack_it_is_named_for(member: Connect, case: str) -> None:
    rule, event = MATCHED[case]
    assert match_event_pattern(member("events").describe_rule(Name=rule)["EventPattern"], event)


@pytest.mark.parametrize("case", IGNORED)
@pytest.mark.usefixtures("deployed")
def test_a_rule_ignores_what_is_no_attack(member: Connect, case: str) -> None:
    rule, event = IGNORED[case]
    assert not match_event_pattern(member("events").describe_rule(Name=rule)["EventPattern"], event)


def test_guardrails_stop_the_harness_in_production_but_not_in_research(
    harness: Connect, deployed: dict[str, str]
) -> None:
    attach = {"PolicyArn": "arn:aws:iam::aws:policy/SecurityAudit"}
    with refused("explicit deny in a service control policy"):
        harness("iam").attach_role_policy(RoleName=deployed["production_training_role"], **attach)
    harness("iam").attach_role_policy(RoleName=deployed["training_role"], **attach)
    harness("iam").detach_role_policy(RoleName=deployed["training_role"], **attach)


def test_guardrails_keep_production_data_private(harness: Connect, deployed: dict[str, str]) -> None:
    bucket = deployed["production_training_data_bucket"]
    with refused("explicit deny in a service control policy"):
        harness("s3").put_bucket_acl(Bucket=bucket, ACL="public-read")
    with refused("explicit deny in a service control policy"):
        harness("s3").put_bucket_policy(Bucket=bucket, Policy='{"Version":"2012-10-17","Statement":[]}')
    with refused("explicit deny in a service control policy"):
        harness("s3").delete_public_access_block(Bucket=bucket)
    harness("s3").put_bucket_acl(Bucket=deployed["training_data_bucket"], ACL="private")


def invoke(connect: Connect, endpoint: str, **headers: str) -> None:
    client = connect("sagemaker-runtime")

    def sign_with(request: Any, **_: Any) -> None:
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value

    event = "before-sign.sagemaker-runtime.InvokeEndpoint"
    client.meta.events.register(event, sign_with)
    try:
        client.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=b"[[1, 2, 3]]")
    finally:
        client.meta.events.unregister(event, sign_with)


def test_production_endpoints_answer_only_from_the_companys_networks(
    served: Served, member: Connect, deployed: dict[str, str]
) -> None:
    key = member("iam").create_access_key(UserName=deployed["ml_engineer"])["AccessKey"]
    engineer = connection(served.url, key["AccessKeyId"], key["SecretAccessKey"])
    production = deployed["production_endpoint"]
    with refused("explicit deny in a service control policy"):
        invoke(engineer, production, x_chaoskit_source_ip="198.51.100.7")
    with refused("explicit deny in a service control policy"):
        invoke(engineer, production, x_chaoskit_source_vpce="vpce-0fedcba9876543210")
    invoke(engineer, production, x_chaoskit_source_ip="203.0.113.9")
    invoke(engineer, production, x_chaoskit_source_vpce=deployed["production_runtime_endpoint"])
    invoke(engineer, deployed["endpoint"], x_chaoskit_source_ip="203.0.113.9")
    member("iam").delete_access_key(UserName=deployed["ml_engineer"], AccessKeyId=key["AccessKeyId"])


@pytest.mark.parametrize("output", ["predict_function", "production_predict_function"])
def test_a_prediction_goes_from_the_function_through_its_vpcs_endpoint_to_the_model(
    member: Connect, deployed: dict[str, str], output: str
) -> None:
    event = {"body": json.dumps({"features": [[1, 2, 3]]})}
    reply = member("lambda").invoke(FunctionName=deployed[output], Payload=json.dumps(event).encode())
    answer = json.loads(reply["Payload"].read())
    assert "FunctionError" not in reply, answer
    assert answer["statusCode"] == 200


def test_the_training_pipeline_prepares_features_and_trains_in_the_vpc(
    served: Served, member: Connect, deployed: dict[str, str]
) -> None:
    machine = deployed["training_pipeline_arn"]
    member("stepfunctions").start_execution(
        stateMachineArn=machine, name="one", input=json.dumps({"values": ["1", "2.5"]})
    )
    assert served.cloud.idle(20)
    job = member("sagemaker").describe_training_job(TrainingJobName="research-one")
    assert job["TrainingJobStatus"] == "InProgress"
    assert job["RoleArn"] == deployed["training_role_arn"]
    assert job["VpcConfig"]["Subnets"] == [deployed["research_subnet"]]
    served.cloud.clock.advance(61)
    assert served.cloud.idle(20)
    ended = member("sagemaker").describe_training_job(TrainingJobName="research-one")
    assert ended["TrainingJobStatus"] == "Completed"


def test_the_notebooks_start_script_is_the_one_whose_hash_is_told(
    member: Connect, deployed: dict[str, str]
) -> None:
    for config in (deployed["research_notebook_start"], deployed["production_notebook_start"]):
        found = member("sagemaker").describe_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=config
        )
        (script,) = found["OnStart"]
        digest = hashlib.sha256(base64.b64decode(script["Content"])).hexdigest()
        assert digest == deployed["notebook_start_sha256"]


def test_what_foundation_models_are_asked_is_logged_with_texts(
    member: Connect, deployed: dict[str, str]
) -> None:
    logging = member("bedrock").get_model_invocation_logging_configuration()["loggingConfig"]
    assert logging["textDataDeliveryEnabled"] is True
    assert logging["cloudWatchConfig"]["logGroupName"] == deployed["invocation_log_group"]


def test_the_engineer_may_do_little_else(served: Served, member: Connect, deployed: dict[str, str]) -> None:
    key = member("iam").create_access_key(UserName=deployed["ml_engineer"])["AccessKey"]
    engineer = connection(served.url, key["AccessKeyId"], key["SecretAccessKey"])
    with refused("AccessDenied"):
        engineer("s3").list_objects_v2(Bucket=deployed["training_data_bucket"])
    with refused("AccessDenied"):
        engineer("sagemaker").list_models()
    member("iam").delete_access_key(UserName=deployed["ml_engineer"], AccessKeyId=key["AccessKeyId"])


def test_the_harness_can_widen_neither_itself_nor_the_deploy_role(
    harness: Connect, deployed: dict[str, str]
) -> None:
    for role in (deployed["harness_role"], "chaoskit-deploy"):
        with refused("AccessDenied"):
            harness("iam").attach_role_policy(RoleName=role, PolicyArn=ADMIN_POLICY)


@pytest.mark.long
def test_the_pipeline_may_still_change_production(
    member: Connect, management: Connect, deployed: dict[str, str]
) -> None:
    prefix = {"CorporateNetworkPrefix": "203.0."}
    changed = workload.deploy(member, management, RUNBOOKS, parameters=prefix, pace=PACE)
    assert changed == deployed
    pattern = json.loads(member("events").describe_rule(Name="chaoskit-leaked-key")["EventPattern"])
    assert pattern["detail"]["sourceIPAddress"] == [{"anything-but": {"prefix": "203.0."}}]
    workload.deploy(member, management, RUNBOOKS, pace=PACE)


def test_an_account_under_the_root_gets_no_guardrails(member: Connect, management: Connect) -> None:
    organizations = management("organizations")
    account = member("sts").get_caller_identity()["Account"]
    unit = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=root)
    try:
        with pytest.raises(workload.DeploymentError, match="directly under the organization's root"):
            workload.deploy(member, management, RUNBOOKS, pace=PACE)
    finally:
        organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)


def test_a_changed_runbook_becomes_the_default_version(member: Connect, tmp_path: Path) -> None:
    path = tmp_path / "detach-permissive-policy.yaml"
    original = (RUNBOOKS / path.name).read_text()
    path.write_text(original.replace("(Required) The name of the role, without its path.", "The role."))
    workload.register_runbook(member("ssm"), path)
    changed = json.loads(member("ssm").get_document(Name=path.stem, DocumentFormat="JSON")["Content"])
    assert changed["parameters"]["RoleName"]["description"] == "The role."
    workload.register_runbook(member("ssm"), RUNBOOKS / path.name)
    restored = member("ssm").get_document(Name=path.stem, DocumentFormat="JSON")["Content"]
    assert json.loads(restored) == yaml.safe_load(original)


def test_what_is_not_deployed_says_so(management: Connect) -> None:
    with pytest.raises(workload.DeploymentError, match="deploy the workload first"):
        workload.outputs(management)


@pytest.mark.usefixtures("deployed")
@pytest.mark.long
def test_destroying_leaves_nothing_behind(member: Connect, management: Connect) -> None:
    began = time.monotonic()
    workload.destroy(member, management, RUNBOOKS, pace=PACE)
    assert member("cloudformation").describe_stacks()["Stacks"] == []
    assert member("s3").list_buckets()["Buckets"] == []
    roles = [role["RoleName"] for role in member("iam").list_roles()["Roles"]]
    assert roles == ["OrganizationAccountAccessRole"]
    assert [user["UserName"] for user in member("iam").list_users()["Users"]] == ["admin"]
    assert member("events").list_rules()["Rules"] == []
    assert member("cloudtrail").describe_trails()["trailList"] == []
    policies = management("organizations").list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert [each["Name"] for each in policies] == ["FullAWSAccess"]
    owned = member("ssm").list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])
    assert owned["DocumentIdentifiers"] == []
    workload.destroy(member, management, RUNBOOKS, pace=PACE)
    assert time.monotonic() - began < PACE.timeout
