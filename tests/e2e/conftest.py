"""A served sandbox with the workload, for the end-to-end tests of a module."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.embedded import Instance
from chaoskit.places import target_in
from chaoskit.sandbox import workload
from tests.e2e.lab import ROOT, Lab, SandboxClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox


@pytest.fixture(scope="module")
def lab(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with one_sandbox.deployed() as (served, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOSKIT_HOME", str(tmp_path_factory.mktemp("home")))
        yield lab_in(served)


def lab_in(served: Served) -> Lab:
    """The lab that a served sandbox with the workload is."""
    sessions = {
        name: boto3.Session(key.access_key_id, key.secret_access_key, region_name=served.cloud.region)
        for name, key in served.credentials.items()
    }
    instance = Instance.load({"pid": 0, **served.describe()})
    return Lab(
        target_in(instance),
        SandboxClock(served.cloud),
        served.cloud,
        sessions["admin"],
        sessions["management"],
        served.url,
        instance,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def without(lab: Lab) -> Any:
    """Take a control away for a block, and put it back."""

    @contextmanager
    def away(control: str, name: str) -> Iterator[None]:
        match control:
            case "scp":
                with without_scp(lab, name):
                    yield
            case "rule":
                with _without_rule(lab, name):
                    yield
            case "runbook":
                lab.client("ssm").delete_document(Name=name)
                try:
                    yield
                finally:
                    workload.register_runbook(lab.client("ssm"), ROOT / "runbooks" / f"{name}.yaml")
            case "trail":
                with _without_trail(lab, name):
                    yield
            case _:
                raise ValueError(control)

    return away


def without_scp(lab: Lab, name: str) -> AbstractContextManager[None]:
    """Detach an SCP from everything for a block."""
    return without_policy(lab.organization(), name)


@contextmanager
def without_policy(organization: Any, name: str) -> Iterator[None]:
    """The same by a client of the organization's."""
    pages = organization.get_paginator("list_policies").paginate(Filter="SERVICE_CONTROL_POLICY")
    policy = next(p["Id"] for page in pages for p in page["Policies"] if p["Name"] == name)
    targets = [t["TargetId"] for t in organization.list_targets_for_policy(PolicyId=policy)["Targets"]]
    for target in targets:
        organization.detach_policy(PolicyId=policy, TargetId=target)
    try:
        yield
    finally:
        for target in targets:
            organization.attach_policy(PolicyId=policy, TargetId=target)


@contextmanager
def _without_rule(lab: Lab, name: str) -> Iterator[None]:
    lab.client("events").disable_rule(Name=name)
    try:
        yield
    finally:
        lab.client("events").enable_rule(Name=name)


@contextmanager
def _without_trail(lab: Lab, name: str) -> Iterator[None]:
    """No trail logs: not the named one, which an SCP guards, nor the one that a runbook would start again."""
    trails = (name, "chaoskit-research-trail")
    with without_scp(lab, "chaoskit-protect-audit"), _without_rule(lab, "chaoskit-audit-trail-changed"):
        for each in trails:
            lab.client("cloudtrail").stop_logging(Name=each)
        try:
            yield
        finally:
            for each in trails:
                lab.client("cloudtrail").start_logging(Name=each)
