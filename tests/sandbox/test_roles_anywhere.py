from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.aws import MEMBER, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

BUNDLE = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "-----BEGIN"}}


def test_a_trust_anchor_is_kept_until_it_is_deleted(aws: Aws) -> None:
    anywhere = aws.client("rolesanywhere")
    made = anywhere.create_trust_anchor(name="anchor", source=BUNDLE)["trustAnchor"]
    assert not made["enabled"]
    name = {"trustAnchorId": made["trustAnchorId"]}
    assert anywhere.enable_trust_anchor(**name)["trustAnchor"]["enabled"]
    assert [one["name"] for one in anywhere.list_trust_anchors()["trustAnchors"]] == ["anchor"]
    anywhere.delete_trust_anchor(**name)
    assert refusal(anywhere.get_trust_anchor, **name)[0] == "ResourceNotFoundException"
    assert anywhere.list_trust_anchors()["trustAnchors"] == []


def test_a_profile_is_kept_with_its_roles_and_can_be_switched_off(aws: Aws) -> None:
    anywhere = aws.client("rolesanywhere")
    role = f"arn:aws:iam::{MEMBER}:role/r"
    made = anywhere.create_profile(name="profile", roleArns=[role], enabled=True)["profile"]
    name = {"profileId": made["profileId"]}
    anywhere.disable_profile(**name)
    kept = anywhere.get_profile(**name)["profile"]
    assert (kept["roleArns"], kept["enabled"], kept["durationSeconds"]) == ([role], False, 3600)
    anywhere.delete_profile(**name)
    assert refusal(anywhere.delete_profile, **name)[0] == "ResourceNotFoundException"
