"""What Lambda keeps of a function besides what moto does."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NAME = {"FunctionName": "settled"}


def zipped(source: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), source)
    return out.getvalue()


@pytest.fixture(scope="module")
def functions(aws: Aws) -> Any:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    client = aws.client("lambda")
    client.create_function(
        **NAME,
        Runtime="python3.12",
        Role=aws.role("runs-it", trust),
        Handler="index.handler",
        Code={"ZipFile": zipped("first = 1")},
    )
    return client


def test_a_version_of_an_object_is_deployed_whatever_is_the_latest(aws: Aws, functions: Any) -> None:
    s3, at = aws.client("s3"), {"Bucket": "packages", "Key": "code.zip"}
    s3.create_bucket(Bucket="packages")
    s3.put_bucket_versioning(Bucket="packages", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(**at, Body=zipped("first = 1"))["VersionId"]
    s3.put_object(**at, Body=zipped("second = 2"))
    source = {**NAME, "S3Bucket": "packages", "S3Key": "code.zip"}
    latest = functions.update_function_code(**source)["CodeSha256"]
    earlier = functions.update_function_code(**source, S3ObjectVersion=first)["CodeSha256"]
    assert earlier == functions.update_function_code(**NAME, ZipFile=zipped("first = 1"))["CodeSha256"]
    assert earlier != latest
    code, message, _ = refusal(functions.update_function_code, **source, S3ObjectVersion="no-such-version")
    assert code == "InvalidParameterValueException"
    assert "NoSuchVersion" in message


def test_a_packages_key_is_told_until_the_next_package_comes_without_one(functions: Any) -> None:
    package = {**NAME, "ZipFile": zipped("third = 3")}
    functions.update_function_code(**package, SourceKMSKeyArn=KEY)
    assert functions.get_function(**NAME)["Code"]["SourceKMSKeyArn"] == KEY
    functions.update_function_code(**package, DryRun=True)
    assert functions.get_function(**NAME)["Code"]["SourceKMSKeyArn"] == KEY
    functions.update_function_code(**package)
    assert "SourceKMSKeyArn" not in functions.get_function(**NAME)["Code"]


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({"FunctionUrlAuthType": "NONE"}, {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        ({"InvokedViaFunctionUrl": True}, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        (
            {"FunctionUrlAuthType": "AWS_IAM", "PrincipalOrgID": "o-1234567890"},
            {
                "StringEquals": {
                    "aws:PrincipalOrgID": "o-1234567890",
                    "lambda:FunctionUrlAuthType": "AWS_IAM",
                }
            },
        ),
    ],
)
def test_what_a_permission_asks_of_urls_stands_among_its_conditions(
    functions: Any, given: dict[str, Any], condition: dict[str, Any]
) -> None:
    action = "lambda:InvokeFunction" if "InvokedViaFunctionUrl" in given else "lambda:InvokeFunctionUrl"
    asked = {**NAME, "StatementId": "a-sid", "Action": action, "Principal": "*"}
    told = json.loads(functions.add_permission(**asked, **given)["Statement"])
    (kept,) = json.loads(functions.get_policy(**NAME)["Policy"])["Statement"]
    functions.remove_permission(**NAME, StatementId="a-sid")
    assert told == kept
    assert kept["Condition"] == condition
    assert kept.keys() == {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
