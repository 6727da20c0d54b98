from __future__ import annotations

from typing import Any

import pytest

from chaoskit.sandbox.trail.selectors import takes

MANAGEMENT = {
    "managementEvent": True,
    "readOnly": False,
    "eventCategory": "Management",
    "eventSource": "iam.amazonaws.com",
    "eventName": "AttachRolePolicy",
    "userIdentity": {"arn": "arn:aws:iam::444455556666:user/ann"},
}
OBJECT = {
    "managementEvent": False,
    "readOnly": True,
    "eventCategory": "Data",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "userIdentity": {},
    "resources": [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::data/training/x.csv"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::data"},
    ],
}


def basic(**selector: Any) -> list[dict[str, Any]]:
    return [selector]


def advanced(**fields: dict[str, list[str]]) -> list[dict[str, Any]]:
    named = {name.replace("__", "."): test for name, test in fields.items()}
    return [{"FieldSelectors": [{"Field": name, **test} for name, test in named.items()]}]


def test_without_selectors_a_trail_takes_management_events_only() -> None:
    assert takes(MANAGEMENT, [], [])
    assert not takes(OBJECT, [], [])


def test_a_write_only_trail_takes_no_reads() -> None:
    assert takes(MANAGEMENT, basic(ReadWriteType="WriteOnly"), [])
    assert not takes({**MANAGEMENT, "readOnly": True}, basic(ReadWriteType="WriteOnly"), [])


def test_management_events_can_be_left_out_altogether_or_by_source() -> None:
    assert not takes(MANAGEMENT, basic(IncludeManagementEvents=False), [])
    kms = {**MANAGEMENT, "eventSource": "kms.amazonaws.com"}
    assert not takes(kms, basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), [])


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        (["arn:aws:s3"], True),
        (["arn:aws:s3:::data/"], True),
        (["arn:aws:s3:::data/training/"], True),
        (["arn:aws:s3:::data/models/"], False),
        (["arn:aws:s3:::other/"], False),
        ([], False),
    ],
)
def test_data_resources_are_prefixes_of_object_arns(values: list[str], taken: bool) -> None:
    selectors = basic(DataResources=[{"Type": "AWS::S3::Object", "Values": values}])
    assert takes(OBJECT, selectors, []) is taken


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"eventCategory": {"Equals": ["Data"]}, "resources__type": {"Equals": ["AWS::S3::Object"]}}, True),
        ({"eventCategory": {"Equals": ["Data"]}, "resources__type": {"Equals": ["AWS::S3::Bucket"]}}, False),
        ({"eventCategory": {"Equals": ["Management"]}}, False),
        ({"eventName": {"NotStartsWith": ["Get"]}}, False),
        ({"eventName": {"StartsWith": ["Put", "Get"], "NotEquals": ["GetBucketAcl"]}}, True),
        ({"readOnly": {"Equals": ["true"]}, "resources__ARN": {"EndsWith": [".csv"]}}, True),
        ({"resources__ARN": {"NotEndsWith": [".csv"]}}, False),
    ],
)
def test_advanced_selectors_need_every_field_and_any_of_its_values(
    fields: dict[str, dict[str, list[str]]], taken: bool
) -> None:
    assert takes(OBJECT, [], advanced(**fields)) is taken
