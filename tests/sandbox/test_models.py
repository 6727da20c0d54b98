from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.exceptions import DataNotFoundError
from moto.core.utils import get_service_model

from chaoskit.sandbox import models
from tests.sandbox.aws import MEMBER, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.mark.parametrize("service", ["s3", "sagemaker-runtime"])
def test_a_model_is_what_botocore_itself_reads(service: str) -> None:
    own = botocore.session.Session().get_service_model(service)
    quick = models.session().get_service_model(service)
    assert quick.operation_names == own.operation_names
    assert list(quick.shape_names) == list(own.shape_names)
    assert quick.metadata == own.metadata


def test_a_service_that_does_not_exist_has_no_model() -> None:
    with pytest.raises(DataNotFoundError):
        models.session().get_service_model("no-such-service")


def test_what_a_client_changes_in_its_model_does_not_reach_moto() -> None:
    models.share()
    models.session().create_client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    operation = get_service_model("s3").operation_model("GetObject")
    assert operation.http["requestUri"].startswith("/{Bucket}/")


def test_an_aws_managed_policy_is_attached_in_one_account_only(aws: Aws) -> None:
    member, management = aws.client("iam"), aws.client("iam", "management")
    member.create_user(UserName="reader")
    member.attach_user_policy(UserName="reader", PolicyArn=READ_ONLY)
    assert member.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 1
    assert management.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 0
    assert management.list_policies(Scope="AWS", MaxItems=1000)["IsTruncated"]


def test_a_key_of_each_kind_does_its_work(aws: Aws) -> None:
    kms = aws.client("kms")
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=symmetric, Plaintext=b"weights")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"weights"
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    how = {"KeyId": signing, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert kms.verify(Signature=kms.sign(**how)["Signature"], **how)["SignatureValid"]
    assert refusal(kms.get_public_key, KeyId=symmetric)[0] == "UnsupportedOperationException"


def test_documents_are_kept_without_importing_ec2_which_is_there_when_it_is_needed() -> None:
    """In a process of its own: other tests import EC2."""
    program = f"""
import sys
from chaoskit.sandbox import moto_ssm
backend = moto_ssm.backends()["{MEMBER}"]["us-east-1"]
assert "moto.ec2" not in sys.modules
assert backend.send_command(document_name="AWS-RunShellScript", targets=[{{"Key": "tag:a", "Values": ["b"]}}],
    parameters={{}}, comment="", instance_ids=[], output_s3_bucket_name="", output_s3_key_prefix="",
    output_s3_region="", service_role_arn="", timeout_seconds=30, max_concurrency="1", max_errors="0",
    notification_config=None).instance_ids == []
assert "moto.ec2.models" in sys.modules
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
