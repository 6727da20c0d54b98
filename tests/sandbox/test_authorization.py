"""Who may do what: policies of every kind, and the roles that calls pass on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.policy import Kind, MalformedPolicyDocument, compile_policy, evaluate
from chaoskit.sandbox.attached import attached
from chaoskit.sandbox.wire import ApiError
from tests.sandbox.aws import MANAGEMENT, MEMBER, allow, deny, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.aws import Aws

FUNCTION = f"arn:aws:lambda:us-east-1:{MEMBER}:function:none"


def test_nothing_is_allowed_without_a_policy(aws: Aws) -> None:
    key = aws.user("nobody")
    code, message, status = refusal(aws.with_keys("sqs", **key).list_queues)
    assert (code, status) == ("AccessDenied", 400)
    assert message == (
        f"User: arn:aws:iam::{MEMBER}:user/nobody is not authorized to perform: sqs:ListQueues "
        f"because no identity-based policy allows the sqs:ListQueues action"
    )


def test_an_explicit_deny_wins_over_an_allow(aws: Aws) -> None:
    key = aws.user("barred", allow("*"), deny("kms:ListKeys"))
    code, message, status = refusal(aws.with_keys("kms", **key).list_keys)
    assert (code, status) == ("AccessDeniedException", 400)
    assert message.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("ec2", "describe_vpcs", "UnauthorizedOperation", 403),
        ("sns", "list_topics", "AuthorizationError", 403),
        ("s3", "list_buckets", "AccessDenied", 403),
        ("iam", "list_roles", "AccessDenied", 403),
        ("lambda", "list_functions", "AccessDeniedException", 403),
        ("sagemaker", "list_models", "AccessDeniedException", 400),
        ("ssm", "describe_parameters", "AccessDeniedException", 400),
        ("cloudformation", "list_stacks", "AccessDenied", 403),
    ],
)
def test_a_denial_has_the_code_of_its_service(
    aws: Aws, service: str, call: str, code: str, status: int
) -> None:
    key = aws.user(f"denied-{service}")
    got = refusal(getattr(aws.with_keys(service, **key), call))
    assert (got[0], got[2]) == (code, status)


def test_a_group_grants_to_its_members(aws: Aws) -> None:
    key = aws.user("member-of-group")
    iam = aws.client("iam")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="r", PolicyDocument=policy(allow("sqs:List*")))
    sqs = aws.with_keys("sqs", **key)
    assert refusal(sqs.list_queues)[0] == "AccessDenied"
    iam.add_user_to_group(GroupName="readers", UserName="member-of-group")
    assert sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_boundary_limits_a_user_and_a_role_alike(aws: Aws) -> None:
    iam = aws.client("iam")
    boundary = iam.create_policy(PolicyName="only-sqs", PolicyDocument=policy(allow("sqs:*")))
    arn = boundary["Policy"]["Arn"]
    key = aws.user("bounded", allow("*"))
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=arn)
    shown = iam.get_user(UserName="bounded")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == arn
    assert aws.with_keys("sqs", **key).list_queues()
    _, message, _ = refusal(aws.with_keys("iam", **key).list_users)
    assert message.endswith("because no permissions boundary allows the iam:ListUsers action")
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert aws.with_keys("iam", **key).list_users()

    aws.role("bounded-role", trusted(), allow("*"))
    iam.put_role_permissions_boundary(RoleName="bounded-role", PermissionsBoundary=arn)
    session = assume(aws, "bounded-role")
    assert "no permissions boundary" in refusal(aws.with_keys("iam", **session).list_users)[1]


def trusted(account: str = MEMBER, **more: Any) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"], **more}


def assume(aws: Aws, role: str, **more: Any) -> dict[str, str]:
    arn = f"arn:aws:iam::{MEMBER}:role/{role}"
    made = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **more)["Credentials"]
    return {
        "key": made["AccessKeyId"],
        "secret": made["SecretAccessKey"],
        "token": made["SessionToken"],
    }


def test_a_session_policy_limits_one_session(aws: Aws) -> None:
    aws.role("limited", trusted(), allow("*"))
    session = assume(aws, "limited", Policy=policy(allow("sqs:ListQueues")))
    assert aws.with_keys("sqs", **session).list_queues()
    assert "no session policy" in refusal(aws.with_keys("iam", **session).list_users)[1]
    read_only = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    reader = aws.with_keys("iam", **assume(aws, "limited", PolicyArns=read_only))
    assert reader.list_users()
    assert refusal(reader.create_user, UserName="x")[0] == "AccessDenied"


def test_session_tags_are_the_principals_tags(aws: Aws) -> None:
    tagged = allow("sqs:ListQueues", Condition={"StringEquals": {"aws:PrincipalTag/team": "ml"}})
    aws.role("tagged", trusted(), tagged)
    assert refusal(aws.with_keys("sqs", **assume(aws, "tagged")).list_queues)[0] == "AccessDenied"
    session = assume(aws, "tagged", Tags=[{"Key": "team", "Value": "ml"}])
    assert aws.with_keys("sqs", **session).list_queues()


def test_a_chained_role_inherits_transitive_tags_and_lasts_an_hour_at_most(aws: Aws) -> None:
    aws.role("first", trusted(), allow("sts:*"))
    aws.role("second", trusted())
    tags = [{"Key": "team", "Value": "ml"}, {"Key": "task", "Value": "a"}]
    first = aws.with_keys("sts", **assume(aws, "first", Tags=tags, TransitiveTagKeys=["team"]))
    second = f"arn:aws:iam::{MEMBER}:role/second"
    code, message, _ = refusal(first.assume_role, RoleArn=second, RoleSessionName="x2", DurationSeconds=3601)
    assert (code, "role chaining" in message) == ("ValidationError", True)
    made = first.assume_role(RoleArn=second, RoleSessionName="x2")
    held = aws.served.cloud.identities.credential(made["Credentials"]["AccessKeyId"])
    assert held.principal.session_tags == {"team": "ml"}
    same = [{"Key": "team", "Value": "other"}]
    assert refusal(first.assume_role, RoleArn=second, RoleSessionName="x3", Tags=same)[0] == "ValidationError"


def test_a_roles_trust_policy_decides_who_assumes_it(aws: Aws) -> None:
    external = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    aws.role("guarded", trusted(MANAGEMENT, Condition=external))
    arn = f"arn:aws:iam::{MEMBER}:role/guarded"
    stranger = aws.client("sts", "management")
    _, message, _ = refusal(stranger.assume_role, RoleArn=arn, RoleSessionName="x2")
    assert "is not authorized to perform: sts:AssumeRole" in message
    made = stranger.assume_role(RoleArn=arn, RoleSessionName="x2", ExternalId="secret-handshake")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/guarded/x2"
    insider = aws.client("sts")
    assert (
        refusal(insider.assume_role, RoleArn=arn, RoleSessionName="x2", ExternalId="secret-handshake")[0]
        == "AccessDenied"
    )


def test_assume_role_takes_only_what_sts_takes(aws: Aws) -> None:
    aws.role("plain", trusted())
    sts = aws.client("sts")
    arn = f"arn:aws:iam::{MEMBER}:role/plain"
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="a b")[0] == "ValidationError"
    assert (
        refusal(sts.assume_role, RoleArn=arn, RoleSessionName="ab", DurationSeconds=7200)[0]
        == "ValidationError"
    )
    missing = f"arn:aws:iam::{MEMBER}:role/missing"
    assert refusal(sts.assume_role, RoleArn=missing, RoleSessionName="ab")[0] == "AccessDenied"


@pytest.fixture
def no_models(aws: Aws) -> Iterator[None]:
    """An SCP on the root that denies listing models."""
    organizations = aws.client("organizations", "management")
    root = organizations.list_roots()["Roots"][0]["Id"]
    made = organizations.create_policy(
        Name="no-models",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=policy(deny("sagemaker:ListModels")),
    )
    scp = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=scp, TargetId=root)
    yield
    organizations.detach_policy(PolicyId=scp, TargetId=root)


@pytest.mark.usefixtures("no_models")
def test_an_scp_stops_the_member_account_but_not_the_management_account(aws: Aws) -> None:
    code, message, _ = refusal(aws.client("sagemaker").list_models)
    assert code == "AccessDeniedException"
    assert message.endswith("with an explicit deny in a service control policy")
    assert aws.client("sagemaker", "management").list_models()["Models"] == []


def test_an_scp_is_off_once_detached(aws: Aws) -> None:
    assert aws.client("sagemaker").list_models()["Models"] == []


def test_a_resource_control_policy_guards_the_resources_of_the_member_account(aws: Aws) -> None:
    organizations = aws.client("organizations", "management")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")
    made = organizations.create_policy(
        Name="no-listing",
        Description="",
        Type="RESOURCE_CONTROL_POLICY",
        Content=policy(deny("s3:ListBucket", Principal="*")),
    )
    rcp = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=rcp, TargetId=root)
    aws.client("s3").create_bucket(Bucket="under-rcp")
    _, message, _ = refusal(aws.client("s3").list_objects_v2, Bucket="under-rcp")
    assert message.endswith("with an explicit deny in a resource control policy")
    organizations.detach_policy(PolicyId=rcp, TargetId=root)
    assert aws.client("s3").list_objects_v2(Bucket="under-rcp")["KeyCount"] == 0


def test_passing_a_role_needs_its_own_permission(aws: Aws) -> None:
    aws.role("execution", trusted())
    arn = f"arn:aws:iam::{MEMBER}:role/execution"
    create = {
        "ModelName": "m",
        "ExecutionRoleArn": arn,
        "PrimaryContainer": {"Image": f"{MEMBER}.dkr.ecr.us-east-1.amazonaws.com/m:1"},
    }
    key = aws.user("modeller", allow("sagemaker:CreateModel"))
    sagemaker = aws.with_keys("sagemaker", **key)
    assert f"iam:PassRole on resource: {arn}" in refusal(sagemaker.create_model, **create)[1]
    to = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    put = aws.client("iam").put_user_policy
    put(
        UserName="modeller",
        PolicyName="pass",
        PolicyDocument=policy(allow("iam:PassRole", arn, Condition=to)),
    )
    assert "iam:PassRole" in refusal(sagemaker.create_model, **create)[1]
    to["StringEquals"]["iam:PassedToService"] = "sagemaker.amazonaws.com"
    put(
        UserName="modeller",
        PolicyName="pass",
        PolicyDocument=policy(allow("iam:PassRole", arn, Condition=to)),
    )
    assert sagemaker.create_model(**create)["ModelArn"].endswith(":model/m")


def test_attaching_a_policy_is_decided_on_the_role_with_its_path_and_on_the_policy(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName="in-a-path", Path="/ml/", AssumeRolePolicyDocument=policy(trusted()))
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    statement = allow(
        "iam:AttachRolePolicy",
        f"arn:aws:iam::{MEMBER}:role/ml/*",
        Condition={"ArnNotEquals": {"iam:PolicyARN": admin}},
    )
    limited = aws.with_keys("iam", **aws.user("attacher", statement))
    assert refusal(limited.attach_role_policy, RoleName="in-a-path", PolicyArn=admin)[0] == "AccessDenied"
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    limited.attach_role_policy(RoleName="in-a-path", PolicyArn=read_only)
    assert iam.list_attached_role_policies(RoleName="in-a-path")["AttachedPolicies"]


def test_a_queue_policy_lets_another_account_in_only_if_that_account_agrees(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:shared"
    guest = aws.with_keys("sqs", **aws.user("guest", who="management"))
    host = aws.client("sqs", "management")
    message = {"QueueUrl": url, "MessageBody": "hello"}
    assert refusal(host.send_message, **message)[0] == "AccessDenied"
    opened = policy(allow("sqs:SendMessage", arn, Principal={"AWS": MANAGEMENT}))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": opened})
    assert host.send_message(**message)["MessageId"]
    assert refusal(guest.send_message, **message)[0] == "AccessDenied"
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_a_key_policy_is_the_only_way_to_a_key(aws: Aws) -> None:
    kms = aws.client("kms")
    keeper = {"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}
    only = policy(allow("kms:*", Principal=keeper))
    key_id = kms.create_key(Policy=only)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key_id)
    other = aws.with_keys("kms", **aws.user("with-all-of-kms", allow("kms:*")))
    _, message, _ = refusal(other.encrypt, KeyId=key_id, Plaintext=b"x")
    assert "no resource-based policy allows" in message
    assert refusal(other.encrypt, KeyId="alias/own", Plaintext=b"x")[0] == "AccessDeniedException"
    sealed = kms.encrypt(KeyId="alias/own", Plaintext=b"x")["CiphertextBlob"]
    assert refusal(other.decrypt, CiphertextBlob=sealed)[0] == "AccessDeniedException"
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_tags_of_a_resource_and_of_a_request_are_conditions(aws: Aws) -> None:
    own = {"StringEquals": {"aws:ResourceTag/owner": "ml"}}
    asked = {"StringEquals": {"aws:RequestTag/owner": "ml"}}
    key = aws.user(
        "by-tag",
        allow("secretsmanager:GetSecretValue", Condition=own),
        allow(["secretsmanager:CreateSecret", "secretsmanager:TagResource"], Condition=asked),
    )
    secrets = aws.with_keys("secretsmanager", **key)
    tags = [{"Key": "owner", "Value": "ml"}]
    assert refusal(secrets.create_secret, Name="a", SecretString="s")[0] == "AccessDeniedException"
    secrets.create_secret(Name="a", SecretString="s", Tags=tags)
    aws.client("secretsmanager").create_secret(Name="b", SecretString="s")
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "s"
    assert refusal(secrets.get_secret_value, SecretId="b")[0] == "AccessDeniedException"


def test_regions_can_be_fenced_off(aws: Aws) -> None:
    home = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    key = aws.user("homebody", allow("sqs:*", Condition=home))

    def queues(region: str) -> Any:
        return boto3.client(
            "sqs",
            endpoint_url=aws.url,
            region_name=region,
            aws_access_key_id=key["key"],
            aws_secret_access_key=key["secret"],
        ).list_queues

    assert queues("us-east-1")()
    assert refusal(queues("eu-west-1"))[0] == "AccessDenied"


def test_the_cloud_assumes_roles_as_a_service_only_where_trust_allows(aws: Aws) -> None:
    cloud = aws.served.cloud
    source = f"arn:aws:events:us-east-1:{MEMBER}:rule/r"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    role = aws.role("for-events", trust, allow("sqs:*"))
    acting = cloud.assume(role, service="events.amazonaws.com", session_name="s", source_arn=source)
    assert cloud.client("sqs", acting).list_queues()
    assert cloud.client("sqs", acting) is cloud.client("sqs", acting)
    assert refusal(cloud.client("iam", acting).list_users)[0] == "AccessDenied"
    for service, arn in (("lambda.amazonaws.com", source), ("events.amazonaws.com", source + "2")):
        with pytest.raises(ApiError, match="not authorized to perform: sts:AssumeRole"):
            cloud.assume(role, service=service, session_name="s", source_arn=arn)


def test_a_service_may_send_to_a_queue_that_names_it(aws: Aws) -> None:
    cloud = aws.served.cloud
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="for-a-service")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:for-a-service"
    source = f"arn:aws:events:us-east-1:{MEMBER}:rule/r"
    events = cloud.service_principal("events.amazonaws.com", account=MEMBER, source_arn=source)
    send = cloud.client("sqs", events).send_message
    assert refusal(send, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"
    opened = allow(
        "sqs:SendMessage",
        arn,
        Principal={"Service": "events.amazonaws.com"},
        Condition={"ArnEquals": {"aws:SourceArn": source}},
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(opened)})
    assert send(QueueUrl=url, MessageBody="x")["MessageId"]
    other = cloud.service_principal("events.amazonaws.com", account=MEMBER, source_arn=source + "2")
    assert (
        refusal(cloud.client("sqs", other).send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"
    )


def test_denied_calls_reach_the_audit_trail_too(aws: Aws) -> None:
    key = aws.user("traced")
    refusal(aws.with_keys("sqs", **key).create_queue, QueueName="never")
    found = aws.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": key["key"]}]
    )["Events"]
    record = json.loads(found[0]["CloudTrailEvent"])
    assert (record["eventName"], record["errorCode"]) == ("CreateQueue", "AccessDenied")


def test_an_object_under_a_customers_key_needs_that_key(aws: Aws) -> None:
    kms, s3 = aws.client("kms"), aws.client("s3")
    s3.create_bucket(Bucket="sealed")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    key = aws.user("sealer", allow("s3:*", ["arn:aws:s3:::sealed", "arn:aws:s3:::sealed/*"]))
    sealer = aws.with_keys("s3", **key)
    put = {
        "Bucket": "sealed",
        "Key": "k",
        "Body": b"x",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": arn,
    }
    _, message, _ = refusal(sealer.put_object, **put)
    assert f"kms:GenerateDataKey on resource: {arn}" in message
    via = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    grant = policy(allow(["kms:GenerateDataKey", "kms:Decrypt"], arn, Condition=via))
    aws.client("iam").put_user_policy(UserName="sealer", PolicyName="key", PolicyDocument=grant)
    sealer.put_object(**put)
    assert sealer.get_object(Bucket="sealed", Key="k")["Body"].read() == b"x"
    assert refusal(aws.with_keys("kms", **key).generate_data_key, KeyId=arn, KeySpec="AES_256")
    kms.disable_key(KeyId=arn)
    assert refusal(sealer.get_object, Bucket="sealed", Key="k")[0] == "KMS.DisabledException"
    assert refusal(kms.encrypt, KeyId=arn, Plaintext=b"x")[0] == "DisabledException"
    kms.enable_key(KeyId=arn)
    assert sealer.get_object(Bucket="sealed", Key="k")


def test_a_key_pending_deletion_cannot_be_used_until_it_is_kept_and_enabled(aws: Aws) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    assert kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
    assert refusal(kms.encrypt, KeyId=arn, Plaintext=b"x")[0] == "KMSInvalidStateException"
    assert refusal(kms.enable_key, KeyId=arn)[0] == "KMSInvalidStateException"
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kms.cancel_key_deletion(KeyId=arn)["KeyId"] == arn
    assert refusal(kms.encrypt, KeyId=arn, Plaintext=b"x")[0] == "DisabledException"
    kms.enable_key(KeyId=arn)
    assert kms.encrypt(KeyId=arn, Plaintext=b"x")["KeyId"] == arn


def test_a_vpc_endpoint_policy_limits_what_comes_through_it(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    only_lists = policy(allow("sqs:ListQueues", Principal="*"))
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface",
        PolicyDocument=only_lists,
    )
    within = allow("sqs:*", Condition={"StringEquals": {"aws:SourceVpc": vpc}})
    key = aws.user("insider", within)
    inside, outside = aws.with_keys("sqs", **key), aws.with_keys("sqs", **key)

    def through(request: Any, **_: object) -> None:
        request.headers["x-chaoskit-source-vpce"] = made["VpcEndpoint"]["VpcEndpointId"]

    inside.meta.events.register("before-sign.sqs", through)
    assert inside.list_queues()
    assert refusal(outside.list_queues)[0] == "AccessDenied"
    _, message, _ = refusal(inside.create_queue, QueueName="x")
    assert "VPC endpoint policy" in message


BOTH = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}
        ],
    }
)
NEITHER = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*"}})
IDENTITY = "MalformedPolicyDocument"
OTHERS = "MalformedPolicyDocumentException"
MALFORMED: list[tuple[str, str, dict[str, Any], str]] = [
    ("apigateway", "create_rest_api", {"name": "n", "policy": BOTH}, "BadRequestException"),
    (
        "apigateway",
        "update_rest_api",
        {"restApiId": "a", "patchOperations": [{"op": "replace", "path": "/policy", "value": BOTH}]},
        "BadRequestException",
    ),
    ("iam", "create_policy", {"PolicyName": "p", "PolicyDocument": NEITHER}, IDENTITY),
    ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": NEITHER}, IDENTITY),
    (
        "iam",
        "put_group_policy",
        {"GroupName": "g", "PolicyName": "p", "PolicyDocument": NEITHER},
        IDENTITY,
    ),
    ("iam", "put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": NEITHER}, IDENTITY),
    (
        "iam",
        "put_user_policy",
        {"UserName": "admin", "PolicyName": "p", "PolicyDocument": NEITHER},
        IDENTITY,
    ),
    ("iam", "update_assume_role_policy", {"RoleName": "r", "PolicyDocument": NEITHER}, IDENTITY),
    ("kms", "create_key", {"Policy": BOTH}, OTHERS),
    ("logs", "put_resource_policy", {"policyName": "p", "policyDocument": BOTH}, "InvalidParameterException"),
    ("s3", "put_bucket_policy", {"Bucket": "sealed", "Policy": BOTH}, "MalformedPolicy"),
    ("secretsmanager", "put_resource_policy", {"SecretId": "s", "ResourcePolicy": BOTH}, OTHERS),
    ("sns", "create_topic", {"Name": "t", "Attributes": {"Policy": BOTH}}, "InvalidParameter"),
    (
        "sns",
        "set_topic_attributes",
        {
            "TopicArn": "arn:aws:sns:us-east-1:444455556666:t",
            "AttributeName": "Policy",
            "AttributeValue": BOTH,
        },
        "InvalidParameter",
    ),
    ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"Policy": BOTH}}, "InvalidAttributeValue"),
    (
        "sqs",
        "set_queue_attributes",
        {
            "QueueUrl": "http://127.0.0.1/444455556666/q",
            "Attributes": {"Policy": BOTH},
        },
        "InvalidAttributeValue",
    ),
    (
        "ecr",
        "set_repository_policy",
        {"repositoryName": "rr", "policyText": BOTH},
        "InvalidParameterException",
    ),
    (
        "ec2",
        "create_vpc_endpoint",
        {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.us-east-1.s3", "PolicyDocument": BOTH},
        "InvalidPolicyDocument",
    ),
    ("events", "put_permission", {"EventBusName": "default", "Policy": BOTH}, "ValidationException"),
]


@pytest.mark.parametrize(
    ("service", "call", "params", "code"), MALFORMED, ids=[f"{each[0]}-{each[1]}" for each in MALFORMED]
)
def test_a_malformed_policy_is_refused_when_it_is_stored_with_the_place_of_its_fault(
    aws: Aws, service: str, call: str, params: dict[str, Any], code: str
) -> None:
    given, message, status = refusal(getattr(aws.client(service), call), **params)
    assert (given, status) == (code, 400)
    assert "Statement[0].NotAction: " in message or "Statement.Action: " in message


def test_calls_of_an_api_are_decided_by_the_policy_it_was_given(aws: Aws) -> None:
    api = aws.client("apigateway")
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    invoke = allow("execute-api:Invoke", "execute-api:/v1/POST/*", Principal="*", Condition=office)
    made = api.create_rest_api(name="n", policy=policy(invoke))["id"]
    called = f"arn:aws:execute-api:us-east-1:{MEMBER}:{made}/v1/POST/prediction"

    def invoked(arn: str, address: str) -> bool:
        context = {"aws:SourceIp": address}
        request = {
            "principal": None,
            "action": "execute-api:Invoke",
            "resource": arn,
            "context": context,
        }
        return evaluate(request, {"resourcePolicy": attached(arn).policy or None}).allowed

    assert (attached(called).owner, invoked(called, "192.0.2.7")) == (MEMBER, True)
    assert not invoked(called, "198.51.100.7")
    assert not invoked(called.replace("POST", "GET"), "192.0.2.7")
    patch = {"op": "replace", "path": "/policy", "value": policy(deny("*", "execute-api:/*", Principal="*"))}
    api.update_rest_api(restApiId=made, patchOperations=[patch])
    assert not invoked(called, "192.0.2.7")
    api.delete_rest_api(restApiId=made)


def test_a_key_keeps_its_policy_when_a_malformed_one_is_put(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert refusal(kms.put_key_policy, KeyId=key, PolicyName="default", Policy=BOTH)[0] == OTHERS
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == before


def test_the_api_refuses_a_policy_with_the_words_of_the_library(aws: Aws) -> None:
    with pytest.raises(MalformedPolicyDocument) as fault:
        compile_policy(BOTH, Kind.IDENTITY)
    put = aws.client("iam").put_user_policy
    _, message, _ = refusal(put, UserName="admin", PolicyName="p", PolicyDocument=BOTH)
    assert message == str(fault.value)


def test_an_scp_cannot_be_made_unreadable(aws: Aws) -> None:
    organizations = aws.client("organizations", "management")
    scp = {"Name": "bad", "Description": "", "Type": "SERVICE_CONTROL_POLICY"}
    code = "MalformedPolicyDocumentException"
    assert refusal(organizations.create_policy, Content="{}", **scp)[0] == code
    made = organizations.create_policy(Content=policy(deny("iam:CreateUser")), **scp)
    known = made["Policy"]["PolicySummary"]["Id"]
    assert refusal(organizations.update_policy, PolicyId=known, Content="{}")[0] == code


def test_what_sts_cannot_do_here_it_says(aws: Aws) -> None:
    asked = {
        "TargetPrincipal": MEMBER,
        "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
    }
    assert refusal(aws.client("sts").assume_root, **asked)[0] == "NotImplemented"
