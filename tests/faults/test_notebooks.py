"""Notebook instances: one that still starts is waited for, and scripts are put back whole."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults.sagemaker_open_notebook import OpenNotebook
from chaoskit.faults.sagemaker_swap_lifecycle_script import SwapLifecycleScript
from chaoskit.sandbox.state import backends
from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.faults.between import Account

ROLE = "arn:aws:iam::444455556666:role/notebook"
MINUTES = timedelta(minutes=4)


def becomes(place: Account, notebook: str, status: str, after: timedelta | None = None) -> None:
    """Let an instance have another status, now or in a while: the sandbox starts and stops them at once."""
    cloud = place.lab.cloud

    def change(_: datetime) -> None:
        with cloud.lock:
            held = backends("sagemaker")[place.account][place.region].notebook_instances
            if notebook in held:
                held[notebook].status = status

    if after:
        cloud.agenda.at(cloud.now() + after, change)
    else:
        change(cloud.now())


def gone(place: Account, notebook: str) -> bool:
    told = refusal(place.client("sagemaker").describe_notebook_instance, NotebookInstanceName=notebook)
    return told[:2] == ("ValidationException", "RecordNotFound")


@pytest.mark.parametrize(("now", "later"), [("Pending", "InService"), ("Stopping", "Stopped")])
def test_an_instance_on_its_way_is_deleted_once_its_status_allows_it(
    place: Account, tmp_path: Path, now: str, later: str
) -> None:
    name = f"was-{now}"

    def starts_or_stops() -> None:
        becomes(place, name, now)
        becomes(place, name, later, MINUTES)

    (undone,) = place.undone(OpenNotebook(role_arn=ROLE, notebook=name), tmp_path, starts_or_stops)
    assert undone.ok, undone.note
    assert gone(place, name)


def test_an_instance_that_starts_for_ever_is_told_of_in_sagemakers_words(
    place: Account, tmp_path: Path
) -> None:
    fault = OpenNotebook(role_arn=ROLE, notebook="stuck")
    (undone,) = place.undone(fault, tmp_path, lambda: becomes(place, "stuck", "Pending"))
    assert not undone.ok
    assert "Status (Pending) not in ([InService])" in undone.note


@pytest.mark.parametrize("status", ["InService", "Stopped", "Failed"])
def test_an_instance_is_deleted_whatever_became_of_it(place: Account, tmp_path: Path, status: str) -> None:
    name = f"became-{status}"
    fault = OpenNotebook(role_arn=ROLE, notebook=name)
    (undone,) = place.undone(fault, tmp_path, lambda: becomes(place, name, status))
    assert undone.ok, undone.note
    assert gone(place, name)


def test_an_instance_that_somebody_else_has_deleted_is_undone(place: Account, tmp_path: Path) -> None:
    sagemaker, which = place.client("sagemaker"), {"NotebookInstanceName": "deleted"}

    def delete() -> None:
        sagemaker.stop_notebook_instance(**which)
        sagemaker.delete_notebook_instance(**which)

    (undone,) = place.undone(OpenNotebook(role_arn=ROLE, notebook="deleted"), tmp_path, delete)
    assert undone.ok, undone.note


def script(text: str) -> list[dict[str, str]]:
    return [{"Content": base64.b64encode(text.encode()).decode()}]


@pytest.mark.parametrize("scripts", [("OnStart",), ("OnCreate", "OnStart"), ("OnCreate",)])
def test_both_scripts_of_a_configuration_are_written_and_put_back(
    place: Account, tmp_path: Path, scripts: tuple[str, ...]
) -> None:
    name, sagemaker = "-".join(scripts), place.client("sagemaker")
    given = {each: script(each) for each in scripts}
    which = {"NotebookInstanceLifecycleConfigName": name}
    sagemaker.create_notebook_instance_lifecycle_config(**which, **given)

    def told() -> dict[str, Any]:
        found = sagemaker.describe_notebook_instance_lifecycle_config(**which)
        return {each: found.get(each) or None for each in ("OnCreate", "OnStart")}

    before, during = told(), list[Any]()
    fault = SwapLifecycleScript(config=name)
    assert next(fault.changes(place.aws)).do.params.get("OnCreate") == given.get("OnCreate")
    (undone,) = place.undone(fault, tmp_path, lambda: during.append(told()))
    assert undone.ok, undone.note
    assert during[0]["OnStart"] not in (None, before["OnStart"])
    assert during[0]["OnCreate"] == before["OnCreate"]
    assert told() == before
