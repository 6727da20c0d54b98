"""What faults on a bucket's default encryption share: the prior rules are put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


def encryption_of(bucket: str) -> Query:
    """A bucket's default encryption; S3 has one for every bucket."""
    rules = "ServerSideEncryptionConfiguration.Rules"
    return Query("s3", "GetBucketEncryption", {"Bucket": bucket}, rules)


def put_encryption(bucket: str, rules: Sequence[Any]) -> Call:
    """The call that sets the default."""
    wanted: dict[str, Any] = {"Rules": list(rules)}
    return Call("s3", "PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration=wanted)


def encrypt_otherwise(aws: Reader, bucket: str, default: dict[str, str]) -> Changes:
    """Set another default for new objects; undone by the prior rules. Set so already, it is not ours."""
    state = encryption_of(bucket)
    prior = aws.read(state)
    if [rule.get("ApplyServerSideEncryptionByDefault") for rule in prior] == [default]:
        return
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    yield Change(do=put_encryption(bucket, rules), undo=(put_encryption(bucket, prior),), state=state)
