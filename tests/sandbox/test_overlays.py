"""Profiles: the reference workload's templates with a well-known anti-pattern."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from chaoskit.embedded import PROFILES
from chaoskit.sandbox import overlays
from chaoskit.sandbox.cfn.template import parse
from chaoskit.sandbox.deployment import DeploymentError

TEMPLATES = resources.files("chaoskit.sandbox") / "templates"


def test_the_command_line_offers_the_profiles_that_there_are() -> None:
    assert sorted(PROFILES) == overlays.names()


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(DeploymentError, match="no profile nothing: there are admin-dev, "):
        overlays.read("nothing")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_changes_resources_that_there_are_or_that_it_makes(profile: str) -> None:
    for file, changes in overlays.read(profile).items():
        text = (TEMPLATES / file).read_text()
        before, after = parse(text), parse(overlays.applied(text, changes))
        assert set(changes) == {"Resources"}
        for name, resource in changes["Resources"].items():
            assert name in before.resources or "Type" in resource
            assert after.resources[name] != before.resources.get(name)
        same = set(before.resources) - set(changes["Resources"])
        assert {name: after.resources[name] for name in same} == {
            name: before.resources[name] for name in same
        }


def test_mappings_are_merged_lists_replaced_and_what_is_null_left_out() -> None:
    text = "Resources: {A: {Type: T, Properties: {Kept: 1, Gone: 2, List: [1, 2], Role: !Ref B}}}"
    change = {
        "Resources": {"A": {"Properties": {"Gone": None, "List": [3], "Role": {"Ref": "C"}, "New": "x"}}}
    }
    made = json.loads(overlays.applied(text, change))
    assert made["Resources"]["A"]["Properties"] == {"Kept": 1, "List": [3], "Role": {"Ref": "C"}, "New": "x"}
