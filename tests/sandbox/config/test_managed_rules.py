from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.config.managed import rules
from tests.sandbox.aws import MEMBER, allow, deny, policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.config.conftest import Recorded

GOOD, BAD = "COMPLIANT", "NON_COMPLIANT"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
DOCUMENT = policy(allow("*"))


def open_bucket(aws: Recorded, name: str) -> Any:
    """A bucket whose own gates are open."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    return s3


def public_policy(action: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        name = f"policy-{action.lower()}"
        statement = allow(f"s3:{action}", f"arn:aws:s3:::{name}/*", Principal="*")
        open_bucket(aws, name).put_bucket_policy(Bucket=name, Policy=policy(statement))
        return name

    return make


def public_acl(acl: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        open_bucket(aws, f"acl-{acl}").put_bucket_acl(Bucket=f"acl-{acl}", ACL=acl)
        return f"acl-{acl}"

    return make


def plain_bucket(name: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        aws.client("s3").create_bucket(Bucket=name)
        return name

    return make


def unblocked_bucket(aws: Recorded) -> str:
    open_bucket(aws, "unblocked")
    return "unblocked"


def kms_bucket(aws: Recorded) -> str:
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    aws.client("s3").create_bucket(Bucket="with-kms")
    aws.client("s3").put_bucket_encryption(
        Bucket="with-kms", ServerSideEncryptionConfiguration={"Rules": [default]}
    )
    return "with-kms"


def versioned_bucket(aws: Recorded) -> str:
    aws.client("s3").create_bucket(Bucket="versioned")
    aws.client("s3").put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    return "versioned"


def tls_bucket(aws: Recorded) -> str:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    statement = deny("s3:*", "arn:aws:s3:::only-tls/*", Principal="*", Condition=condition)
    aws.client("s3").create_bucket(Bucket="only-tls")
    aws.client("s3").put_bucket_policy(Bucket="only-tls", Policy=policy(statement))
    return "only-tls"


def key(*, rotate: bool, delete: bool = False) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        kms = aws.client("kms")
        made = str(kms.create_key()["KeyMetadata"]["KeyId"])
        if rotate:
            kms.enable_key_rotation(KeyId=made)
        if delete:
            kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7)
        return made

    return make


def managed_policy(name: str, action: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        made = aws.client("iam").create_policy(PolicyName=name, PolicyDocument=policy(allow(action)))
        return str(made["Policy"]["PolicyId"])

    return make


def user(name: str, *, inline: bool) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        iam = aws.client("iam")
        made = iam.create_user(UserName=name)["User"]["UserId"]
        if inline:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=DOCUMENT)
        return str(made)

    return make


def notebook(name: str, **more: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        role = f"arn:aws:iam::{MEMBER}:role/notebook"
        aws.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role, **more
        )
        return name

    return make


def secret(aws: Recorded) -> str:
    return str(aws.client("secretsmanager").create_secret(Name="plain", SecretString="text")["ARN"])


def default_group(aws: Recorded) -> str:
    groups = aws.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["default"]}]
    )
    return str(groups["SecurityGroups"][0]["GroupId"])


def ssh_group(cidr: str) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        ec2 = aws.client("ec2")
        made = ec2.create_security_group(GroupName=f"ssh-{cidr[:3]}", Description="for a test")["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=made, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=cidr
        )
        return str(made)

    return make


def vpc(*, logged: bool) -> Callable[[Recorded], str]:
    def make(aws: Recorded) -> str:
        ec2 = aws.client("ec2")
        made = str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
        if logged:
            ec2.create_flow_logs(
                ResourceIds=[made],
                ResourceType="VPC",
                TrafficType="ALL",
                LogDestinationType="s3",
                LogDestination="arn:aws:s3:::config-history",
            )
        return made

    return make


def account(aws: Recorded) -> str:
    del aws
    return MEMBER


@pytest.mark.parametrize(
    ("rule", "make", "expected"),
    [
        ("S3_BUCKET_PUBLIC_READ_PROHIBITED", public_policy("GetObject"), BAD),
        ("S3_BUCKET_PUBLIC_READ_PROHIBITED", public_acl("public-read"), BAD),
        ("S3_BUCKET_PUBLIC_READ_PROHIBITED", plain_bucket("not-read"), GOOD),
        ("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", public_policy("PutObject"), BAD),
        ("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", public_acl("public-read-write"), BAD),
        ("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", public_acl("authenticated-read"), GOOD),
        ("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", unblocked_bucket, BAD),
        ("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", plain_bucket("blocked"), GOOD),
        ("S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC", account, BAD),
        ("S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED", plain_bucket("encrypted"), GOOD),
        ("S3_DEFAULT_ENCRYPTION_KMS", plain_bucket("without-kms"), BAD),
        ("S3_DEFAULT_ENCRYPTION_KMS", kms_bucket, GOOD),
        ("S3_BUCKET_VERSIONING_ENABLED", plain_bucket("unversioned"), BAD),
        ("S3_BUCKET_VERSIONING_ENABLED", versioned_bucket, GOOD),
        ("S3_BUCKET_LOGGING_ENABLED", plain_bucket("unlogged"), BAD),
        ("S3_BUCKET_SSL_REQUESTS_ONLY", plain_bucket("any-transport"), BAD),
        ("S3_BUCKET_SSL_REQUESTS_ONLY", tls_bucket, GOOD),
        ("CLOUD_TRAIL_ENABLED", account, BAD),
        ("CMK_BACKING_KEY_ROTATION_ENABLED", key(rotate=False), BAD),
        ("CMK_BACKING_KEY_ROTATION_ENABLED", key(rotate=True), GOOD),
        ("KMS_CMK_NOT_SCHEDULED_FOR_DELETION", key(rotate=False, delete=True), BAD),
        ("KMS_CMK_NOT_SCHEDULED_FOR_DELETION", key(rotate=True), GOOD),
        ("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", managed_policy("admin", "*"), BAD),
        ("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", managed_policy("all-s3", "s3:*"), GOOD),
        ("IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS", managed_policy("full-s3", "s3:*"), BAD),
        ("IAM_USER_NO_POLICIES_CHECK", user("with-policy", inline=True), BAD),
        ("IAM_USER_NO_POLICIES_CHECK", user("without-policy", inline=False), GOOD),
        ("IAM_USER_MFA_ENABLED", user("without-mfa", inline=False), BAD),
        ("IAM_ROOT_ACCESS_KEY_CHECK", account, GOOD),
        ("SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS", notebook("direct"), BAD),
        ("SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED", notebook("keyed", KmsKeyId="k"), GOOD),
        ("SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED", notebook("unkeyed"), BAD),
        ("SAGEMAKER_NOTEBOOK_INSTANCE_ROOT_ACCESS_CHECK", notebook("rootless", RootAccess="Disabled"), GOOD),
        ("SECRETSMANAGER_ROTATION_ENABLED_CHECK", secret, BAD),
        ("VPC_DEFAULT_SECURITY_GROUP_CLOSED", default_group, BAD),
        ("INCOMING_SSH_DISABLED", ssh_group("0.0.0.0/0"), BAD),
        ("INCOMING_SSH_DISABLED", ssh_group("10.0.0.0/8"), GOOD),
        ("VPC_FLOW_LOGS_ENABLED", vpc(logged=False), BAD),
        ("VPC_FLOW_LOGS_ENABLED", vpc(logged=True), GOOD),
    ],
)
def test_a_managed_rule_tells_good_from_bad(
    recorded: Recorded, rule: str, make: Callable[[Recorded], str], expected: str
) -> None:
    made = make(recorded)
    recorded.rule(rule)
    assert recorded.said(rule)[made] == expected


def test_a_closed_gate_makes_a_public_policy_harmless(recorded: Recorded) -> None:
    made = public_policy("GetObjectVersion")(recorded)
    rule = recorded.rule("S3_BUCKET_PUBLIC_READ_PROHIBITED")
    assert recorded.said(rule)[made] == BAD
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    recorded.client("s3").put_public_access_block(Bucket=made, PublicAccessBlockConfiguration=everything)
    assert recorded.said(rule)[made] == GOOD


def test_a_trail_is_enabled_only_while_it_logs(recorded: Recorded) -> None:
    cloudtrail, rule = recorded.client("cloudtrail"), recorded.rule("CLOUD_TRAIL_ENABLED")
    logs = allow(
        "s3:*",
        ["arn:aws:s3:::trail-logs", "arn:aws:s3:::trail-logs/*"],
        Principal={"Service": "cloudtrail.amazonaws.com"},
    )
    recorded.client("s3").create_bucket(Bucket="trail-logs")
    recorded.client("s3").put_bucket_policy(Bucket="trail-logs", Policy=policy(logs))
    trail = cloudtrail.create_trail(Name="audit", S3BucketName="trail-logs", EnableLogFileValidation=True)
    cloudtrail.start_logging(Name="audit")
    assert recorded.again(rule)[MEMBER] == GOOD
    assert recorded.said(recorded.rule("CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED"))[trail["TrailARN"]] == GOOD
    assert recorded.said(recorded.rule("CLOUD_TRAIL_ENCRYPTION_ENABLED"))[trail["TrailARN"]] == BAD
    cloudtrail.stop_logging(Name="audit")
    assert recorded.again(rule)[MEMBER] == BAD
    cloudtrail.delete_trail(Name="audit")


def test_a_function_is_public_when_everyone_or_any_bucket_may_invoke_it(recorded: Recorded) -> None:
    functions, rule = recorded.client("lambda"), recorded.rule("LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED")
    role = recorded.role("function", TRUST)
    for name in ("closed", "everyone", "any-bucket"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": _zip()},
        )
    for name, principal in {"everyone": "*", "any-bucket": "s3.amazonaws.com"}.items():
        functions.add_permission(
            FunctionName=name, StatementId="one", Action="lambda:InvokeFunction", Principal=principal
        )
    said = recorded.said(rule)
    assert said == {"closed": GOOD, "everyone": BAD, "any-bucket": BAD}
    assert set(recorded.said(recorded.rule("LAMBDA_INSIDE_VPC")).values()) == {BAD}


def test_parameters_change_what_a_rule_asks_for(recorded: Recorded) -> None:
    open_bucket(recorded, "excused")
    given = json.dumps({"excludedPublicBuckets": "excused, other"})
    rule = recorded.rule("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", InputParameters=given)
    assert recorded.said(rule)["excused"] == GOOD


def test_every_managed_rule_has_a_trigger_something_to_look_at_and_a_page() -> None:
    for rule in rules().values():
        assert rule.on_change or rule.periodic
        assert rule.watches
        assert rule.resource_type.startswith("AWS::")
        assert rule.page.startswith("https://docs.aws.amazon.com/config/latest/developerguide/")


def _zip() -> bytes:
    import io  # noqa: PLC0415 - one test's own
    import zipfile  # noqa: PLC0415 - one test's own

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return buffer.getvalue()
