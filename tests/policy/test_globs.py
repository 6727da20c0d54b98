from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.policy.globs import glob, resource_glob, split_wildcards
from tests.examples import examples

QUEUE = "arn:aws:sqs:us-east-1:111122223333:jobs"


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", "*", True),
        ("*", QUEUE, True),
        ("arn:aws:sqs:*", QUEUE, True),
        ("arn:aws:sqs:us-east-1:*", QUEUE, True),
        ("arn:aws:sqs:*:jobs", QUEUE, True),
        ("arn:aws:sqs:us-*-1:111122223333:jobs", QUEUE, True),
        ("arn:aws:sqs:us-*1:jobs", QUEUE, False),
        ("arn:aws:sqs:us-*3:jobs", QUEUE, False),
        ("arn:aws:sqs:us-east-?:111122223333:jobs", QUEUE, True),
        ("arn:aws:sqs:us-east-1?111122223333:jobs", QUEUE, False),
        ("arn:aws:sqs:us-east-1:111122223333:JOBS", QUEUE, False),
        ("arn:aws:sqs:us-east-1:111122223333:job", QUEUE, False),
        ("arn:aws:s3:::bkt/*", "arn:aws:s3:::bkt/a/b/c", True),
        ("arn:aws:s3:::bkt/*/c", "arn:aws:s3:::bkt/a/b/c", True),
        ("arn:aws:s3:::bkt/*", "arn:aws:s3:::bkt", False),
        ("arn:aws:s3:::bkt*", "arn:aws:s3:::bkt-other/key", True),
        ("arn:aws:s3:::*/x", "arn:aws:s3:::bkt/a/x", True),
        ("arn:aws:s3:::b?t/k", "arn:aws:s3:::bkt/k", True),
        ("arn:aws:s3:::bkt/[a]", "arn:aws:s3:::bkt/a", False),
        ("arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:us-east-1:111122223333:function:f:7", True),
        ("arn:aws:lambda:*:*:function:*:7", "arn:aws:lambda:us-east-1:111122223333:function:f:7", True),
        ("arn:aws:logs:*:*:log-group:/aws/*", "arn:aws:logs:us-east-1:1:log-group:/aws/x:log-stream:y", True),
        ("arn:*:iam::*:role/x*", "arn:aws-cn:iam::111122223333:role/xy", True),
        ("arn:aws:s3:::bkt/\n*", "arn:aws:s3:::bkt/\nline", True),
    ],
)
def test_a_resource_pattern_matches_as_documented(pattern: str, resource: str, expected: bool) -> None:
    assert resource_glob(split_wildcards(pattern))(resource) is expected


@settings(derandomize=True, max_examples=examples(1500), deadline=None, database=None)
@given(pattern=st.text("ab*?", max_size=9), text=st.text("ab*?", max_size=12))
def test_a_glob_matches_what_the_plain_regular_expression_matches(pattern: str, text: str) -> None:
    plain = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    assert glob(split_wildcards(pattern))(text) is (re.fullmatch(plain, text) is not None)


@settings(derandomize=True, max_examples=examples(1500), deadline=None, database=None)
@given(
    segments=st.lists(st.text("ab*?", max_size=4), min_size=6, max_size=6),
    values=st.lists(st.text("ab", max_size=4), min_size=6, max_size=8),
)
def test_a_bounded_wildcard_matches_what_its_definition_says(segments: list[str], values: list[str]) -> None:
    def regex(segment: str, *, last: bool) -> str:
        pieces = {"*": ".*" if last else "[^:]*", "?": "." if last else "[^:]"}
        whole = "".join(pieces.get(character, character) for character in segment)
        return whole.removesuffix("[^:]*") + ".*" if segment.endswith("*") else whole

    *head, resource = segments
    plain = ":".join([*(regex(segment, last=False) for segment in head), regex(resource, last=True)])
    text = ":".join(values)
    matches = resource_glob(split_wildcards(":".join(segments)))(text)
    assert matches is (re.fullmatch(plain, text) is not None)


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "arn:aws:s3:a" + "*a" * 60 + "b:::x"])
def test_no_pattern_makes_matching_explode(pattern: str) -> None:
    started = time.process_time()
    assert not resource_glob(split_wildcards(pattern))("arn:aws:s3:" + "a" * 2000)
    assert time.process_time() - started < 2
