"""The calls of public attack techniques on AWS, and the keys that AWS documents for their records.

Request and answer are given as they stand in the records of the guides: CloudTrail User Guide, "CloudTrail
log file examples"; S3 User Guide, "Amazon S3 CloudTrail log file entries"; RDS User Guide, "Understanding
Amazon RDS log file entries"; Systems Manager User Guide, "Logging AWS Systems Manager API calls with AWS
CloudTrail"; elsewhere they follow from the API's model by the rules that real records keep to.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws import allow, policy

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited

Events = list[dict[str, Any]]
STRANGER = "123456789012"
BUCKET = "ransomed-bucket"


def keys(value: Any, prefix: str = "") -> set[str]:
    """The dotted names of the innermost keys; the elements of a list have one name."""
    if isinstance(value, dict) and value:
        return {one for name, inner in value.items() for one in keys(inner, f"{prefix}.{name}")}
    if isinstance(value, list) and value:
        return {one for inner in value for one in keys(inner, prefix)}
    return {prefix.removeprefix(".")} if prefix else set()


def trust() -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("index.py", "def handler(event, context): ...")
    return packed.getvalue()


def instances(aws: Audited) -> None:
    ec2 = aws.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", KeyName="k", TagSpecifications=tags
    )["Instances"][0]["InstanceId"]
    ec2.describe_instances()
    ec2.describe_snapshots(OwnerIds=["self"])
    ec2.describe_instance_attribute(InstanceId=made, Attribute="userData")
    ec2.stop_instances(InstanceIds=[made])
    ec2.modify_instance_attribute(InstanceId=made, UserData={"Value": b"#!/bin/sh"})
    assert ec2.describe_instance_attribute(InstanceId=made, Attribute="userData")["UserData"]["Value"]
    ec2.start_instances(InstanceIds=[made])
    shared = ec2.create_image(InstanceId=made, Name="image")["ImageId"]
    ec2.modify_image_attribute(ImageId=shared, LaunchPermission={"Add": [{"UserId": STRANGER}]})
    ec2.get_password_data(InstanceId=made)
    ec2.enable_serial_console_access()
    aws.client("ec2-instance-connect").send_serial_console_ssh_public_key(
        InstanceId=made, SerialPort=0, SSHPublicKey=f"ssh-ed25519 {'A' * 80}"
    )
    session = aws.client("ssm").start_session(Target=made)["SessionId"]
    aws.client("ssm").terminate_session(SessionId=session)


def databases(aws: Audited) -> None:
    rds = aws.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        AllocatedStorage=10,
        MasterUsername="root1",
        MasterUserPassword="Correct-Horse-1",
    )
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="snap")
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="snap", AttributeName="restore", ValuesToAdd=[STRANGER]
    )


def buckets(aws: Audited) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={
            "Rules": [
                {"ID": "one-day", "Status": "Enabled", "Filter": {"Prefix": "*"}, "Expiration": {"Days": 1}}
            ]
        },
    )
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    s3.get_object(Bucket=BUCKET, Key="k")
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "a" * 32}
    s3.copy_object(Bucket=BUCKET, Key="taken", CopySource=f"{BUCKET}/k", **key)
    s3.list_object_versions(Bucket=BUCKET)
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "k"}]})
    s3.delete_object(Bucket=BUCKET, Key="taken")


def identities(aws: Audited) -> None:
    iam = aws.client("iam")
    role = iam.create_role(RoleName="backdoor", AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    iam.create_policy(PolicyName="everything", PolicyDocument=policy(allow("*")))
    iam.create_instance_profile(InstanceProfileName="profile")
    aws.client("sts").get_federation_token(Name="intruder", Policy=policy(allow("*")))
    functions = aws.client("lambda")
    code = {"ZipFile": archive()}
    functions.create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="index.handler", Code=code
    )
    functions.update_function_code(FunctionName="f", **code)
    functions.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=STRANGER
    )
    functions.publish_layer_version(LayerName="extension", Content=code)
    notebooks = aws.client("sagemaker")
    config = {"NotebookInstanceLifecycleConfigName": "lifecycle"}
    notebooks.create_notebook_instance_lifecycle_config(**config)
    notebooks.update_notebook_instance_lifecycle_config(**config, OnStart=[{"Content": "aWQ="}])


def trails(aws: Audited) -> None:
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.create_trail(Name="doomed", S3BucketName=BUCKET)
    cloudtrail.start_logging(Name="doomed")
    cloudtrail.describe_trails()
    cloudtrail.stop_logging(Name="doomed")
    cloudtrail.delete_trail(Name="doomed")
    for service, operation in (
        ("organizations", "leave_organization"),
        ("ses", "get_account_sending_enabled"),
        ("sesv2", "get_account"),
    ):
        with contextlib.suppress(ClientError):
            getattr(aws.client(service), operation)()


@pytest.fixture(scope="module")
def events(aws: Audited) -> Events:
    """Everything that the techniques leave behind, data events too."""
    with aws.overheard() as seen:
        for technique in (instances, databases, buckets, identities, trails):
            technique(aws)
    return seen


FUNCTION = {
    "architectures",
    "codeSha256",
    "codeSize",
    "description",
    "ephemeralStorage.size",
    "functionArn",
    "functionName",
    "handler",
    "lastModified",
    "loggingConfig.logFormat",
    "loggingConfig.logGroup",
    "memorySize",
    "packageType",
    "revisionId",
    "role",
    "runtime",
    "runtimeVersionConfig.runtimeVersionArn",
    "snapStart.applyOn",
    "snapStart.optimizationStatus",
    "state",
    "timeout",
    "tracingConfig.mode",
    "version",
}
UPDATE = {"lastUpdateStatus", "lastUpdateStatusReason", "lastUpdateStatusReasonCode"}
STATES = {
    f"instancesSet.items.{name}"
    for name in (
        "instanceId",
        "currentState.code",
        "currentState.name",
        "previousState.code",
        "previousState.name",
    )
}
OBJECT = {"bucketName", "Host", "key"}
SSE_C = "x-amz-server-side-encryption-customer-algorithm"
RULE = "LifecycleConfiguration.Rule"
SERIAL = "EnableSerialConsoleAccess"
RECORDS: list[tuple[str, set[str] | None, set[str] | None]] = [
    ("DescribeInstances", {"instancesSet", "filterSet"}, None),
    (
        "DescribeSnapshots",
        {"ownersSet.items.owner", "snapshotSet", "sharedUsersSet", "filterSet"},
        None,
    ),
    ("DescribeInstanceAttribute", {"instanceId", "attribute"}, None),
    ("StopInstances", {"instancesSet.items.instanceId", "force"}, {"requestId", *STATES}),
    ("ModifyInstanceAttribute", {"instanceId", "userData"}, {"requestId", "_return"}),
    ("StartInstances", {"instancesSet.items.instanceId"}, {"requestId", *STATES}),
    (
        "ModifyImageAttribute",
        {"imageId", "launchPermission.add.items.userId", "attributeType"},
        {"requestId", "_return"},
    ),
    ("GetPasswordData", {"instanceId"}, None),
    (
        SERIAL,
        {f"{SERIAL}Request"},
        {f"{SERIAL}Response.{name}" for name in ("xmlns", "requestId", "serialConsoleAccessEnabled")},
    ),
    (
        "SendSerialConsoleSSHPublicKey",
        {"instanceId", "serialPort", "sSHPublicKey"},
        {"requestId", "success"},
    ),
    ("StartSession", {"target"}, {"sessionId", "tokenValue", "streamUrl"}),
    ("TerminateSession", {"sessionId"}, {"sessionId"}),
    (
        "ModifyDBSnapshotAttribute",
        {"dBSnapshotIdentifier", "attributeName", "valuesToAdd"},
        {
            "dBSnapshotIdentifier",
            "dBSnapshotAttributes.attributeName",
            "dBSnapshotAttributes.attributeValues",
        },
    ),
    (
        "PutBucketLifecycle",
        {
            "bucketName",
            "Host",
            "lifecycle",
            "LifecycleConfiguration.xmlns",
            f"{RULE}.ID",
            f"{RULE}.Status",
            f"{RULE}.Filter.Prefix",
            f"{RULE}.Expiration.Days",
        },
        None,
    ),
    ("PutObject", OBJECT, {"x-amz-server-side-encryption", "x-amz-version-id"}),
    ("GetObject", OBJECT, None),
    ("DeleteObjects", {"bucketName", "Host", "delete"}, None),
    ("DeleteObject", OBJECT, {"x-amz-version-id", "x-amz-delete-marker"}),
    (
        "CreateRole",
        {"roleName", "assumeRolePolicyDocument"},
        {
            f"role.{name}"
            for name in ("path", "roleName", "roleId", "arn", "createDate", "assumeRolePolicyDocument")
        },
    ),
    (
        "GetFederationToken",
        {"name", "policy"},
        {
            "credentials.accessKeyId",
            "credentials.sessionToken",
            "credentials.expiration",
            "federatedUser.federatedUserId",
            "federatedUser.arn",
            "packedPolicySize",
        },
    ),
    ("UpdateFunctionCode20150331v2", {"functionName", "dryRun", "publish"}, FUNCTION | UPDATE),
    ("AddPermission20150331v2", {"functionName", "statementId", "action", "principal"}, {"statement"}),
    (
        "UpdateNotebookInstanceLifecycleConfig",
        {"notebookInstanceLifecycleConfigName", "onStart.content"},
        None,
    ),
    ("DescribeTrails", {"trailNameList"}, None),
    ("StopLogging", {"name"}, None),
    ("DeleteTrail", {"name"}, None),
    ("LeaveOrganization", None, None),
    ("GetAccountSendingEnabled", None, None),
    ("GetAccount", None, None),
]


def newest(events: Events, name: str) -> dict[str, Any]:
    return next(event for event in reversed(events) if event["eventName"] == name)


@pytest.mark.parametrize(("name", "asked", "answered"), RECORDS)
def test_a_techniques_call_has_the_documented_keys(
    events: Events, name: str, asked: set[str] | None, answered: set[str] | None
) -> None:
    record = newest(events, name)
    assert keys(record["requestParameters"]) == (asked or set())
    assert (record["requestParameters"] is None) is (asked is None)
    assert keys(record["responseElements"]) == (answered or set())
    assert (record["responseElements"] is None) is (answered is None)


def test_an_instance_is_asked_for_with_its_key_and_its_tags_and_its_times_are_milliseconds(
    events: Events,
) -> None:
    record = newest(events, "RunInstances")
    assert set(record["requestParameters"]["instancesSet"]["items"][0]) == {
        "imageId",
        "keyName",
        "minCount",
        "maxCount",
    }
    assert record["requestParameters"]["tagSpecificationSet"] == {
        "items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}]
    }
    assert isinstance(record["responseElements"]["instancesSet"]["items"][0]["launchTime"], int)


def test_a_record_says_how_an_object_was_encrypted_and_with_whose_key(events: Events) -> None:
    assert newest(events, "PutObject")["additionalEventData"]["SSEApplied"] == "Default_SSE_S3"
    taken = newest(events, "CopyObject")
    assert taken["additionalEventData"]["SSEApplied"] == "SSE_C"
    assert taken["requestParameters"][SSE_C] == taken["responseElements"][SSE_C] == "AES256"
    assert "SSEApplied" not in newest(events, "GetObject")["additionalEventData"]


def test_a_database_is_recorded_without_a_name_around_it_and_without_its_password(events: Events) -> None:
    record = newest(events, "CreateDBInstance")
    assert record["responseElements"]["dBInstanceIdentifier"] == "db"
    assert record["requestParameters"]["masterUserPassword"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_a_sessions_token_is_hidden_in_the_words_of_session_manager(events: Events) -> None:
    answered = newest(events, "StartSession")["responseElements"]
    assert answered["tokenValue"] == "Value hidden due to security reasons."


def test_a_federated_users_identity_names_the_user_who_got_the_session(aws: Audited) -> None:
    made = aws.client("sts").get_federation_token(Name="intruder", Policy=policy(allow("*")))["Credentials"]
    key = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    aws.with_keys("s3", *key).list_buckets()
    identity = aws.record("ListBuckets")["userIdentity"]
    assert identity["type"] == "FederatedUser"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["userName"]) == ("IAMUser", "admin")
    assert issuer["principalId"].startswith("AIDA")
    assert issuer["principalId"] == aws.client("iam").get_user(UserName="admin")["User"]["UserId"]
