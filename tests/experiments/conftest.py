"""The experiments are tested where the experiments are: in the deployed workload."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import journal, lab, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.lab import Lab

__all__ = ["journal", "lab", "without"]


@pytest.fixture
def without_statement(lab: Lab) -> Any:
    """Take one statement out of an SCP for a block."""

    @contextmanager
    def away(name: str, sid: str) -> Iterator[None]:
        organization = lab.organization()
        pages = organization.get_paginator("list_policies").paginate(Filter="SERVICE_CONTROL_POLICY")
        policy = next(each["Id"] for page in pages for each in page["Policies"] if each["Name"] == name)
        content = organization.describe_policy(PolicyId=policy)["Policy"]["Content"]
        document = json.loads(content)
        left = [each for each in document["Statement"] if each["Sid"] != sid]
        assert len(left) == len(document["Statement"]) - 1
        organization.update_policy(PolicyId=policy, Content=json.dumps({**document, "Statement": left}))
        try:
            yield
        finally:
            organization.update_policy(PolicyId=policy, Content=content)

    return away
