from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from moto.core.utils import get_service_model

from chaoskit.sandbox.trail.records import records
from chaoskit.sandbox.wire import Answer, ApiCall, ApiError, Kind, Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT, OTHER = "444455556666", "123456789012"
AT = datetime(2024, 8, 1, 13, 33, 28, 500_000, tzinfo=UTC)
USER = Principal(
    kind=Kind.USER,
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    principal_id="AIDAEXAMPLE",
    access_key_id="AKIAEXAMPLE",
    user_name="ann",
)
ROLE = Principal(
    kind=Kind.ROLE,
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/training/run-1",
    principal_id="AROAEXAMPLE:run-1",
    access_key_id="ASIAEXAMPLE",
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/ml/training",
    session_name="run-1",
    issued=AT,
    expires=AT,
)


def call(
    service: str, operation: str, params: Mapping[str, Any], principal: Principal = USER, **more: Any
) -> ApiCall:
    base = ApiCall(
        request_id=str(uuid.uuid4()),
        event_id=str(uuid.uuid4()),
        at=AT,
        service=service,
        operation=operation,
        params=dict(params),
        principal=principal,
        account=ACCOUNT,
        region="eu-west-1",
        source_ip="198.51.100.7",
        user_agent="chaoskit/0.1 run/r1",
        host="127.0.0.1",
        headers={},
    )
    return dataclasses.replace(base, **more)


def answered(output: Mapping[str, Any] | None = None) -> Answer:
    return Answer(200, [], b"", output=output or {})


def refused(code: str, message: str = "no", *, denied: bool = False, status: int = 400) -> Answer:
    return Answer(status, [], b"", error=ApiError(code, message, status), denied=denied)


def record(made: ApiCall, answer: Answer | None = None) -> dict[str, Any]:
    return records(made, answer or answered())[0].record


def test_a_users_identity_has_its_name_and_key() -> None:
    assert record(call("iam", "ListUsers", {}))["userIdentity"] == {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "ann",
    }


def test_a_role_sessions_identity_names_its_issuer_and_issue_time() -> None:
    identity = record(call("iam", "ListUsers", {}, ROLE))["userIdentity"]
    assert identity["sessionContext"] == {
        "attributes": {"creationDate": "2024-08-01T13:33:28Z", "mfaAuthenticated": "false"},
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/ml/training",
            "accountId": ACCOUNT,
            "userName": "training",
        },
    }
    assert "userName" not in identity


def test_root_services_and_strangers_have_identities_of_their_own() -> None:
    root = Principal(Kind.ROOT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "ASIAROOT")
    service = Principal(Kind.SERVICE, ACCOUNT, "events.amazonaws.com", invoked_by="events.amazonaws.com")
    stranger = Principal(Kind.ANONYMOUS, "", "*")
    assert record(call("iam", "ListUsers", {}, root))["userIdentity"]["type"] == "Root"
    assert record(call("sqs", "CreateQueue", {}, service))["userIdentity"] == {
        "type": "AWSService",
        "invokedBy": "events.amazonaws.com",
    }
    identity = record(call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, stranger))["userIdentity"]
    assert identity == {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}


@pytest.mark.parametrize(
    ("operation", "output", "identity"),
    [
        (
            "AssumeRoleWithWebIdentity",
            {"Provider": "accounts.example.com", "Audience": "app", "SubjectFromWebIdentityToken": "ann"},
            ("WebIdentityUser", "accounts.example.com:app:ann", "ann", "accounts.example.com"),
        ),
        (
            "AssumeRoleWithSAML",
            {"NameQualifier": "cXVhbGlmaWVy", "Subject": "ann"},
            ("SAMLUser", "cXVhbGlmaWVy:ann", "ann", "cXVhbGlmaWVy"),
        ),
    ],
)
def test_who_a_provider_vouches_for_is_named_by_it(
    operation: str, output: dict[str, str], identity: tuple[str, ...]
) -> None:
    asked = {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
        "WebIdentityToken": "S3CR3T",
        "SAMLAssertion": "S3CR3T",
    }
    made = record(call("sts", operation, asked, Principal(Kind.ANONYMOUS, "", "*")), answered(output))
    told = made["userIdentity"]
    assert tuple(told[name] for name in ("type", "principalId", "userName", "identityProvider")) == identity
    assert set(told) == {"type", "principalId", "userName", "identityProvider"}
    assert made["requestParameters"] == {"roleArn": asked["RoleArn"]}
    assert made["recipientAccountId"] == ACCOUNT


def test_a_session_that_a_service_holds_says_which() -> None:
    session = dataclasses.replace(ROLE, invoked_by="ssm.amazonaws.com")
    made = record(call("iam", "DetachRolePolicy", {"RoleName": "r"}, session))
    assert made["userIdentity"]["invokedBy"] == made["userAgent"] == "ssm.amazonaws.com"
    assert "tlsDetails" not in made


@pytest.mark.parametrize(
    ("service", "operation", "source", "name", "read_only"),
    [
        ("lambda", "UpdateFunctionConfiguration", "lambda", "UpdateFunctionConfiguration20150331v2", False),
        ("lambda", "ListFunctions", "lambda", "ListFunctions20150331", True),
        ("lambda", "CreateFunctionUrlConfig", "lambda", "CreateFunctionUrlConfig", False),
        ("lambda", "Invoke", "lambda", "Invoke", False),
        ("s3", "PutPublicAccessBlock", "s3", "PutBucketPublicAccessBlock", False),
        ("s3control", "PutPublicAccessBlock", "s3", "PutAccountPublicAccessBlock", False),
        ("s3", "ListObjectsV2", "s3", "ListObjects", True),
        ("sts", "AssumeRole", "sts", "AssumeRole", True),
        ("kms", "Decrypt", "kms", "Decrypt", True),
        ("kms", "ScheduleKeyDeletion", "kms", "ScheduleKeyDeletion", False),
        ("bedrock-runtime", "InvokeModel", "bedrock", "InvokeModel", True),
        ("sagemaker-runtime", "InvokeEndpoint", "sagemaker", "InvokeEndpoint", True),
        ("cloudwatch", "PutMetricAlarm", "monitoring", "PutMetricAlarm", False),
        ("stepfunctions", "StartExecution", "states", "StartExecution", False),
        ("secretsmanager", "BatchGetSecretValue", "secretsmanager", "BatchGetSecretValue", True),
        ("ec2", "GetPasswordData", "ec2", "GetPasswordData", True),
    ],
)
def test_sources_names_and_read_only_are_cloudtrails_own(
    service: str, operation: str, source: str, name: str, read_only: bool
) -> None:
    made = record(call(service, operation, {}))
    assert (made["eventSource"], made["eventName"], made["readOnly"]) == (
        f"{source}.amazonaws.com",
        name,
        read_only,
    )


def test_global_services_are_recorded_in_us_east_1_and_others_where_they_are() -> None:
    assert record(call("iam", "ListUsers", {}))["awsRegion"] == "us-east-1"
    assert record(call("sqs", "CreateQueue", {}))["awsRegion"] == "eu-west-1"


def test_parameters_have_a_small_first_letter_and_maps_keep_their_keys() -> None:
    made = record(call("sqs", "CreateQueue", {"QueueName": "q", "Attributes": {"VisibilityTimeout": "30"}}))
    assert made["requestParameters"] == {"queueName": "q", "attributes": {"VisibilityTimeout": "30"}}


def test_no_parameters_and_no_answer_are_null() -> None:
    made = record(call("sts", "GetCallerIdentity", {}), answered({"Account": ACCOUNT}))
    assert made["requestParameters"] is None
    assert made["responseElements"] is None


def test_a_denial_is_a_bare_access_denied_without_parameters() -> None:
    made = record(
        call("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}),
        refused("AccessDenied", denied=True, status=403),
    )
    assert made["errorCode"] == "AccessDenied"
    assert made["requestParameters"] is None
    assert "resources" not in made
    json_service = record(call("kms", "Decrypt", {}), refused("AccessDeniedException", denied=True))
    assert json_service["errorCode"] == "AccessDenied"


def test_ec2_says_whose_fault_it_was_and_keeps_the_parameters_of_a_denial() -> None:
    made = record(
        call("ec2", "GetPasswordData", {"InstanceId": "i-1"}), refused("UnauthorizedOperation", denied=True)
    )
    assert made["errorCode"] == "Client.UnauthorizedOperation"
    assert made["requestParameters"] == {"instanceId": "i-1"}


def test_errors_are_recorded_by_the_exceptions_name() -> None:
    made = record(call("iam", "GetUser", {"UserName": "x"}), refused("NoSuchEntity"))
    assert made["errorCode"] == "NoSuchEntityException"


SECRETS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "iam",
        "CreateAccessKey",
        {"UserName": "u"},
        {"AccessKey": {"AccessKeyId": "A", "SecretAccessKey": "S3CR3T"}},
    ),
    ("iam", "CreateLoginProfile", {"UserName": "u", "Password": "S3CR3T"}, {}),
    ("bedrock", "CreateFoundationModelAgreement", {"modelId": "m", "offerToken": "S3CR3T"}, {}),
    ("ssm", "StartSession", {"Target": "i-1"}, {"SessionId": "s", "TokenValue": "S3CR3T"}),
    ("iam", "ChangePassword", {"OldPassword": "S3CR3T", "NewPassword": "S3CR3T"}, {}),
    (
        "sts",
        "AssumeRole",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "TokenCode": "S3CR3T"},
        {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S3CR3T", "SessionToken": "S3CR3T"}},
    ),
    ("sts", "GetSessionToken", {}, {"Credentials": {"SecretAccessKey": "S3CR3T", "SessionToken": "S3CR3T"}}),
    ("secretsmanager", "CreateSecret", {"Name": "n", "SecretString": "S3CR3T"}, {"ARN": "a"}),
    ("secretsmanager", "PutSecretValue", {"SecretId": "n", "SecretBinary": b"S3CR3T"}, {}),
    ("ssm", "PutParameter", {"Name": "n", "Value": "S3CR3T"}, {}),
    ("ssm", "SendCommand", {"DocumentName": "d", "Parameters": {"commands": ["S3CR3T"]}}, {}),
    ("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"S3CR3T"}, {}),
    ("lambda", "CreateFunction", {"FunctionName": "f", "Environment": {"Variables": {"K": "S3CR3T"}}}, {}),
    ("rds", "CreateDBInstance", {"MasterUserPassword": "S3CR3T", "DBInstanceIdentifier": "d"}, {}),
    ("ec2", "RunInstances", {"ImageId": "ami-1", "UserData": "S3CR3T"}, {}),
    ("ec2", "CreateKeyPair", {"KeyName": "k"}, {"KeyName": "k", "KeyMaterial": "S3CR3T"}),
    ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"S3CR3T"}, {"Body": b"S3CR3T"}),
    ("bedrock-runtime", "InvokeModel", {"modelId": "m", "body": b"S3CR3T"}, {}),
    ("bedrock-runtime", "Converse", {"modelId": "m", "messages": [{"content": [{"text": "S3CR3T"}]}]}, {}),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": b"S3CR3T"}, {}),
]


@pytest.mark.parametrize(("service", "operation", "params", "output"), SECRETS)
def test_no_secret_gets_into_a_record(
    service: str, operation: str, params: dict[str, Any], output: dict[str, Any]
) -> None:
    headers = {"x-amz-server-side-encryption-customer-key": "S3CR3T", "x-amz-security-token": "S3CR3T"}
    made = record(call(service, operation, params, headers=headers), answered(output))
    assert "S3CR3T" not in json.dumps(made)


def test_a_created_key_is_recorded_by_its_id_and_javas_date() -> None:
    made = record(
        call("iam", "CreateAccessKey", {"UserName": "u"}),
        answered(
            {"AccessKey": {"AccessKeyId": "AKIA1", "Status": "Active", "UserName": "u", "CreateDate": AT}}
        ),
    )
    assert made["responseElements"] == {
        "accessKey": {
            "accessKeyId": "AKIA1",
            "status": "Active",
            "userName": "u",
            "createDate": "Aug 1, 2024 1:33:28 PM",
        }
    }


def test_an_assumed_role_is_answered_and_named_as_a_resource() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    made = record(
        call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "s"}),
        answered({"Credentials": {"AccessKeyId": "ASIA1", "Expiration": AT, "SessionToken": "t"}}),
    )
    assert made["resources"] == [{"ARN": arn, "accountId": ACCOUNT, "type": "AWS::IAM::Role"}]
    assert made["responseElements"]["credentials"] == {
        "accessKeyId": "ASIA1",
        "expiration": "Aug 1, 2024, 1:33:28 PM",
        "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }


def test_a_role_assumed_across_accounts_is_recorded_in_both_under_one_shared_id() -> None:
    made = records(call("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{OTHER}:role/r"}), answered())
    mine, theirs = made
    assert (mine.account, theirs.account) == (ACCOUNT, OTHER)
    assert mine.record["sharedEventID"] == theirs.record["sharedEventID"]
    assert mine.record["eventID"] != theirs.record["eventID"]
    assert theirs.record["recipientAccountId"] == OTHER
    assert theirs.record["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": "AIDAEXAMPLE",
        "accountId": ACCOUNT,
    }


def test_a_role_denied_across_accounts_is_recorded_only_at_the_callers() -> None:
    made = records(
        call("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{OTHER}:role/r"}),
        refused("AccessDenied", denied=True),
    )
    assert [one.account for one in made] == [ACCOUNT]


def test_invoking_an_endpoint_is_a_data_event_of_sagemaker() -> None:
    made = record(call("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "Fraud", "Body": b"1"}))
    assert made["eventSource"] == "sagemaker.amazonaws.com"
    assert (made["managementEvent"], made["eventCategory"]) == (False, "Data")
    assert made["requestParameters"] == {"endpointName": "Fraud"}
    assert made["resources"] == [
        {
            "ARN": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/fraud",
            "accountId": ACCOUNT,
            "type": "AWS::SageMaker::Endpoint",
        }
    ]


def test_a_security_groups_permissions_are_sets_of_items() -> None:
    made = record(
        call(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            {
                "GroupId": "sg-1",
                "IpPermissions": [
                    {"IpProtocol": "tcp", "FromPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
                ],
            },
        ),
        answered(
            {
                "Return": True,
                "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1", "CidrIpv4": "0.0.0.0/0"}],
            }
        ),
    )
    assert made["requestParameters"] == {
        "groupId": "sg-1",
        "ipPermissions": {
            "items": [{"ipProtocol": "tcp", "fromPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]
        },
    }
    assert made["responseElements"]["_return"] is True
    assert made["responseElements"]["securityGroupRuleSet"] == {
        "items": [{"securityGroupRuleId": "sgr-1", "cidrIpv4": "0.0.0.0/0", "groupOwnerId": "444455556666"}]
    }


SERVICES = [
    "apigateway",
    "bedrock",
    "bedrock-runtime",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "rds",
    "s3",
    "s3control",
    "sagemaker",
    "sagemaker-runtime",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "wafv2",
]
SAMPLES = {
    "blob": b"S3CR3T",
    "timestamp": AT,
    "boolean": True,
    "integer": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
}
DEEPEST = 5


def sample(shape: Any, depth: int = 0) -> Any:
    """A value of a shape, every member set; what its model calls sensitive, save key ids, is S3CR3T."""
    match shape.type_name:
        case "structure":
            members = shape.members if depth < DEEPEST else {}
            return {name: sample(member, depth + 1) for name, member in members.items()}
        case "list":
            return [sample(shape.member, depth + 1)]
        case "map":
            return {"Key": sample(shape.value, depth + 1)}
        case "string":
            secret = shape.metadata.get("sensitive") and "kmskey" not in shape.name.lower()
            return "S3CR3T" if secret else "arn:aws:x:::y"
        case kind:
            return SAMPLES[kind]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_a_service_can_be_recorded_as_json_and_without_its_secrets(service: str) -> None:
    model = get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        params = sample(operation.input_shape) if operation.input_shape else {}
        output = sample(operation.output_shape) if operation.output_shape else {}
        made = json.dumps(record(call(service, name, params), answered(output)))
        assert "S3CR3T" not in made, f"{name}: {made}"
        assert record(call(service, name, params), refused("X", denied=True))["responseElements"] is None
