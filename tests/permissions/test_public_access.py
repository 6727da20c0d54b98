from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.permissions.public_access import ALL_USERS, Block, blocking_setting, sets_acl
from tests.permissions.test_requirements import Call

FULL = Block(block_public_acls=True, block_public_policy=True)
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
GRANT = {"Grantee": {"URI": ALL_USERS}, "Permission": "READ"}
OWN = {"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"}


@pytest.mark.parametrize(
    ("operation", "headers", "params", "setting"),
    [
        ("PutBucketAcl", {"x-amz-acl": "public-read"}, {}, "BlockPublicAcls"),
        ("PutObject", {"x-amz-grant-read": f'uri="{ALL_USERS}"'}, {}, "BlockPublicAcls"),
        ("PutBucketAcl", {}, {"AccessControlPolicy": {"Grants": [GRANT]}}, "BlockPublicAcls"),
        ("PutBucketAcl", {"x-amz-acl": "private"}, {}, ""),
        ("PutBucketPolicy", {}, {"Policy": json.dumps({"Statement": [PUBLIC]})}, "BlockPublicPolicy"),
        ("PutBucketPolicy", {}, {"Policy": json.dumps({"Statement": []})}, ""),
        ("GetObject", {"x-amz-acl": "public-read"}, {}, ""),
    ],
)
def test_a_setting_refuses_what_would_be_public(
    operation: str, headers: dict[str, str], params: dict[str, Any], setting: str
) -> None:
    call = Call("s3", operation, params, headers)
    assert blocking_setting(call, FULL) == setting
    assert blocking_setting(call, Block()) == ""


def test_a_bucket_without_acls_still_takes_what_says_the_same() -> None:
    assert sets_acl(Call("s3", "PutBucketAcl", headers={"x-amz-acl": "public-read"}))
    assert not sets_acl(Call("s3", "PutBucketAcl", headers={"x-amz-acl": "bucket-owner-full-control"}))
    own = {"AccessControlPolicy": {"Owner": {"ID": "me"}, "Grants": [OWN]}}
    assert not sets_acl(Call("s3", "PutBucketAcl", own))
    assert not sets_acl(Call("s3", "PutObject"))
    assert sets_acl(Call("s3", "PutObject", headers={"x-amz-acl": "private"}))
