"""Functions that are changed: they have all of their settings, their code and their policy again."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.errors import GuardError
from chaoskit.faults.lambda_leave_vpc import LeaveVpc
from chaoskit.faults.lambda_public_function_url import INVOKE_SID, SID, PublicFunctionUrl
from chaoskit.faults.lambda_secret_in_environment import SecretInEnvironment
from chaoskit.faults.lambda_swap_code import SwapCode
from tests.answers import Answers
from tests.faults.between import account
from tests.sandbox.aws import allow, policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.between import Account
    from tests.one_sandbox import OneSandbox

NUMBERS = count(1)
KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox) -> Iterator[Account]:
    with account(one_sandbox) as made:
        trust = policy(allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}))
        trust = trust.replace(', "Resource": "*"', "")
        made.client("iam").create_role(RoleName="a-role", AssumeRolePolicyDocument=trust)
        yield made


def zipped(source: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.py", source)
    return out.getvalue()


def function(place: Account, **more: Any) -> str:
    """A new function."""
    name = f"function-{next(NUMBERS)}"
    settings = {"Code": {"ZipFile": zipped("approved = True")}, **more}
    place.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::444455556666:role/a-role",
        Handler="index.handler",
        **settings,
    )
    return name


def configured(place: Account, name: str) -> dict[str, Any]:
    return dict(place.client("lambda").get_function_configuration(FunctionName=name))


@pytest.mark.parametrize("ipv6", [True, False])
def test_a_function_that_left_its_vpc_has_its_subnets_groups_and_ipv6_again(
    place: Account, tmp_path: Path, ipv6: bool
) -> None:
    within = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    name = function(place, VpcConfig={**within, **({"Ipv6AllowedForDualStack": True} if ipv6 else {})})
    (undone,) = place.undone(LeaveVpc(function=name), tmp_path)
    assert undone.ok
    after = configured(place, name)["VpcConfig"]
    assert within.items() <= after.items()
    assert after.get("Ipv6AllowedForDualStack", False) is ipv6


class Deployed:
    """A function that was deployed from an object of a bucket."""

    def __init__(self, place: Account, *, versions: bool = True, **more: str) -> None:
        self.s3, self.bucket = place.client("s3"), f"code-{next(NUMBERS)}"
        self.s3.create_bucket(Bucket=self.bucket)
        if versions:
            kept = {"Status": "Enabled"}
            self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration=kept)
        self.put("approved = True")
        source = {"S3Bucket": self.bucket, "S3Key": "code.zip"}
        self.name = function(place, Code={**source, **more})
        self.fault = SwapCode(function=self.name, bucket=self.bucket, key="code.zip")

    def put(self, source: str) -> None:
        self.s3.put_object(
            Bucket=self.bucket, Key="code.zip", Body=zipped(source), ChecksumAlgorithm="SHA256"
        )


def test_code_is_put_back_though_its_object_was_overwritten_meanwhile(place: Account, tmp_path: Path) -> None:
    deployed = Deployed(place)
    before = configured(place, deployed.name)["CodeSha256"]
    (undone,) = place.undone(deployed.fault, tmp_path, lambda: deployed.put("somebody = 'else'"))
    assert undone.ok
    assert configured(place, deployed.name)["CodeSha256"] == before


def test_a_package_stays_encrypted_by_the_customers_key(place: Account, tmp_path: Path) -> None:
    deployed, client = Deployed(place, SourceKMSKeyArn=KEY), place.client("lambda")
    keys: list[Any] = []

    def look() -> None:
        keys.append(client.get_function(FunctionName=deployed.name)["Code"].get("SourceKMSKeyArn"))

    (undone,) = place.undone(deployed.fault, tmp_path, look)
    look()
    assert undone.ok
    assert keys == [None, KEY]


def test_a_package_that_the_run_may_not_decrypt_is_not_replaced() -> None:
    # As Lambda tells of a package whose key the caller may not use: it could not be encrypted by it again.
    code = {"SourceKMSKeyArn": KEY, "Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}
    aws = Answers(
        GetFunctionConfiguration={"CodeSha256": "a sum", "Handler": "index.handler"},
        HeadObject={"ChecksumSHA256": "a sum", "VersionId": "a version"},
        GetFunction={"Code": code},
    )
    with pytest.raises(GuardError, match=r"can't be read \(AccessDeniedException\).*package's KMS key"):
        list(SwapCode(function="a-function", bucket="a-bucket", key="code.zip").changes(aws))


def test_of_a_bucket_without_versions_the_object_itself_is_deployed(place: Account, tmp_path: Path) -> None:
    deployed = Deployed(place, versions=False)
    (undone,) = place.undone(deployed.fault, tmp_path)
    assert undone.ok
    assert [call.params for call in place.sent] == [
        {"FunctionName": deployed.name, "S3Bucket": deployed.bucket, "S3Key": "code.zip"}
    ]


SECRETS = {
    "DATABASE_URL": "an address",
    "databaseUrl": "an address",
    "DB_PASS": "x",
    "DB_PWD": "x",
    "PRIVATE_KEY": "x",
    "SENTRY_DSN": "x",
    "REDIS_CONNECTION": "x",
    "BASIC_AUTH": "x",
    "GOOGLE_CREDENTIALS": "x",
    "STRIPE_KEY": "x",
    "apiKey": "x",
    "CLIENT_SECRET": "x",
    "BROKER": "amqp://ml:hunter2@broker.internal:5671/models",
    "CACHE": "redis://:hunter2@cache.internal",
    "SIGNER": "-----BEGIN EC PARAMETERS-----",
    "AWS_USER": "AKIAIOSFODNN7EXAMPLE",
    "STORE": "Server=db;User=ml;Password=hunter2",
}
HARMLESS = {
    "SECRET_ID": "arn:aws:secretsmanager:us-east-1:444455556666:secret:ml-AbCdEf",
    "ENDPOINT_NAME": "ml-research",
    "LOG_LEVEL": "debug",
    "BASE": "https://models.internal:8443/v1?as=ml@example.com",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_function_that_seems_to_hold_a_secret_is_refused_before_it_is_journaled(
    place: Account, name: str
) -> None:
    held = function(place, Environment={"Variables": {**HARMLESS, name: SECRETS[name]}})
    with pytest.raises(
        GuardError, match=rf"hold secrets \({name}\).*keep them in Secrets Manager"
    ) as refused:
        list(SecretInEnvironment(function=held).changes(place.aws))
    assert SECRETS[name] == "x" or SECRETS[name] not in str(refused.value)


@pytest.mark.parametrize("variables", [HARMLESS, {}])
def test_an_environment_without_secrets_gets_one_and_loses_it(
    place: Account, tmp_path: Path, variables: dict[str, str]
) -> None:
    name = function(place, Environment={"Variables": variables})
    seen: list[Any] = []
    (undone,) = place.undone(
        SecretInEnvironment(function=name),
        tmp_path,
        lambda: seen.append(configured(place, name)["Environment"]["Variables"]),
    )
    assert undone.ok
    assert seen == [{**variables, "DB_PASSWORD": "chaoskit-canary-not-a-secret"}]
    assert configured(place, name).get("Environment", {}).get("Variables", {}) == variables


def test_an_environment_that_lambda_cannot_decrypt_for_the_run_is_not_taken_for_empty() -> None:
    # As Lambda answers who may read the function and may not use its key.
    error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt them"}
    aws = Answers(GetFunctionConfiguration={"Environment": {"Error": error}})
    with pytest.raises(GuardError, match=r"can't be read \(AccessDeniedException\).*kms:Decrypt"):
        list(SecretInEnvironment(function="a-function").changes(aws))


def statements(place: Account, name: str) -> dict[str, Any]:
    client = place.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {each["Sid"]: each for each in policy["Statement"]}


def test_a_public_url_has_both_permissions_that_lambda_asks_for_and_loses_them(
    place: Account, tmp_path: Path
) -> None:
    name, seen = function(place), dict[str, Any]()
    undone = place.undone(
        PublicFunctionUrl(function=name), tmp_path, lambda: seen.update(statements(place, name))
    )
    assert [each.ok for each in undone] == [True, True, True]
    told = {sid: (each["Principal"], each["Action"], each["Condition"]) for sid, each in seen.items()}
    assert told == {
        SID: ("*", "lambda:InvokeFunctionUrl", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        INVOKE_SID: ("*", "lambda:InvokeFunction", {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    }
    assert statements(place, name) == {}


def test_a_public_url_that_a_runbook_has_closed_meanwhile_is_undone(place: Account, tmp_path: Path) -> None:
    name, client = function(place), place.client("lambda")

    def close() -> None:
        client.delete_function_url_config(FunctionName=name)
        for sid in (SID, INVOKE_SID):
            client.remove_permission(FunctionName=name, StatementId=sid)

    undone = place.undone(PublicFunctionUrl(function=name), tmp_path, close)
    assert [(each.ok, each.note) for each in undone] == [(True, "the state is as captured")] * 3


def test_what_else_a_functions_policy_says_stays(place: Account, tmp_path: Path) -> None:
    name, client = function(place), place.client("lambda")
    theirs = {"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "444455556666"}
    client.add_permission(StatementId="before", **theirs)
    undone = place.undone(
        PublicFunctionUrl(function=name),
        tmp_path,
        lambda: client.add_permission(StatementId="meanwhile", **theirs),
    )
    assert [each.ok for each in undone] == [True, True, True]
    assert statements(place, name).keys() == {"before", "meanwhile"}


def test_one_of_the_permissions_that_is_there_already_is_not_ours_to_remove(place: Account) -> None:
    name, client = function(place), place.client("lambda")
    client.create_function_url_config(FunctionName=name, AuthType="NONE")
    client.add_permission(
        FunctionName=name,
        StatementId=SID,
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    (change,) = PublicFunctionUrl(function=name).changes(place.aws)
    assert change.do.params["StatementId"] == INVOKE_SID
    assert isinstance(change.undo[0], Call)
