"""What faults on a bucket's lifecycle share: one rule more, and the prior ones put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_PUT = "PutBucketLifecycleConfiguration"
_NONE = ("NoSuchLifecycleConfiguration",)
_SIZE = "TransitionDefaultMinimumObjectSize"
"""It stands beside the rules; a put that leaves it out takes S3's default for it (Amazon S3 API Reference,
"PutBucketLifecycleConfiguration")."""


def add_rule(aws: Reader, bucket: str, rule: dict[str, Any]) -> Changes:
    """Put the rules with one more; undone by the prior ones, or by none where none were.

    Nothing is yielded when a rule of that `ID` is there already.
    """
    named: dict[str, Any] = {"Bucket": bucket}
    select = f"{{Rules: Rules, {_SIZE}: {_SIZE}}}"
    state = Query("s3", "GetBucketLifecycleConfiguration", named, select, absent=_NONE)
    found = aws.read(state) or {}
    prior = found.get("Rules") or []
    kept: dict[str, Any] = {_SIZE: found[_SIZE]} if found.get(_SIZE) else {}
    if any(each.get("ID") == rule["ID"] for each in prior):
        return
    yield Change(
        do=Call("s3", _PUT, **named, **kept, LifecycleConfiguration={"Rules": [*prior, rule]}),
        undo=(
            Call("s3", _PUT, **named, **kept, LifecycleConfiguration={"Rules": prior})
            if prior
            else Call("s3", "DeleteBucketLifecycle", absent_ok=_NONE, **named),
        ),
        state=state,
    )
