"""S3's gates: bucket policies with conditions, Block Public Access, ACLs, anonymous callers."""

from __future__ import annotations

import urllib.error
import urllib.request
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MANAGEMENT, MEMBER, allow, deny, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

NUMBERS = count(1)
OPEN = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}


class Bucket:
    """A new bucket with one object, `key`."""

    def __init__(self, aws: Aws, *, block: dict[str, bool] | None = None, acls: bool = False) -> None:
        self.aws = aws
        self.s3 = aws.client("s3")
        self.name = f"bucket-{next(NUMBERS)}"
        self.arn = f"arn:aws:s3:::{self.name}"
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="key", Body=b"data")
        if block is not None:
            self.s3.put_public_access_block(
                Bucket=self.name, PublicAccessBlockConfiguration={**OPEN, **block}
            )
        if acls:
            rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
            self.s3.put_bucket_ownership_controls(Bucket=self.name, OwnershipControls=rules)

    def put_policy(self, *statements: dict[str, Any]) -> None:
        self.s3.put_bucket_policy(Bucket=self.name, Policy=policy(*statements))

    def read_anonymously(self, path: str = "/key") -> int:
        try:
            with urllib.request.urlopen(f"{self.aws.url}/{self.name}{path}", timeout=10) as reply:  # noqa: S310 - the sandbox's own URL
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


PUBLIC_READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


def test_a_new_bucket_blocks_public_access_and_has_acls_disabled(aws: Aws) -> None:
    bucket = Bucket(aws)
    block = bucket.s3.get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(OPEN, True)
    rules = bucket.s3.get_bucket_ownership_controls(Bucket=bucket.name)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    code, _, status = refusal(bucket.s3.put_bucket_acl, Bucket=bucket.name, ACL="public-read")
    assert (code, status) == ("AccessControlListNotSupported", 400)


def test_a_bucket_without_a_default_of_its_own_encrypts_with_the_keys_of_s3(aws: Aws) -> None:
    bucket, encrypted = Bucket(aws), {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a-key"}
    rules = [{"ApplyServerSideEncryptionByDefault": encrypted, "BucketKeyEnabled": True}]

    def default() -> Any:
        found = bucket.s3.get_bucket_encryption(Bucket=bucket.name)["ServerSideEncryptionConfiguration"]
        return found["Rules"]

    by_s3 = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    assert default() == by_s3
    bucket.s3.put_bucket_encryption(Bucket=bucket.name, ServerSideEncryptionConfiguration={"Rules": rules})
    assert default() == rules
    bucket.s3.delete_bucket_encryption(Bucket=bucket.name)
    assert default() == by_s3


def test_block_public_access_refuses_public_acls_and_policies(aws: Aws) -> None:
    bucket = Bucket(aws, block=dict.fromkeys(OPEN, True), acls=True)
    calls = (
        (bucket.s3.put_bucket_acl, {"ACL": "public-read"}),
        (bucket.s3.put_bucket_acl, {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}),
        (bucket.s3.put_object_acl, {"Key": "key", "ACL": "authenticated-read"}),
        (bucket.s3.put_object, {"Key": "new", "Body": b"x", "ACL": "public-read"}),
        (bucket.s3.put_bucket_policy, {"Policy": policy({**PUBLIC_READ, "Resource": f"{bucket.arn}/*"})}),
    )
    for call, params in calls:
        code, message, status = refusal(call, Bucket=bucket.name, **params)
        assert (code, status) == ("AccessDenied", 403)
        assert "block public access setting" in message
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="private")


def test_the_accounts_block_counts_as_the_buckets_own(aws: Aws) -> None:
    bucket = Bucket(aws, block={}, acls=True)
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    control = aws.s3control()
    control.put_public_access_block(
        AccountId=MEMBER, PublicAccessBlockConfiguration={**OPEN, "BlockPublicAcls": True}
    )
    try:
        assert control.get_public_access_block(AccountId=MEMBER)
        assert refusal(bucket.s3.put_bucket_acl, Bucket=bucket.name, ACL="public-read")[0] == "AccessDenied"
    finally:
        control.delete_public_access_block(AccountId=MEMBER)
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")


def test_a_public_policy_opens_a_bucket_only_without_the_block(aws: Aws) -> None:
    bucket = Bucket(aws, block={})
    assert bucket.read_anonymously() == 403
    bucket.put_policy({**PUBLIC_READ, "Resource": f"{bucket.arn}/*"})
    assert bucket.read_anonymously() == 200
    assert bucket.read_anonymously("") == 403
    assert bucket.s3.get_bucket_policy_status(Bucket=bucket.name)["PolicyStatus"]["IsPublic"] is True
    bucket.s3.put_public_access_block(
        Bucket=bucket.name, PublicAccessBlockConfiguration={**OPEN, "RestrictPublicBuckets": True}
    )
    assert bucket.read_anonymously() == 403
    outsider = aws.client("s3", "management")
    assert "RestrictPublicBuckets" in refusal(outsider.get_object, Bucket=bucket.name, Key="key")[1]
    assert bucket.s3.get_object(Bucket=bucket.name, Key="key")["Body"].read() == b"data"


def test_a_public_acl_opens_a_bucket_until_it_is_ignored(aws: Aws) -> None:
    bucket = Bucket(aws, block={}, acls=True)
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    assert bucket.read_anonymously("") == 200
    assert bucket.read_anonymously() == 403
    bucket.s3.put_object_acl(Bucket=bucket.name, Key="key", ACL="public-read")
    assert bucket.read_anonymously() == 200
    bucket.s3.put_public_access_block(
        Bucket=bucket.name, PublicAccessBlockConfiguration={**OPEN, "IgnorePublicAcls": True}
    )
    assert (bucket.read_anonymously(""), bucket.read_anonymously()) == (403, 403)


def test_an_explicit_deny_closes_what_an_acl_opens(aws: Aws) -> None:
    bucket = Bucket(aws, block={}, acls=True)
    bucket.s3.put_object_acl(Bucket=bucket.name, Key="key", ACL="public-read")
    bucket.put_policy(deny("s3:GetObject", f"{bucket.arn}/*", Principal="*"))
    assert bucket.read_anonymously() == 403
    assert "resource-based policy" in refusal(bucket.s3.get_object, Bucket=bucket.name, Key="key")[1]


def test_the_conditions_of_a_bucket_policy_are_honoured(aws: Aws) -> None:
    bucket = Bucket(aws, block={})
    local = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    far = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    bucket.put_policy({**PUBLIC_READ, "Resource": f"{bucket.arn}/*", "Condition": far})
    assert bucket.read_anonymously() == 403
    assert bucket.s3.get_bucket_policy_status(Bucket=bucket.name)["PolicyStatus"]["IsPublic"] is False
    bucket.put_policy({**PUBLIC_READ, "Resource": f"{bucket.arn}/*", "Condition": local})
    assert bucket.read_anonymously() == 200
    unencrypted = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    bucket.put_policy(deny("s3:PutObject", f"{bucket.arn}/*", Principal="*", Condition=unencrypted))
    put = bucket.s3.put_object
    assert refusal(put, Bucket=bucket.name, Key="plain", Body=b"x")[0] == "AccessDenied"
    put(Bucket=bucket.name, Key="sealed", Body=b"x", ServerSideEncryption="aws:kms")


def test_prefixes_can_be_fenced_off(aws: Aws) -> None:
    bucket = Bucket(aws)
    key = aws.user(
        "lister", allow("s3:ListBucket", bucket.arn, Condition={"StringLike": {"s3:prefix": "own/*"}})
    )
    s3 = aws.with_keys("s3", **key)
    assert s3.list_objects_v2(Bucket=bucket.name, Prefix="own/a")["KeyCount"] == 0
    assert refusal(s3.list_objects_v2, Bucket=bucket.name, Prefix="other/")[0] == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket=bucket.name)[0] == "AccessDenied"


def test_another_account_needs_both_sides(aws: Aws) -> None:
    bucket = Bucket(aws)
    theirs = aws.client("s3", "management")
    assert refusal(theirs.get_object, Bucket=bucket.name, Key="key")[0] == "AccessDenied"
    principal = {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    bucket.put_policy(allow("s3:GetObject", f"{bucket.arn}/*", Principal=principal))
    assert theirs.get_object(Bucket=bucket.name, Key="key")["Body"].read() == b"data"
    guest = aws.with_keys("s3", **aws.user("s3-guest", who="management"))
    assert refusal(guest.get_object, Bucket=bucket.name, Key="key")[0] == "AccessDenied"


def test_copying_needs_the_source_to_be_readable(aws: Aws) -> None:
    source, target = Bucket(aws), Bucket(aws)
    writer = aws.with_keys("s3", **aws.user("writer", allow("s3:PutObject", f"{target.arn}/*")))
    copy = {"Bucket": target.name, "Key": "copy", "CopySource": f"{source.name}/key"}
    code, message, _ = refusal(writer.copy_object, **copy)
    assert (code, "s3:GetObject" in message) == ("AccessDenied", True)
    source.put_policy(
        allow("s3:GetObject", f"{source.arn}/*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:user/writer"})
    )
    assert writer.copy_object(**copy)["CopyObjectResult"]["ETag"]


def test_a_bucket_may_be_named_after_a_service(aws: Aws) -> None:
    s3 = aws.client("s3")
    for name in ("logs", "sqs", "iam"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="x/y", Body=b"1")
        assert s3.get_object(Bucket=name, Key="x/y")["Body"].read() == b"1"


@pytest.mark.parametrize("key", ["a b", "ü/ñ", "a+b&c=d", "trailing/", "dots/../up", "%41", "double//slash"])
def test_any_key_can_be_stored_and_read_back(aws: Aws, key: str) -> None:
    s3 = aws.client("s3")
    if "keys" not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket="keys")
    s3.put_object(Bucket="keys", Key=key, Body=key.encode(), Metadata={"my_name": "kept"})
    stored = s3.get_object(Bucket="keys", Key=key)
    assert stored["Body"].read() == key.encode()
    assert stored["Metadata"] == {"my_name": "kept"}


def test_a_missing_bucket_is_missing_for_those_who_may_look(aws: Aws) -> None:
    assert refusal(aws.client("s3").list_objects_v2, Bucket="no-such-bucket-here")[0] == "NoSuchBucket"
    nobody = aws.with_keys("s3", **aws.user("s3-nobody"))
    assert refusal(nobody.list_objects_v2, Bucket="no-such-bucket-here")[0] == "AccessDenied"


def test_a_lifecycle_is_shown_as_it_was_put_with_the_size_beside_it(aws: Aws) -> None:
    bucket = Bucket(aws)
    rule = {
        "Status": "Enabled",
        "Filter": {"ObjectSizeGreaterThan": 500},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 2},
    }
    put, get = bucket.s3.put_bucket_lifecycle_configuration, bucket.s3.get_bucket_lifecycle_configuration
    size, which = "TransitionDefaultMinimumObjectSize", {"Bucket": bucket.name}
    put(**which, LifecycleConfiguration={"Rules": [rule]}, **{size: "varies_by_storage_class"})
    shown = get(**which)
    named = shown["Rules"][0]["ID"]
    assert shown["Rules"] == [{**rule, "ID": named}]
    assert shown[size] == "varies_by_storage_class"
    put(**which, LifecycleConfiguration={"Rules": shown["Rules"]})
    assert (get(**which)["Rules"], get(**which)[size]) == (shown["Rules"], "all_storage_classes_128K")
    bucket.s3.delete_bucket_lifecycle(**which)
    assert refusal(get, **which)[0] == "NoSuchLifecycleConfiguration"


def test_a_replication_is_shown_as_it_was_put(aws: Aws) -> None:
    bucket = Bucket(aws)
    which = {"Bucket": bucket.name}
    bucket.s3.put_bucket_versioning(**which, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "copies",
        "Priority": 7,
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "data/", "Tags": [{"Key": "a", "Value": "b"}]}},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::elsewhere", "Account": MANAGEMENT},
    }
    told = {"Role": f"arn:aws:iam::{MEMBER}:role/copies", "Rules": [rule]}
    bucket.s3.put_bucket_replication(**which, ReplicationConfiguration=told)
    assert bucket.s3.get_bucket_replication(**which)["ReplicationConfiguration"] == told
    bucket.s3.delete_bucket_replication(**which)
    none = refusal(bucket.s3.get_bucket_replication, **which)
    assert none[0] == "ReplicationConfigurationNotFoundError"
