"""Web ACLs: what UpdateWebACL would lose is written back, and what can't be is not touched."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import GuardError
from chaoskit.faults.wafv2_remove_rate_rule import _COMPUTED, RemoveRateRule
from tests.faults import shapes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.between import Account

NUMBERS = count(1)
TOLD = shapes.operation("wafv2", "GetWebACL").output_shape.members["WebACL"].members
TAKEN = shapes.operation("wafv2", "UpdateWebACL").input_shape.members
SETTINGS = {name: shapes.value(TOLD[name]) for name in TOLD.keys() & TAKEN.keys() - {"Id", "Name", "Rules"}}


def rule(name: str, priority: int, statement: dict[str, Any]) -> dict[str, Any]:
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    return {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": statement,
        "VisibilityConfig": seen,
    }


LIMITS = rule("limit", 0, {"RateBasedStatement": {"Limit": 1000, "AggregateKeyType": "IP"}})


def looks_for(text: bytes) -> dict[str, Any]:
    where = {"FieldToMatch": {"Body": {}}, "PositionalConstraint": "CONTAINS"}
    transformations = [{"Priority": 0, "Type": "NONE"}]
    match = {"ByteMatchStatement": {**where, "SearchString": text, "TextTransformations": transformations}}
    return rule("match", 1, {"NotStatement": {"Statement": match}})


class WebAcl:
    """A new web ACL with a rate-based rule, and the fault that removes it."""

    def __init__(self, place: Account, *more: dict[str, Any], **settings: Any) -> None:
        self.waf = place.client("wafv2")
        name = f"acl-{next(NUMBERS)}"
        given = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": LIMITS["VisibilityConfig"], **settings}
        made = self.waf.create_web_acl(Name=name, Scope="REGIONAL", Rules=[LIMITS, *more], **given)
        self.which = {"Name": name, "Scope": "REGIONAL", "Id": made["Summary"]["Id"]}
        self.fault = RemoveRateRule(name=name, id=made["Summary"]["Id"])

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = self.waf.get_web_acl(**self.which)["WebACL"]
        return found


def test_all_that_a_web_acl_tells_and_an_update_does_not_take_is_known() -> None:
    assert TOLD.keys() - TAKEN.keys() == set(_COMPUTED)


def test_every_setting_that_an_update_takes_is_there_during_the_fault_and_after(
    place: Account, tmp_path: Path
) -> None:
    acl = WebAcl(place, **{**SETTINGS, "DefaultAction": {"Allow": {}}})
    before = acl.told()
    assert before.keys() >= SETTINGS.keys()
    during: list[Any] = []
    (undone,) = place.undone(acl.fault, tmp_path, lambda: during.append(acl.told()))
    assert undone.ok
    assert during == [{**before, "Rules": []}]
    assert acl.told() == before


def test_a_setting_that_is_empty_is_left_out_as_an_update_does_not_take_it(place: Account) -> None:
    acl = WebAcl(place)
    assert acl.told()["Description"] == ""
    assert "Description" not in next(acl.fault.changes(place.aws)).do.params


def test_what_somebody_else_has_set_meanwhile_is_not_overwritten(place: Account, tmp_path: Path) -> None:
    acl = WebAcl(place)
    theirs = {"ImmunityTimeProperty": {"ImmunityTime": 600}}

    def set_by_somebody_else() -> None:
        found = acl.waf.get_web_acl(**acl.which)
        settings = {name: found["WebACL"][name] for name in ("DefaultAction", "Rules", "VisibilityConfig")}
        acl.waf.update_web_acl(**acl.which, **settings, CaptchaConfig=theirs, LockToken=found["LockToken"])

    (undone,) = place.undone(acl.fault, tmp_path, set_by_somebody_else)
    assert not undone.ok
    assert "somebody else has changed it" in undone.note
    assert acl.told()["CaptchaConfig"] == theirs


def test_a_rule_that_looks_for_text_is_written_back_byte_by_byte(place: Account, tmp_path: Path) -> None:
    acl = WebAcl(place, looks_for("schlüssel".encode()))
    before = acl.told()
    during: list[Any] = []
    (undone,) = place.undone(acl.fault, tmp_path, lambda: during.append(acl.told()))
    assert undone.ok
    assert during == [{**before, "Rules": before["Rules"][1:]}]
    assert acl.told() == before


def test_a_rule_that_looks_for_bytes_that_are_no_text_keeps_the_web_acl_from_being_touched(
    place: Account,
) -> None:
    acl = WebAcl(place, looks_for(b"\xff\xfe\x90"))
    with pytest.raises(GuardError, match="no UTF-8 text"):
        next(acl.fault.changes(place.aws))
