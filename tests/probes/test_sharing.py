"""Who from outside of an account a policy lets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.probes._sharing import strangers
from tests.samples import ACCOUNT

OTHER = "arn:aws:iam::999999999999:root"


def allowing(**principal: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **principal}]})


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (None, []),
        (allowing(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), []),
        (allowing(Principal={"AWS": ACCOUNT}), []),
        (allowing(Principal={"Service": "s3.amazonaws.com"}), []),
        (allowing(Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/r", OTHER]}), [OTHER]),
        (allowing(Principal={"AWS": "999999999999"}), ["999999999999"]),
        (allowing(Principal="*"), ["*"]),
        (allowing(Principal={"AWS": "*"}), ["*"]),
        (allowing(NotPrincipal={"AWS": OTHER}), ["*"]),
        (allowing(Principal="*", Effect="Deny"), []),
        (json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": OTHER}}}), [OTHER]),
    ],
)
def test_whoever_is_allowed_and_not_of_the_account_is_a_stranger(
    policy: str | None, found: list[str]
) -> None:
    assert strangers(policy, ACCOUNT) == found
