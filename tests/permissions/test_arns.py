from __future__ import annotations

import pytest

from chaoskit.permissions import arns


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("subnet-0a1b", "arn:aws:ec2:us-east-1:444455556666:subnet/subnet-0a1b"),
        ("sg-0a1b", "arn:aws:ec2:us-east-1:444455556666:security-group/sg-0a1b"),
        ("vpce-0a1b", "arn:aws:ec2:us-east-1:444455556666:vpc-endpoint/vpce-0a1b"),
        ("snap-0a1b", "arn:aws:ec2:us-east-1::snapshot/snap-0a1b"),
        ("new-0a1b", "arn:aws:ec2:us-east-1:444455556666:*/new-0a1b"),
    ],
)
@pytest.mark.parametrize("action", ["ec2:CreateTags", "ec2:DeleteTags"])
def test_tags_are_set_on_what_an_id_tells_by_its_beginning(action: str, name: str, arn: str) -> None:
    found = arns.resources(action, {"Resources": [name]}, account="444455556666", region="us-east-1")
    assert found == [arn]
