from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.support import ACCOUNT, ALICE, FULL, OTHER, allow, ask, deny, doc

if TYPE_CHECKING:
    from tests.policy.support import Doc


def when(operator: str, key: str, value: Any) -> Doc:
    return {operator: {key: value}}


FROM_OFFICE = when("IpAddress", "aws:SourceIp", "192.0.2.0/24")
NOT_OFFICE = when("NotIpAddress", "aws:SourceIp", "192.0.2.0/24")


def test_an_unknown_key_makes_the_decision_depend_on_it() -> None:
    decision = ask({"identityPolicies": [doc(allow(Condition=FROM_OFFICE))]}, unknownKeys=["aws:SourceIp"])
    assert (decision.effect, decision.depends_on) == ("depends", ("aws:SourceIp",))
    assert decision.describe() == "depends on aws:SourceIp"
    assert not decision.allowed
    assert decision.kind is None


def test_an_unknown_key_that_decides_nothing_is_not_named() -> None:
    policies = {"identityPolicies": [FULL, doc(allow(Condition=FROM_OFFICE))]}
    assert ask(policies, unknownKeys=["aws:SourceIp"]).describe() == "not stopped"
    denied = {"identityPolicies": [FULL, doc(deny(Sid="No")), doc(deny(Condition=NOT_OFFICE))]}
    decision = ask(denied, unknownKeys=["aws:SourceIp"])
    assert decision.describe() == "stopped by identity identityPolicies[1], Sid No"


def test_a_denial_for_want_of_an_allow_does_not_depend_on_an_undecided_deny() -> None:
    policies = {"identityPolicies": [doc(deny(Condition=NOT_OFFICE))]}
    decision = ask(policies, unknownKeys=["aws:SourceIp"])
    assert (decision.effect, decision.kind, decision.layer) == ("deny", "implicit", "identity")


def test_only_the_keys_that_tip_the_decision_are_named() -> None:
    policies = {
        "identityPolicies": [FULL, doc(allow(Condition=when("Bool", "aws:ViaAWSService", "true")))],
        "scps": [[FULL, doc(deny(Condition=NOT_OFFICE))]],
    }
    decision = ask(policies, unknownKeys=["aws:SourceIp", "aws:ViaAWSService"])
    assert decision.depends_on == ("aws:SourceIp",)


def test_denials_that_each_suffice_are_all_named_and_idle_keys_are_not() -> None:
    idle = allow(Condition=when("Bool", "aws:ViaAWSService", "true"))
    policies = {
        "identityPolicies": [doc(allow(), idle), doc(deny(Condition=NOT_OFFICE))],
        "scps": [[FULL, doc(deny(Condition=when("Bool", "aws:SecureTransport", "false")))]],
        "permissionsBoundary": doc(idle, allow()),
    }
    decision = ask(policies, unknownKeys=["*"])
    assert decision.depends_on == ("aws:SecureTransport", "aws:SourceIp")


def test_every_key_of_an_undecided_statement_is_named_but_a_false_one_settles_it() -> None:
    condition = FROM_OFFICE | when("StringEquals", "aws:PrincipalTag/team", "red")
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    both = ask(policies, unknownKeys=["aws:SourceIp", "aws:PrincipalTag/*"])
    assert both.depends_on == ("aws:PrincipalTag/team", "aws:SourceIp")
    settled = ask(policies, context={"aws:PrincipalTag/team": "blue"}, unknownKeys=["aws:SourceIp"])
    assert settled.kind == "implicit"


def test_two_undecided_statements_that_back_each_other_up_are_both_named() -> None:
    policies = {
        "identityPolicies": [
            doc(allow(Condition=FROM_OFFICE), allow(Condition=when("Null", "aws:SourceVpce", "false")))
        ]
    }
    decision = ask(policies, unknownKeys=["*"])
    assert decision.depends_on == ("aws:SourceIp", "aws:SourceVpce")


@pytest.mark.parametrize(
    "condition",
    [
        when("Null", "aws:SourceVpce", "true"),
        when("StringEqualsIfExists", "aws:SourceVpce", "vpce-1"),
        when("StringNotEquals", "aws:SourceVpce", "vpce-1"),
        when("ForAllValues:StringEquals", "aws:SourceVpce", "vpce-1"),
        when("ForAnyValue:StringLike", "aws:SourceVpce", "vpce-*"),
        when("StringEquals", "aws:username", "${aws:SourceVpce}"),
        when("StringNotEquals", "aws:username", "${aws:SourceVpce}"),
        when("ForAllValues:StringEquals", "aws:username", ["x", "${aws:SourceVpce}"]),
        when("ForAnyValue:StringNotLike", "aws:username", "${aws:SourceVpce}*"),
    ],
)
def test_every_operator_is_undecided_on_an_unknown_key(condition: Doc) -> None:
    decision = ask({"identityPolicies": [doc(allow(Condition=condition))]}, unknownKeys=["AWS:sourcevpce"])
    assert decision.depends_on == ("aws:SourceVpce",)


def test_a_known_value_settles_a_condition_beside_an_unknown_variable() -> None:
    condition = when("StringEquals", "aws:username", ["alice", "${aws:SourceVpce}"])
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    assert ask(policies, unknownKeys=["aws:SourceVpce"]).allowed


def test_a_resource_with_an_unknown_variable_is_undecided() -> None:
    statement = allow("s3:GetObject", "arn:aws:s3:::bkt/${aws:PrincipalTag/team}")
    policies = {"identityPolicies": [doc(statement)]}
    decision = ask(policies, resource="arn:aws:s3:::bkt/red", unknownKeys=["aws:PrincipalTag/*"])
    assert decision.depends_on == ("aws:PrincipalTag/team",)
    certain = {"identityPolicies": [doc(statement), doc(allow("s3:GetObject", "arn:aws:s3:::bkt/*"))]}
    assert ask(certain, resource="arn:aws:s3:::bkt/red", unknownKeys=["*"]).allowed


def test_with_everything_unknown_what_the_request_and_the_caller_tell_is_still_known() -> None:
    condition = when("StringEquals", "aws:PrincipalArn", ALICE) | FROM_OFFICE
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    assert ask(policies, context={"aws:SourceIp": "192.0.2.9"}, unknownKeys=["*"]).allowed


def test_an_undecided_grant_across_accounts_counts_for_its_own_side_only() -> None:
    grant = allow("s3:*", "arn:aws:s3:::bkt/*", Principal={"AWS": ACCOUNT}, Condition=FROM_OFFICE)
    policies = {"resourcePolicy": doc(grant)}
    assert ask(policies, resourceAccount=OTHER, unknownKeys=["*"]).layer == "identity"
    decision = ask(policies | {"identityPolicies": [FULL]}, resourceAccount=OTHER, unknownKeys=["*"])
    assert decision.depends_on == ("aws:SourceIp",)


def test_the_trace_tells_what_a_statement_depends_on() -> None:
    decision = ask({"identityPolicies": [doc(allow(Condition=FROM_OFFICE))]}, unknownKeys=["*"])
    assert "Identity policies: identityPolicies[0] allows, depending on aws:SourceIp." in decision.trace


SESSION_OF = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"


@pytest.mark.parametrize(
    ("principal", "key"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/team/app"}, "aws:PrincipalArn"),
        ({"AWS": "AROADBQP57FF2AEXAMPLE"}, "aws:userid"),
        ({"Federated": PROVIDER}, "aws:FederatedProvider"),
    ],
)
def test_whether_a_principal_is_the_caller_is_undecided_while_the_key_that_tells_is_unknown(
    principal: Doc, key: str
) -> None:
    granting = {"resourcePolicy": doc(allow(Principal=principal))}
    decision = ask(granting, principal=SESSION_OF, unknownKeys=[key])
    assert (decision.effect, decision.depends_on) == ("depends", (key,))
    assert ask(granting, principal=SESSION_OF).kind == "implicit"
    denying = {"identityPolicies": [FULL], "resourcePolicy": doc(deny(Principal=principal))}
    decision = ask(denying, principal=SESSION_OF, unknownKeys=[key])
    assert (decision.effect, decision.depends_on) == ("depends", (key,))


def test_a_grant_to_the_account_that_may_also_be_one_to_the_caller_is_undecided() -> None:
    both = {"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/team/app"]}
    policies: Doc = {"resourcePolicy": doc(allow(Principal=both))}
    decision = ask(policies, principal=SESSION_OF, unknownKeys=["aws:PrincipalArn"])
    assert decision.depends_on == ("aws:PrincipalArn",)
    policies |= {"identityPolicies": [FULL]}
    assert ask(policies, principal=SESSION_OF, unknownKeys=["aws:PrincipalArn"]).allowed


def test_a_deny_that_may_spare_the_caller_is_undecided() -> None:
    spared = {"AWS": [SESSION_OF, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/team/app"]}
    statement = {"Effect": "Deny", "NotPrincipal": spared, "Action": "*", "Resource": "*"}
    policies = {"identityPolicies": [FULL], "resourcePolicy": doc(statement)}
    decision = ask(policies, principal=SESSION_OF, unknownKeys=["aws:PrincipalArn"])
    assert decision.depends_on == ("aws:PrincipalArn",)
