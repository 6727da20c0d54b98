from __future__ import annotations

import pytest

from chaoskit.engine.drift import difference, is_exact, is_ours_gone

BEFORE, OURS, THEIRS = ["a"], ["a", "ours"], ["a", "theirs"]
BOTH, REMOVED = ["a", "ours", "theirs"], ["ours"]


def call(operation: str) -> dict[str, str]:
    return {"service": "any", "operation": operation}


@pytest.mark.parametrize(
    ("do", "undo", "exact"),
    [
        ("AttachRolePolicy", ["DetachRolePolicy"], True),
        ("CreateAccessKey", ["DeleteAccessKey"], True),
        ("AuthorizeSecurityGroupIngress", ["RevokeSecurityGroupIngress"], True),
        ("TagResource", ["UntagResource"], True),
        ("AddPermission", ["RemovePermission"], True),
        ("CreateUser", ["DetachUserPolicy", "DeleteUser"], False),  # it takes away what it did not attach
        ("PutBucketPolicy", ["PutBucketPolicy"], False),
        ("PutBucketPolicy", ["DeleteBucketPolicy"], False),  # and what somebody has put there since
        ("DetachRolePolicy", ["AttachRolePolicy"], False),
        ("UpdateTrail", ["UpdateTrail"], False),
        ("AttachRolePolicy", [], True),  # nothing is written
        ("", ["DetachRolePolicy"], False),
    ],
)
def test_an_undo_is_exact_when_it_takes_back_just_what_was_added(
    do: str, undo: list[str], exact: bool
) -> None:
    assert is_exact(call(do), [call(name) for name in undo]) is exact


def test_deleting_each_thing_that_was_not_there_before_is_exact() -> None:
    assert is_exact(call("CreateAccessKey"), [{"each": {}, "call": call("DeleteAccessKey")}])


def test_writing_a_whole_document_for_each_of_some_things_is_not() -> None:
    assert not is_exact(call("UpdateWebACL"), [{"each": {}, "call": call("UpdateWebACL")}])


@pytest.mark.parametrize(
    ("current", "captured", "after", "gone"),
    [
        # As it was, whatever was seen of the fault
        (BEFORE, BEFORE, (), True),
        (BEFORE, BEFORE, (OURS,), True),
        (None, None, (), True),
        ("x", "x", ("y",), True),
        # What the fault added is there, alone or beside what somebody else did
        (OURS, BEFORE, (OURS,), False),
        (BOTH, BEFORE, (OURS,), False),
        # Somebody else's is there, and ours is not
        (THEIRS, BEFORE, (OURS,), True),
        ([], BEFORE, (OURS,), True),
        # What the fault removed must be back
        (["theirs"], BEFORE, ([],), False),
        (THEIRS, BEFORE, ([],), True),
        # Both at once: it swapped one for the other
        (REMOVED, BEFORE, (REMOVED,), False),
        (["a", "ours"], BEFORE, (REMOVED,), False),
        (["a"], BEFORE, (REMOVED,), True),
        # The effect was never seen, so nobody knows whose a difference is
        (THEIRS, BEFORE, (), False),
        (OURS, BEFORE, (), False),
        # Only a list of things can tell
        ({"k": 2}, {"k": 1}, ({"k": 3},), False),
        (THEIRS, None, (OURS,), False),
        (None, BEFORE, (OURS,), False),
        (THEIRS, BEFORE, (None,), False),
    ],
)
def test_ours_is_gone_when_nothing_of_the_effect_is_left(
    current: object, captured: object, after: tuple[object, ...], gone: bool
) -> None:
    assert is_ours_gone(current, captured, after) is gone


@pytest.mark.parametrize(
    ("current", "captured", "said"),
    [
        (THEIRS, BEFORE, 'added ["theirs"]'),
        ([], BEFORE, 'removed ["a"]'),
        (["b"], BEFORE, 'added ["b"] and removed ["a"]'),
        ("x", None, 'it is "x", before the fault it was null'),
    ],
)
def test_what_somebody_else_changed_is_told_in_words(current: object, captured: object, said: str) -> None:
    assert difference(current, captured) == said


def test_a_long_state_is_cut_short() -> None:
    assert len(difference(["x" * 1000], [])) < 400
