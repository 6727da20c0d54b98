"""What faults that open a bucket by its policy share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change
from chaoskit.faults._documents import widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_NONE = "NoSuchBucketPolicy"


def open_bucket(aws: Reader, bucket: str, statement: dict[str, Any]) -> Changes:
    """Put the policy with one more statement; undone by the prior text, or by deleting it where none was."""
    where: dict[str, Any] = {"Bucket": bucket}
    text = Query("s3", "GetBucketPolicy", where, "Policy", absent=(_NONE,))
    prior: str | None = aws.read(text)
    document = widened(prior, statement)
    if document is None:
        return
    yield Change(
        do=Call("s3", "PutBucketPolicy", **where, Policy=document),
        undo=(
            Call("s3", "PutBucketPolicy", **where, Policy=prior)
            if prior
            else Call("s3", "DeleteBucketPolicy", absent_ok=(_NONE,), **where),
        ),
        state=replace(text, parse_json=True),
    )
