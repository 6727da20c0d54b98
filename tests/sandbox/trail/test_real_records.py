"""Real CloudTrail records of attack techniques, and the sandbox's records of the same calls, key for key."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sandbox.trail.audited import Audited

ORACLE = Path(__file__).parents[4] / "shared" / "oracles" / "cloudtrail-detonations.json"
ANYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ANYONE]})
NOBODY = json.dumps({"Version": "2012-10-17", "Statement": []})
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
MODEL = "anthropic.claude-3-sonnet-20240229-v1:0"
PROMPT = json.dumps(
    {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello"}],
    }
)
TOP = (
    "eventVersion",
    "eventSource",
    "eventCategory",
    "eventType",
    "managementEvent",
    "readOnly",
    "errorCode",
)


@cache
def oracle() -> tuple[dict[str, Any], ...]:
    if not ORACLE.exists():
        pytest.skip(f"{ORACLE.name} is not beside this checkout")
    return tuple(
        {name: value for name, value in record.items() if name != "_technique"}
        for record in json.loads(ORACLE.read_text())
    )


def real(event_name: str, ours: dict[str, Any], *, failed: bool = False) -> dict[str, Any]:
    """A real record of such a call, of one that was asked the same things if there is one."""
    found = [one for one in oracle() if one["eventName"] == event_name and ("errorCode" in one) is failed]
    asked = set(keys(ours["requestParameters"]))
    return next((one for one in found if set(keys(one["requestParameters"])) == asked), found[0])


def keys(value: Any, prefix: str = "") -> Iterator[str]:
    """The dotted names of every key; the elements of a list have one name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{prefix}{name}"
            yield from keys(inner, f"{prefix}{name}.")
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, prefix)


def assume_role(aws: Audited) -> None:
    arn = aws.client("iam").create_role(RoleName="assumed", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session", DurationSeconds=900)


def assume_role_denied(aws: Audited) -> None:
    arn = aws.client("iam").create_role(RoleName="closed", AssumeRolePolicyDocument=NOBODY)["Role"]["Arn"]
    aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")


def session(aws: Audited) -> tuple[str, str, str]:
    """The key of a role that may do nothing."""
    iam = aws.client("iam")
    with contextlib.suppress(ClientError):
        iam.create_role(RoleName="powerless", AssumeRolePolicyDocument=TRUST)
    arn = iam.get_role(RoleName="powerless")["Role"]["Arn"]
    made = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]


def get_password_data(aws: Audited) -> None:
    aws.with_keys("ec2", *session(aws)).get_password_data(InstanceId="i-0123456789abcdef0")


def run_instances(aws: Audited) -> None:
    aws.with_keys("ec2", *session(aws)).run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=10,
        InstanceType="p2.xlarge",
        SubnetId="subnet-1",
        ClientToken="t",
    )


def batch_get_secret_value(aws: Audited) -> None:
    aws.client("secretsmanager").batch_get_secret_value(Filters=[{"Key": "tag-key", "Values": ["a"]}])


def get_parameters(aws: Audited) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/credentials/one", Value="v", Type="SecureString")
    ssm.get_parameters(Names=["/credentials/one"], WithDecryption=True)


def second_page_of_parameters(aws: Audited) -> None:
    ssm = aws.client("ssm")
    for number in range(11):
        ssm.put_parameter(Name=f"/paged/{number}", Value="v", Type="String")
    ssm.describe_parameters(MaxResults=10, NextToken=ssm.describe_parameters(MaxResults=10)["NextToken"])


def put_event_selectors(aws: Audited) -> None:
    cloudtrail = aws.client("cloudtrail")
    aws.client("s3").create_bucket(Bucket="selector-bucket")
    cloudtrail.create_trail(Name="narrowed", S3BucketName="selector-bucket")
    cloudtrail.put_event_selectors(
        TrailName="narrowed",
        EventSelectors=[
            {
                "ReadWriteType": "ReadOnly",
                "IncludeManagementEvents": False,
                "DataResources": [
                    {"Type": "AWS::S3::Object", "Values": []},
                    {"Type": "AWS::Lambda::Function", "Values": []},
                ],
                "ExcludeManagementEventSources": [],
            }
        ],
    )


def delete_flow_logs(aws: Audited) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws.client("s3").create_bucket(Bucket="flow-bucket")
    made = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-bucket",
    )
    ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])


def authorize_ingress(aws: Audited) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )


def share_snapshot(aws: Audited) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": "123456789012"}]}
    )


def user(aws: Audited) -> Any:
    iam = aws.client("iam")
    with contextlib.suppress(ClientError):
        iam.create_user(UserName="malicious", Tags=[{"Key": "a", "Value": "true"}])
    return iam


def attach_user_policy(aws: Audited) -> None:
    user(aws).attach_user_policy(UserName="malicious", PolicyArn=ADMIN)


def create_access_key(aws: Audited) -> None:
    user(aws).create_access_key(UserName="malicious")


def create_login_profile(aws: Audited) -> None:
    user(aws).create_login_profile(
        UserName="malicious", Password="Correct-Horse-1", PasswordResetRequired=False
    )


def update_login_profile(aws: Audited) -> None:
    user(aws).update_login_profile(UserName="malicious", Password="Correct-Horse-2")


def update_assume_role_policy(aws: Audited) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName="backdoored", AssumeRolePolicyDocument=NOBODY)
    iam.update_assume_role_policy(RoleName="backdoored", PolicyDocument=TRUST)


def update_function(aws: Audited) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("index.py", "def handler(event, context): ...")
    arn = aws.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    functions = aws.client("lambda")
    code = {"ZipFile": archive.getvalue()}
    layer = functions.publish_layer_version(LayerName="extension", Content=code)["LayerVersionArn"]
    functions.create_function(
        FunctionName="f", Runtime="python3.12", Role=arn, Handler="index.handler", Code=code
    )
    functions.update_function_configuration(FunctionName="f", Layers=[layer], Environment={"Variables": {}})


def send_command(aws: Audited) -> None:
    aws.client("ssm").send_command(
        DocumentName="AWS-RunShellScript",
        InstanceIds=["i-0123456789abcdef0"],
        Parameters={"commands": ["id"]},
    )


def get_command_invocation(aws: Audited) -> None:
    ssm = aws.client("ssm")
    sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-0123456789abcdef0"])
    ssm.get_command_invocation(CommandId=sent["Command"]["CommandId"], InstanceId="i-0123456789abcdef0")


def send_ssh_key(aws: Audited) -> None:
    aws.client("ec2-instance-connect").send_ssh_public_key(
        InstanceId="i-0123456789abcdef0", InstanceOSUser="ec2-user", SSHPublicKey=f"ssh-ed25519 {'A' * 80}"
    )


def describe_instance_information(aws: Audited) -> None:
    aws.client("ssm").describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": ["i-1"]}])


def invoke_model(aws: Audited) -> None:
    aws.client("bedrock-runtime").invoke_model(modelId=MODEL, body=PROMPT)


def create_trust_anchor(aws: Audited) -> None:
    aws.client("rolesanywhere").create_trust_anchor(
        name="anchor",
        enabled=True,
        source={"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "-----BEGIN"}},
        tags=[{"key": "a", "value": "b"}],
    )


def create_profile(aws: Audited) -> None:
    aws.client("rolesanywhere").create_profile(
        name="profile",
        enabled=True,
        durationSeconds=3600,
        roleArns=["arn:aws:iam::444455556666:role/r"],
        tags=[{"key": "a", "value": "b"}],
    )


def delete_query_log_config(aws: Audited) -> None:
    aws.client("s3").create_bucket(Bucket="query-bucket")
    resolver = aws.client("route53resolver")
    made = resolver.create_resolver_query_log_config(
        Name="queries", DestinationArn="arn:aws:s3:::query-bucket", CreatorRequestId="one"
    )["ResolverQueryLogConfig"]
    resolver.delete_resolver_query_log_config(ResolverQueryLogConfigId=made["Id"])
    assert resolver.list_resolver_query_log_configs()["ResolverQueryLogConfigs"] == []


def delete_login_profile(aws: Audited) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="without-a-password")
    iam.delete_login_profile(UserName="without-a-password")


def agree(aws: Audited) -> None:
    bedrock = aws.client("bedrock")
    offer = bedrock.list_foundation_model_agreement_offers(modelId=MODEL)["offers"][0]
    bedrock.create_foundation_model_agreement(modelId=MODEL, offerToken=offer["offerToken"])


REPLAYS: dict[str, Callable[[Audited], None]] = {
    "AssumeRole": assume_role,
    "AssumeRole denied": assume_role_denied,
    "GetPasswordData denied": get_password_data,
    "RunInstances denied": run_instances,
    "BatchGetSecretValue": batch_get_secret_value,
    "DescribeParameters": lambda aws: aws.client("ssm").describe_parameters(MaxResults=10),
    "DescribeParameters again": second_page_of_parameters,
    "GetParameters": get_parameters,
    "PutEventSelectors": put_event_selectors,
    "DeleteFlowLogs": delete_flow_logs,
    "DeleteLoginProfile denied": delete_login_profile,
    "DeleteResolverQueryLogConfig": delete_query_log_config,
    "DescribeInstanceInformation": describe_instance_information,
    "GetCommandInvocation": get_command_invocation,
    "SendCommand": send_command,
    "AuthorizeSecurityGroupIngress": authorize_ingress,
    "ModifySnapshotAttribute": share_snapshot,
    "InvokeModel": invoke_model,
    "SendSSHPublicKey": send_ssh_key,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "CreateUser": lambda aws: user(aws) and None,
    "AttachUserPolicy": attach_user_policy,
    "CreateAccessKey": create_access_key,
    "CreateLoginProfile": create_login_profile,
    "UpdateLoginProfile": update_login_profile,
    "GetCallerIdentity": lambda aws: aws.client("sts").get_caller_identity(),
    "UpdateFunctionConfiguration20150331v2": update_function,
    "CreateFoundationModelAgreement": agree,
    "GetFoundationModelAvailability": lambda aws: aws.client("bedrock").get_foundation_model_availability(
        modelId=MODEL
    ),
    "ListFoundationModelAgreementOffers": lambda aws: aws.client(
        "bedrock"
    ).list_foundation_model_agreement_offers(modelId=MODEL),
    "PutUseCaseForModelAccess": lambda aws: aws.client("bedrock").put_use_case_for_model_access(
        formData=b"{}"
    ),
    "CreateProfile": create_profile,
    "CreateTrustAnchor": create_trust_anchor,
}
"""By event name, with `denied` for a call that fails and `again` for one that is asked other things."""
OTHER_CODES = frozenset({"DeleteLoginProfile denied"})
"""Failures that AWS had another reason for: the state of a resource that the sandbox has no such state of."""
NOT_HERE = {
    "PutFoundationModelEntitlement": "the console's own call, which no SDK has",
}
"""Kinds of calls in the file that cannot be made, and why."""


@pytest.fixture(scope="module")
def replayed(aws: Audited) -> dict[str, dict[str, Any]]:
    """The sandbox's record of each of the calls."""
    made = {}
    for name, do in REPLAYS.items():
        with contextlib.suppress(ClientError):
            do(aws)
        made[name] = aws.record(name.partition(" ")[0])
    return made


@pytest.mark.parametrize("name", REPLAYS)
def test_a_call_is_recorded_with_the_keys_of_the_real_record(
    replayed: dict[str, dict[str, Any]], name: str
) -> None:
    event_name, _, how = name.partition(" ")
    ours = replayed[name]
    theirs = real(event_name, ours, failed=how == "denied")
    assert set(ours) == set(theirs)
    for part in ("requestParameters", "resources", "tlsDetails"):
        assert set(keys(ours.get(part))) == set(keys(theirs.get(part))), part
    same = [field for field in TOP if field != "errorCode" or name not in OTHER_CODES]
    assert {field: ours.get(field) for field in same} == {field: theirs.get(field) for field in same}
    assert set(keys(ours["responseElements"])) == set(keys(theirs["responseElements"]))


@pytest.mark.parametrize("kind", ["IAMUser", "AssumedRole"])
def test_an_identity_has_the_keys_of_real_identities_of_its_kind(aws: Audited, kind: str) -> None:
    aws.client("sts").get_caller_identity()
    key = session(aws) if kind == "AssumedRole" else ()
    if key:
        aws.with_keys("sts", *key).get_caller_identity()
    ours = aws.record("GetCallerIdentity")["userIdentity"]
    theirs = next(one["userIdentity"] for one in oracle() if one["userIdentity"]["type"] == kind)
    assert ours["type"] == kind
    assert set(keys(ours)) == set(keys(theirs))


def shape(record: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """The event's name, and the key of everything in a record but in who made the call."""
    told = {name: value for name, value in record.items() if name != "userIdentity"}
    return str(record["eventName"]), frozenset(keys(told))


def test_every_record_of_the_file_whose_call_can_be_made_has_the_keys_of_one_of_the_sandboxs(
    replayed: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {shape(record) for record in replayed.values()}
    theirs = [(one["eventName"], shape(one)) for one in oracle()]
    missed = sorted({event for event, told in theirs if told not in ours})
    events = {event for event, _ in theirs}
    agreeing = sum(told in ours for _, told in theirs)
    reasons = "".join(f"\n  {event}: {NOT_HERE.get(event, 'differs')}" for event in missed)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(events) - len(missed)} of {len(events)} operations ({agreeing} of {len(theirs)} real "
            f"records) are recorded key for key; not:{reasons}\n"
        )
    assert set(missed) == set(NOT_HERE)
