"""Web ACLs, as a client of WAF makes and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

SEEN = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
NEEDED = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": SEEN}
MORE = {
    "Description": "guards an API",
    "TokenDomains": ["example.com"],
    "OnSourceDDoSProtectionConfig": {"ALBLowReputationMode": "ALWAYS_ON"},
    "MonetizationConfig": {"CurrencyMode": "TEST"},
}


@pytest.fixture(scope="module")
def waf(aws: Aws) -> Any:
    return aws.client("wafv2")


def made(waf: Any, name: str, scope: str = "REGIONAL") -> dict[str, str]:
    created = waf.create_web_acl(Name=name, Scope=scope, **NEEDED, **MORE)["Summary"]
    assert (created["Name"], created["Description"]) == (name, MORE["Description"])
    return {"Name": name, "Scope": scope, "Id": created["Id"]}


@pytest.mark.parametrize("scope", ["REGIONAL", "CLOUDFRONT"])
def test_an_update_replaces_every_setting(waf: Any, scope: str) -> None:
    which = made(waf, f"replaced-{scope}", scope)
    found = waf.get_web_acl(**which)
    assert found["WebACL"].items() >= MORE.items()
    token = waf.update_web_acl(**which, **NEEDED, LockToken=found["LockToken"])["NextLockToken"]
    after = waf.get_web_acl(**which)
    assert after["LockToken"] == token != found["LockToken"]
    assert after["WebACL"] == {
        **{name: value for name, value in found["WebACL"].items() if name not in MORE},
        "Description": "",
    }
    (listed,) = waf.list_web_acls(Scope=scope)["WebACLs"]
    assert listed["LockToken"] == token
    waf.delete_web_acl(**which, LockToken=token)


def test_an_update_by_an_old_lock_token_is_refused(waf: Any) -> None:
    which = made(waf, "locked")
    refused = refusal(waf.update_web_acl, **which, **NEEDED, LockToken="0" * 8)
    assert refused[0] == "WAFOptimisticLockException"
    assert waf.get_web_acl(**which)["WebACL"].items() >= MORE.items()


def test_a_name_is_given_once_and_what_is_not_there_is_not_shown(waf: Any) -> None:
    made(waf, "once")
    taken = refusal(waf.create_web_acl, Name="once", Scope="REGIONAL", **NEEDED)
    assert taken[0] == "WAFDuplicateItemException"
    for call in (waf.get_web_acl, waf.update_web_acl):
        more = {} if call == waf.get_web_acl else {**NEEDED, "LockToken": "0" * 8}
        nowhere = refusal(call, Name="nowhere", Scope="REGIONAL", Id="0" * 8, **more)
        assert nowhere[0] == "WAFNonexistentItemException"
