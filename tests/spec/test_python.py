"""Faults and probes that are made in Python, of their name or of their class."""

from __future__ import annotations

import pytest

from chaoskit.contract import Template
from chaoskit.errors import SpecError
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.probes.http_json import HttpJson
from chaoskit.probes.iam_policy_not_attached import PolicyNotAttached
from chaoskit.spec import fault, filled, probe

VARIABLES = {"workload.training_role": "training", "sandbox.account": "444455556666"}
ROLE = "${workload.training_role}"


def test_an_element_of_its_class_is_filled_in_as_one_of_its_name_is() -> None:
    assert filled(AttachRolePolicy(role=ROLE), VARIABLES) == fault(
        "iam.attach-role-policy", {"role": ROLE}, VARIABLES
    )
    assert filled(PolicyNotAttached(role=f"x-{ROLE}"), VARIABLES) == probe(
        "iam.policy-not-attached", {"role": f"x-{ROLE}"}, VARIABLES
    )


def test_what_stands_for_nothing_of_the_target_is_left() -> None:
    made = AttachRolePolicy(role="${else}")
    assert filled(made, VARIABLES) is made
    url = Template("https://${env.HOST}/${sandbox.account}?run=${run.trace_id}")
    found = filled(HttpJson(url=url, jmespath="hits"), VARIABLES)
    assert found.url == "https://${env.HOST}/444455556666?run=${run.trace_id}"
    assert isinstance(found.url, Template)


def test_what_the_target_does_not_have_is_refused() -> None:
    with pytest.raises(
        SpecError,
        match=r"<iam\.attach-role-policy>:1:1: nothing is called \$\{workload\.training_rolle\}; did",
    ):
        filled(AttachRolePolicy(role="${workload.training_rolle}"), VARIABLES)
