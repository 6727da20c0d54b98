"""Fleet files: what they say, and everything that is wrong with them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import SpecError
from chaoskit.spec import fleet
from tests.documents import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GOOD = f"""\
id: all
title: All accounts
owner: tests
region: us-east-1
experiments: [{ROOT}/experiments/identity/permissive-policy-on-training-role.yaml]
"""


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    with pytest.raises(SpecError) as caught:
        fleet.load(path)
    return [f"{each.line}:{each.column}: {each.message}" for each in caught.value.problems]


def test_account_ids_keep_their_zeros_and_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(GOOD + "accounts: [012345678901]\nheartbeat: 2m\nroles: {inject: breaker}\n", "utf-8")
    found = fleet.load(path)
    assert found.accounts == ("012345678901",)
    assert [each.id for each in found.experiments] == ["permissive-policy-on-training-role"]
    assert (found.canary, found.tolerated, str(found.heartbeat)) == (1, 5, "2m")
    assert (found.roles.inject, found.roles.undo) == ("breaker", "chaoskit-fleet-undo")


def test_the_example_is_valid() -> None:
    assert fleet.load(ROOT / "examples" / "fleet.yaml").unit == "ou-ab12-cdef3456"


def test_everything_that_is_wrong_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """\
id: other
titel: All accounts
owner: tests
region: usa
experiments: [nowhere]
accounts: [1234, "111111111111"]
unit: ou-x
canary: -1
tolerated: 101
heartbeat: 90ms
roles: {breaks: x}
"""
    assert problems(tmp_path / "all.yaml", text) == [
        "1:1: a fleet lacks title",
        "1:1: a fleet names either its accounts or the unit that they are in",
        "1:5: id 'other' must be the file's name, all",
        "2:1: a fleet has no 'titel'; did you mean title?",
        "4:9: region must be a region such as us-east-1, not 'usa'",
        "5:14: experiments must name at least one file or folder with one",
        "5:15: there is no experiment at 'nowhere', seen from this file",
        "6:12: an account must be twelve digits, not '1234'",
        "7:7: unit must be a unit, ou-..., or the root, r-..., not 'ou-x'",
        "8:9: canary must be between 0 and 10000",
        "9:12: tolerated must be between 0 and 100",
        "10:12: heartbeat must be a whole number of seconds, 1s or more",
        "11:9: roles has no 'breaks'; did you mean read?",
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "1:1: a fleet names either its accounts or the unit that they are in"),
        ("accounts: []\n", "6:11: accounts must name at least one"),
        (
            'accounts: ["111111111111", "111111111111"]\n',
            "6:11: accounts names 111111111111 twice",
        ),
        (
            "unit: r-ab12\nheartbeat: 10m\ntimeout: 5m\n",
            "7:12: heartbeat must be shorter than timeout",
        ),
    ],
)
def test_a_fleet_without_sense_is_refused(tmp_path: Path, more: str, told: str) -> None:
    assert problems(tmp_path / "all.yaml", GOOD + more) == [told]
