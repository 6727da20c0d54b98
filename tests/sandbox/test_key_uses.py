"""Keys that services use on a caller's behalf need permission; grants and resource policies give it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MANAGEMENT, MEMBER, allow, deny, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

ROOT = f"arn:aws:iam::{MEMBER}:root"


def key_open_to(aws: Aws, principal: str = ROOT, **more: Any) -> str:
    """A key whose policy lets the administrator manage it and `principal` do anything; its ARN."""
    document = policy(
        allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}),
        allow("kms:*", Principal={"AWS": principal}, **more),
    )
    return str(aws.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def closed_key(aws: Aws) -> str:
    """A key that only the administrator may use."""
    document = policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}))
    return str(aws.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"])


def test_a_message_for_an_encrypted_queue_needs_its_key(aws: Aws, closed_key: str) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": closed_key})["QueueUrl"]
    key = aws.user("sender", allow("*"))
    code, message, _ = refusal(aws.with_keys("sqs", **key).send_message, QueueUrl=url, MessageBody="x")
    assert code == "KMS.AccessDeniedException"
    assert "kms:GenerateDataKey" in message
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert "kms:Decrypt" in refusal(aws.with_keys("sqs", **key).receive_message, QueueUrl=url)[1]


def test_the_key_of_a_queue_may_be_open_by_way_of_sqs_alone(aws: Aws) -> None:
    by_sqs = {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    key_arn = key_open_to(aws, Condition=by_sqs)
    url = aws.client("sqs").create_queue(QueueName="via", Attributes={"KmsMasterKeyId": key_arn})["QueueUrl"]
    key = aws.user("via-sqs", allow("*"))
    aws.with_keys("sqs", **key).send_message(QueueUrl=url, MessageBody="x")
    assert (
        refusal(aws.with_keys("kms", **key).encrypt, KeyId=key_arn, Plaintext=b"x")[0]
        == "AccessDeniedException"
    )


def test_publishing_to_an_encrypted_topic_needs_its_key(aws: Aws, closed_key: str) -> None:
    sns = aws.client("sns")
    arn = sns.create_topic(Name="sealed", Attributes={"KmsMasterKeyId": closed_key})["TopicArn"]
    key = aws.user("publisher", allow("*"))
    code, message, _ = refusal(aws.with_keys("sns", **key).publish, TopicArn=arn, Message="x")
    assert code == "KMSAccessDenied"
    assert "kms:GenerateDataKey" in message
    sns.publish(TopicArn=arn, Message="x")


def test_the_parts_of_an_upload_need_the_key_it_was_begun_with(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="parts")
    document = policy(
        allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}),
        allow("kms:GenerateDataKey", Principal={"AWS": ROOT}),
    )
    key_arn = aws.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]
    uploader = aws.with_keys("s3", **aws.user("uploader", allow("*")))
    begun = uploader.create_multipart_upload(
        Bucket="parts", Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn
    )
    part = {"Bucket": "parts", "Key": "k", "UploadId": begun["UploadId"], "PartNumber": 1, "Body": b"x"}
    assert "kms:Decrypt" in refusal(uploader.upload_part, **part)[1]
    assert s3.upload_part(**part)["ETag"]


def test_a_copy_needs_the_key_of_its_source(aws: Aws, closed_key: str) -> None:
    s3 = aws.client("s3")
    for name in ("copied-from", "copied-to"):
        s3.create_bucket(Bucket=name)
    s3.put_object(
        Bucket="copied-from", Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=closed_key
    )
    copier = aws.with_keys("s3", **aws.user("copier", allow("*")))
    copy = {"Bucket": "copied-to", "Key": "k", "CopySource": "copied-from/k"}
    assert "kms:Decrypt" in refusal(copier.copy_object, **copy)[1]
    assert s3.copy_object(**copy)["CopyObjectResult"]


def training(key_arn: str) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "RoleArn": f"arn:aws:iam::{MEMBER}:role/trains",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://out/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
            "VolumeKmsKeyId": key_arn,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def test_an_encrypted_training_volume_needs_a_grant_that_the_caller_or_the_role_may_make(aws: Aws) -> None:
    key_arn = key_open_to(aws)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    aws.role("trains", trust)
    key = aws.user("trainer", allow(["sagemaker:*", "iam:PassRole"]))
    trainer = aws.with_keys("sagemaker", **key)
    code, message, _ = refusal(trainer.create_training_job, **training(key_arn))
    assert code == "AccessDeniedException"
    assert f"user/trainer is not authorized to perform: kms:CreateGrant on resource: {key_arn}" in message
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    grants = policy(allow("kms:CreateGrant", key_arn, Condition=for_aws))
    aws.client("iam").put_role_policy(RoleName="trains", PolicyName="grants", PolicyDocument=grants)
    assert trainer.create_training_job(**training(key_arn))["TrainingJobArn"]


def test_an_endpoint_needs_the_key_of_its_configuration(aws: Aws, closed_key: str) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model(
        ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=f"arn:aws:iam::{MEMBER}:role/x"
    )
    variant = {
        "VariantName": "v",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="Sealed", ProductionVariants=[variant], KmsKeyId=closed_key
    )
    deployer = aws.with_keys("sagemaker", **aws.user("deployer", allow("*")))
    denied = refusal(deployer.create_endpoint, EndpointName="e", EndpointConfigName="Sealed")
    assert "kms:CreateGrant" in denied[1]
    assert sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="Sealed")["EndpointArn"]


def test_a_grant_lets_its_grantee_do_its_operations_until_it_is_revoked(aws: Aws) -> None:
    kms = aws.client("kms")
    key_arn = kms.create_key(
        Policy=policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}))
    )["KeyMetadata"]["Arn"]
    grantee = aws.with_keys("kms", **aws.user("grantee"))
    assert refusal(grantee.encrypt, KeyId=key_arn, Plaintext=b"x")[0] == "AccessDeniedException"
    grant = kms.create_grant(
        KeyId=key_arn, GranteePrincipal=f"arn:aws:iam::{MEMBER}:user/grantee", Operations=["Encrypt"]
    )
    assert grantee.encrypt(KeyId=key_arn, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(grantee.generate_data_key, KeyId=key_arn, KeySpec="AES_256")[0] == "AccessDeniedException"
    kms.revoke_grant(KeyId=key_arn, GrantId=grant["GrantId"])
    assert refusal(grantee.encrypt, KeyId=key_arn, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_grant_holds_within_its_encryption_context(aws: Aws, closed_key: str) -> None:
    kms = aws.client("kms")
    grantee = aws.with_keys("kms", **aws.user("bound"))
    for constraint, context in (
        ("EncryptionContextSubset", {"team": "ml", "stage": "prod"}),
        ("EncryptionContextEquals", {"team": "ml"}),
    ):
        grant = kms.create_grant(
            KeyId=closed_key,
            GranteePrincipal=f"arn:aws:iam::{MEMBER}:user/bound",
            Operations=["Encrypt"],
            Constraints={constraint: {"team": "ml"}},
        )
        assert grantee.encrypt(KeyId=closed_key, Plaintext=b"x", EncryptionContext=context)
        others: list[dict[str, str]] = [{}, {"team": "web"}]
        if constraint == "EncryptionContextEquals":
            others.append({"team": "ml", "stage": "prod"})
        for other in others:
            denied = refusal(grantee.encrypt, KeyId=closed_key, Plaintext=b"x", EncryptionContext=other)
            assert denied[0] == "AccessDeniedException"
        kms.revoke_grant(KeyId=closed_key, GrantId=grant["GrantId"])


def test_who_may_retire_a_grant_needs_no_policy_and_may_retire_no_other(aws: Aws, closed_key: str) -> None:
    kms = aws.client("kms")
    retirer = aws.with_keys("kms", **aws.user("retirer"))
    grantee = f"arn:aws:iam::{MEMBER}:user/admin"
    own = kms.create_grant(
        KeyId=closed_key,
        GranteePrincipal=grantee,
        RetiringPrincipal=f"arn:aws:iam::{MEMBER}:user/retirer",
        Operations=["Decrypt"],
    )
    other = kms.create_grant(KeyId=closed_key, GranteePrincipal=grantee, Operations=["Decrypt"])
    assert refusal(retirer.retire_grant, GrantToken=other["GrantToken"])[0] == "AccessDeniedException"
    retirer.retire_grant(GrantToken=own["GrantToken"])
    left = [each["GrantId"] for each in kms.list_grants(KeyId=closed_key)["Grants"]]
    assert other["GrantId"] in left
    assert own["GrantId"] not in left


def test_a_deny_outweighs_a_grant_and_a_grant_reaches_across_accounts_with_leave_of_both(aws: Aws) -> None:
    kms = aws.client("kms")
    key_arn = kms.create_key(
        Policy=policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/admin"}))
    )["KeyMetadata"]["Arn"]
    barred = aws.with_keys("kms", **aws.user("barred-grantee", deny("kms:Encrypt")))
    outsider = aws.with_keys("kms", **aws.user("outsider", allow("kms:Encrypt"), who="management"))
    for arn in (f"arn:aws:iam::{MEMBER}:user/barred-grantee", f"arn:aws:iam::{MANAGEMENT}:user/outsider"):
        kms.create_grant(KeyId=key_arn, GranteePrincipal=arn, Operations=["Encrypt"])
    assert "explicit deny" in refusal(barred.encrypt, KeyId=key_arn, Plaintext=b"x")[1]
    assert outsider.encrypt(KeyId=key_arn, Plaintext=b"x")


def test_a_functions_environment_key_needs_a_grant(aws: Aws, closed_key: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.role("runs", trust)
    maker = aws.with_keys("lambda", **aws.user("maker", allow("*")))
    denied = refusal(
        maker.create_function,
        FunctionName="sealed",
        Role=role,
        Code={"ZipFile": b"x"},
        Runtime="python3.12",
        Handler="a.b",
        KMSKeyArn=closed_key,
    )
    assert "kms:Encrypt" in denied[1]


def test_a_group_of_models_opens_to_another_account_by_its_policy(aws: Aws) -> None:
    sagemaker = aws.client("sagemaker")
    arn = sagemaker.create_model_package_group(ModelPackageGroupName="fraud")["ModelPackageGroupArn"]
    key = aws.user("consumer", allow("sagemaker:*"), who="management")
    consumer = aws.with_keys("sagemaker", **key)
    about = {"ModelPackageGroupName": arn}
    assert "no resource-based policy" in refusal(consumer.get_model_package_group_policy, **about)[1]
    assert (
        refusal(sagemaker.get_model_package_group_policy, ModelPackageGroupName="fraud")[0]
        == "ValidationException"
    )
    code, message, _ = refusal(
        sagemaker.put_model_package_group_policy,
        ModelPackageGroupName="fraud",
        ResourcePolicy=policy({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}),
    )
    assert code == "ValidationException"
    assert "Statement[0].Principal" in message
    document = policy(allow("sagemaker:Get*", arn, Principal={"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}))
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="fraud", ResourcePolicy=document)
    assert json.loads(consumer.get_model_package_group_policy(**about)["ResourcePolicy"]) == json.loads(
        document
    )
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName="fraud")
    assert refusal(consumer.get_model_package_group_policy, **about)[0] == "AccessDeniedException"


def test_a_bucket_policy_is_about_its_own_bucket(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="policed")
    mine, others = "arn:aws:s3:::policed", "arn:aws:s3:::policed-not"
    who = {"AWS": ROOT}
    for resource in (others, f"{others}/*", [mine, others], "arn:aws:sqs:us-east-1:444455556666:policed"):
        document = policy(allow("s3:GetObject", resource, Principal=who))
        code, message, _ = refusal(s3.put_bucket_policy, Bucket="policed", Policy=document)
        assert (code, message) == ("MalformedPolicy", "Policy has invalid resource")
    s3.put_bucket_policy(Bucket="policed", Policy=policy(allow("s3:*", [mine, f"{mine}/*"], Principal=who)))


def test_a_table_a_repository_and_a_bus_open_to_another_account_by_their_policies(aws: Aws) -> None:
    who = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    everything = allow(["dynamodb:*", "ecr:*", "events:*"])
    key = aws.user("neighbour", everything, who="management")
    dynamodb = aws.client("dynamodb")
    table = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    ask = {"TableName": table, "Key": {"k": {"S": "1"}}}
    neighbour = aws.with_keys("dynamodb", **key)
    assert "no resource-based policy" in refusal(neighbour.get_item, **ask)[1]
    dynamodb.put_resource_policy(
        ResourceArn=table, Policy=policy(allow("dynamodb:GetItem", table, Principal=who))
    )
    assert neighbour.get_item(**ask)

    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="images")
    look = {"registryId": MEMBER, "repositoryName": "images"}
    neighbour = aws.with_keys("ecr", **key)
    assert refusal(neighbour.list_images, **look)[0] == "AccessDeniedException"
    opened = policy({"Effect": "Allow", "Principal": who, "Action": "ecr:ListImages"})
    ecr.set_repository_policy(repositoryName="images", policyText=opened)
    assert neighbour.list_images(**look)["imageIds"] == []

    events = aws.client("events")
    bus = events.create_event_bus(Name="shared")["EventBusArn"]
    entry = {"EventBusName": bus, "Source": "s", "DetailType": "d", "Detail": "{}"}
    neighbour = aws.with_keys("events", **key)
    assert refusal(neighbour.put_events, Entries=[entry])[0] == "AccessDeniedException"
    opened = policy(allow("events:PutEvents", bus, Principal=who, Sid="neighbour"))
    events.put_permission(EventBusName="shared", Policy=opened)
    assert neighbour.put_events(Entries=[entry])["FailedEntryCount"] == 0
