"""Does what we wrote detect what it should? `pytest` in this folder tells; no AWS account is needed."""

import pytest

pytestmark = [pytest.mark.layer_identity, pytest.mark.attack(id="T1098")]
ROLE = "${workload.training_role}"


def test_our_eventbridge_rule_sees_a_foreign_trust(assert_detected, rule):
    assert_detected(rule, by="iam.trust-external-account", role=ROLE, within="60s")


def test_our_sigma_rule_sees_it_too(assert_detected):
    assert_detected("rules/foreign_trust.yml", by="iam.trust-external-account", role=ROLE, within="60s")
