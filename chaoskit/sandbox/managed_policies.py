"""AWS's managed policies, read once: moto parses all of them (5 MB) anew for each account."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from moto.iam import models
from moto.iam.aws_managed_policies import aws_managed_policies_data


def share() -> None:
    """Let the IAM of every account start with copies of the same policies."""
    setattr(models.IAMBackend, "_init_aws_policies", _policies)  # noqa: B010 - a type checker minds an assignment


def _policies(backend: Any) -> list[Any]:
    """The policies of one account, whose attachments are its own."""
    found = []
    for known in _read(backend.region_name):
        policy = copy.copy(known)
        policy.account_id = backend.account_id
        policy.versions = list(known.versions)
        policy.tags = {}
        found.append(policy)
    return found


@cache
def _read(region: str) -> tuple[Any, ...]:
    data = json.loads(aws_managed_policies_data)
    return tuple(models.AWSManagedPolicy.from_data(name, "aws", region, each) for name, each in data.items())
