from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.support import (
    ACCOUNT,
    ALICE,
    BOB,
    FULL,
    KEY,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    allow,
    ask,
    deny,
    doc,
)

if TYPE_CHECKING:
    from tests.policy.support import (
        Doc,
    )

NOTHING = doc(allow("ec2:*"))


def bucket(principal: Any, effect: str = "Allow", element: str = "Principal", **more: Any) -> Doc:
    return doc(
        {"Effect": effect, element: principal, "Action": "s3:*", "Resource": "arn:aws:s3:::bkt/*"} | more
    )


def aws(*names: str) -> Doc:
    return {"AWS": list(names)}


@pytest.mark.parametrize(
    ("caller", "named", "granted"),
    [
        (ALICE, aws(ALICE), True),
        (ALICE, "*", True),
        (ALICE, aws("*"), True),
        (ALICE, aws(ACCOUNT), False),
        (ALICE, aws(ROOT), False),
        (ALICE, aws(BOB), False),
        (SESSION, aws(SESSION), True),
        (SESSION, aws(ROLE), True),
        (SESSION, aws(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s2"), False),
        (SESSION, aws(f"arn:aws:iam::{ACCOUNT}:role/other"), False),
        (SESSION, aws(ACCOUNT), False),
        (ROLE, aws(ROLE), True),
        (ROOT, aws(ROOT), True),
        ("anonymous", "*", True),
        ("anonymous", aws("*"), True),
        ("anonymous", aws(ACCOUNT), False),
        ("logging.s3.amazonaws.com", {"Service": "logging.s3.amazonaws.com"}, True),
        ("logging.s3.amazonaws.com", {"Service": "delivery.logs.amazonaws.com"}, False),
        ("logging.s3.amazonaws.com", aws(ACCOUNT), False),
        ({"Service": "logging.s3.amazonaws.com"}, {"Service": "logging.s3.amazonaws.com"}, True),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/f", aws(f"arn:aws:sts::{ACCOUNT}:federated-user/f"), True),
    ],
)
def test_a_resource_policy_alone_grants_to_whom_it_names_directly(
    caller: Any, named: Any, granted: bool
) -> None:
    decision = ask({"resourcePolicy": bucket(named)}, principal=caller, resourceAccount=ACCOUNT)
    assert decision.allowed is granted, decision.trace


def test_a_role_with_a_path_is_known_by_the_principal_arn_of_its_session() -> None:
    path_role = f"arn:aws:iam::{ACCOUNT}:role/teams/ml/app"
    context = {"aws:PrincipalArn": path_role}
    policies = {"resourcePolicy": bucket(aws(path_role))}
    assert ask(policies, principal=SESSION, context=context).allowed
    assert not ask(policies, principal=SESSION).allowed


def test_a_federated_user_has_only_what_its_session_policy_shares_with_its_issuer() -> None:
    caller = f"arn:aws:sts::{ACCOUNT}:federated-user/f"
    assert ask({"identityPolicies": [FULL]}, principal=caller).layer == "session"
    assert ask({"identityPolicies": [FULL], "sessionPolicy": FULL}, principal=caller).allowed
    through_issuer = {"resourcePolicy": bucket(aws(ALICE)), "sessionPolicy": NOTHING}
    assert ask(through_issuer, principal=caller, sessionIssuer=ALICE).layer == "session"
    assert ask(through_issuer | {"sessionPolicy": FULL}, principal=caller, sessionIssuer=ALICE).allowed


@pytest.mark.parametrize("layer", ["permissionsBoundary", "sessionPolicy"])
@pytest.mark.parametrize(
    ("named", "allowed"), [(aws(ROLE), False), (aws(SESSION), True), ("*", True), (aws(ACCOUNT), False)]
)
def test_boundary_and_session_policy_limit_grants_to_the_role_only(
    layer: str, named: Any, allowed: bool
) -> None:
    policies = {"resourcePolicy": bucket(named), layer: NOTHING, "identityPolicies": [FULL]}
    assert ask(policies, principal=SESSION).allowed is allowed


@pytest.mark.parametrize(
    ("key", "layer"), [("permissionsBoundary", "boundary"), ("sessionPolicy", "session")]
)
def test_across_accounts_boundary_and_session_policy_limit_every_grant(key: str, layer: str) -> None:
    policies = {"resourcePolicy": bucket(aws(SESSION)), key: NOTHING, "identityPolicies": [FULL]}
    decision = ask(policies, principal=SESSION, resourceAccount=OTHER)
    assert (decision.kind, decision.layer) == ("implicit", layer)


@pytest.mark.parametrize(
    ("identity", "resource", "allowed"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
@pytest.mark.parametrize("named", [aws(ALICE), aws(ACCOUNT), "*"])
def test_across_accounts_both_sides_must_allow(
    identity: bool, resource: bool, allowed: bool, named: Any
) -> None:
    policies = {
        "identityPolicies": [FULL] if identity else [],
        "resourcePolicy": bucket(named) if resource else None,
    }
    decision = ask(policies, resourceAccount=OTHER)
    assert decision.allowed is allowed
    if not allowed:
        assert decision.layer == ("resource" if identity else "identity")


def test_a_root_user_across_accounts_needs_the_resource_policy() -> None:
    assert not ask(principal=ROOT, resourceAccount=OTHER).allowed
    assert ask({"resourcePolicy": bucket(aws(ACCOUNT))}, principal=ROOT, resourceAccount=OTHER).allowed


@pytest.mark.parametrize(
    ("caller", "named", "spared"),
    [
        (ALICE, aws(ALICE, ACCOUNT), True),
        (ALICE, aws(ALICE), False),
        (ALICE, aws(ACCOUNT), False),
        (SESSION, aws(SESSION, ROLE, ROOT), True),
        (SESSION, aws(ROLE, ROOT), False),
        (SESSION, aws(SESSION, ROOT), False),
        (ROOT, aws(ROOT), True),
        ("anonymous", aws(ACCOUNT), False),
        ("logging.s3.amazonaws.com", {"Service": "logging.s3.amazonaws.com"}, True),
        ("logging.s3.amazonaws.com", aws(ACCOUNT), False),
    ],
)
def test_a_deny_with_not_principal_spares_whom_it_names_with_role_and_account(
    caller: str, named: Any, spared: bool
) -> None:
    policies = {"resourcePolicy": bucket(named, "Deny", "NotPrincipal"), "identityPolicies": [FULL]}
    decision = ask(policies, principal=caller, resourceAccount=ACCOUNT)
    assert (decision.kind != "explicit") is spared


def test_a_deny_with_not_principal_never_spares_who_has_a_boundary() -> None:
    policies = {
        "resourcePolicy": bucket(aws(ALICE, ACCOUNT), "Deny", "NotPrincipal"),
        "identityPolicies": [FULL],
    }
    assert ask(policies).allowed
    assert ask(policies | {"permissionsBoundary": FULL}).kind == "explicit"


def test_an_allow_with_not_principal_grants_to_everyone_else() -> None:
    policies = {"resourcePolicy": bucket(aws(ALICE), "Allow", "NotPrincipal")}
    assert not ask(policies).allowed
    assert ask(policies, principal=f"arn:aws:iam::{ACCOUNT}:user/carol").allowed
    assert ask(policies, principal="anonymous", resourceAccount=ACCOUNT).allowed


def test_a_denial_by_an_scp_names_policy_and_sid() -> None:
    scps = [
        [{"name": "FullAWSAccess", "document": FULL}],
        [FULL, {"name": "Lock", "document": doc(deny("s3:*", Sid="No"))}],
    ]
    decision = ask({"identityPolicies": [FULL], "scps": scps})
    assert (decision.layer, decision.explicit, decision.policy, decision.sid) == ("scp", True, "Lock", "No")
    assert decision.describe() == "stopped by scp Lock, Sid No"


def test_a_level_without_an_allow_is_named() -> None:
    decision = ask({"identityPolicies": [FULL], "scps": [[FULL], [], [FULL]]})
    assert (decision.layer, decision.kind, decision.policy) == ("scp", "implicit", "scps[1]")


def test_scps_bind_the_root_user_of_a_member_account_but_not_of_the_management_account() -> None:
    policies = {"scps": [[FULL, doc(deny("s3:*"))]]}
    assert not ask(policies, principal=ROOT).allowed
    assert ask(policies, principal=ROOT, principalIsManagementAccount=True).allowed


def test_scps_bind_no_service_and_no_anonymous_caller() -> None:
    policies = {"scps": [[]], "resourcePolicy": bucket("*")}
    for caller in ("logging.s3.amazonaws.com", "anonymous"):
        assert ask(policies, principal=caller, resourceAccount=ACCOUNT).allowed


def test_a_service_linked_role_is_recognised_by_its_path() -> None:
    path = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForX/s"
    policies = {"identityPolicies": [FULL], "scps": [[]], "rcps": [[doc(deny(Principal="*"))]]}
    assert ask(policies, principal=caller, context={"aws:PrincipalArn": path}).allowed
    assert not ask(policies, principal=caller).allowed


def test_an_scp_allow_may_name_resources_and_conditions() -> None:
    limited = doc(allow("s3:*", "arn:aws:s3:::bkt/*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    policies = {"identityPolicies": [FULL], "scps": [[limited]]}
    assert ask(policies, context={"aws:SecureTransport": True}).allowed
    assert not ask(policies, context={"aws:SecureTransport": False}).allowed
    assert not ask(policies, resource="arn:aws:s3:::other/k", context={"aws:SecureTransport": True}).allowed


def test_an_scp_with_not_resource_denies_every_other_resource() -> None:
    lock = doc(
        {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::bkt", "arn:aws:s3:::bkt/*"]}
    )
    policies = {"identityPolicies": [FULL], "scps": [[FULL, lock]]}
    assert ask(policies).allowed
    assert not ask(policies, resource="arn:aws:s3:::other/k").allowed
    assert not ask(policies, action="s3:ListAllMyBuckets", resource="*").allowed


def test_an_rcp_denies_strangers_and_anonymous_callers_of_supported_services() -> None:
    perimeter = doc(
        deny(
            "*",
            Principal="*",
            Condition={
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-mine"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        )
    )
    policies = {"resourcePolicy": bucket("*"), "rcps": [[perimeter]], "identityPolicies": [FULL]}
    assert ask(policies, context={"aws:PrincipalOrgID": "o-mine"}).allowed
    for caller in (ALICE, "anonymous"):
        decision = ask(policies, principal=caller, resourceAccount=OTHER)
        assert (decision.layer, decision.explicit) == ("rcp", True)
    assert ask(policies, principal="logging.s3.amazonaws.com", resourceAccount=ACCOUNT).allowed
    assert ask(policies, resourceAccount=OTHER, resourceIsManagementAccount=True).allowed
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    assert ask(policies, action="lambda:InvokeFunction", resource=function).allowed


def test_rcps_leave_the_management_account_and_retiring_grants_alone() -> None:
    policies = {
        "identityPolicies": [FULL],
        "resourcePolicy": bucket("*"),
        "rcps": [[doc(deny("*", Principal="*"))]],
    }
    assert ask(policies, principalIsManagementAccount=True).allowed
    assert not ask(policies, principalIsManagementAccount=True, resourceAccount=OTHER).allowed
    policies["resourcePolicy"] = doc(allow("kms:*", Principal=aws(ROOT)))
    assert ask(policies, action="kms:RetireGrant", resource=KEY).allowed
    assert not ask(policies, action="kms:Decrypt", resource=KEY).allowed


def test_the_full_access_rcp_may_be_written_out() -> None:
    full = doc({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    assert ask({"identityPolicies": [FULL], "rcps": [[full], [full]]}).allowed


def test_session_policies_form_one_policy() -> None:
    policies = {"identityPolicies": [FULL], "sessionPolicy": [NOTHING, doc(allow("s3:*"))]}
    assert ask(policies, principal=SESSION).allowed


@pytest.mark.parametrize("caller", [ALICE, SESSION, ROOT, "anonymous", "logging.s3.amazonaws.com"])
def test_an_endpoint_policy_limits_every_caller(caller: str) -> None:
    policies = {
        "identityPolicies": [FULL],
        "resourcePolicy": bucket("*"),
        "endpointPolicy": doc(allow("ec2:*", Principal="*")),
    }
    decision = ask(policies, principal=caller, resourceAccount=ACCOUNT)
    assert (decision.layer, decision.kind) == ("endpoint", "implicit")
    policies["endpointPolicy"] = doc(allow(Principal="*"))
    assert ask(policies, principal=caller, resourceAccount=ACCOUNT).allowed


def test_of_several_denying_statements_the_first_is_reported() -> None:
    statements = [deny("s3:*", Sid=f"No{number}") for number in range(20)]
    assert ask({"identityPolicies": [doc(*statements, deny("s3:GetObject", Sid="Late"))]}).sid == "No0"


def test_an_explicit_deny_is_reported_before_a_missing_allow() -> None:
    policies = {"identityPolicies": [FULL, doc(deny("s3:*", Sid="Stop"))], "scps": [[]]}
    decision = ask(policies)
    assert (decision.layer, decision.explicit, decision.sid) == ("identity", True, "Stop")


@pytest.mark.parametrize(
    ("key_policy", "identity", "allowed"),
    [
        (None, True, False),
        (aws(ROOT), True, True),
        (aws(ROOT), False, False),
        (aws(ALICE), False, True),
        (aws(BOB), True, False),
    ],
)
def test_a_key_opens_only_through_its_key_policy(key_policy: Any, identity: bool, allowed: bool) -> None:
    policies = {
        "identityPolicies": [FULL] if identity else [],
        "resourcePolicy": doc(allow("kms:*", Principal=key_policy)) if key_policy else None,
    }
    decision = ask(policies, action="kms:Decrypt", resource=KEY)
    assert decision.allowed is allowed
    if not allowed and identity:
        assert decision.layer == "kms"


def test_even_the_root_user_needs_the_key_policy() -> None:
    assert ask(principal=ROOT, action="kms:Decrypt", resource=KEY).layer == "kms"
    policies = {"resourcePolicy": doc(allow("kms:*", Principal=aws(ACCOUNT)))}
    assert ask(policies, principal=ROOT, action="kms:Decrypt", resource=KEY).allowed


def test_kms_actions_without_a_key_need_no_key_policy() -> None:
    assert ask({"identityPolicies": [FULL]}, action="kms:CreateKey", resource="*").allowed


def trust(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> Doc:
    return doc({"Effect": "Allow", "Principal": principal, "Action": action} | more)


def assume(policies: Doc, caller: Any = ALICE, **more: Any) -> bool:
    more = {"action": "sts:AssumeRole", "resource": ROLE} | more
    return ask(policies, principal=caller, **more).allowed


def test_a_role_is_assumed_only_through_its_trust_policy() -> None:
    assert not assume({"identityPolicies": [FULL]})
    assert assume({"resourcePolicy": trust(aws(ALICE))})
    assert not assume({"resourcePolicy": trust(aws(ACCOUNT))})
    assert assume({"resourcePolicy": trust(aws(ACCOUNT)), "identityPolicies": [FULL]})
    assert not assume({"resourcePolicy": trust(aws(BOB))}, BOB)
    assert assume({"resourcePolicy": trust(aws(BOB)), "identityPolicies": [FULL]}, BOB)
    assert assume({"resourcePolicy": trust({"Service": "lambda.amazonaws.com"})}, "lambda.amazonaws.com")


def test_a_root_user_assumes_no_role() -> None:
    assert not assume({"resourcePolicy": trust(aws(ACCOUNT))}, ROOT)


def test_the_external_id_protects_from_the_confused_deputy() -> None:
    policies = {
        "resourcePolicy": trust(aws(OTHER), Condition={"StringEquals": {"sts:ExternalId": "right"}}),
        "identityPolicies": [FULL],
    }
    assert assume(policies, BOB, context={"sts:ExternalId": "right"})
    assert not assume(policies, BOB, context={"sts:ExternalId": "wrong"})
    assert not assume(policies, BOB)


def test_a_web_identity_assumes_a_role_through_its_provider() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    name = "token.actions.githubusercontent.com"
    policies = {
        "resourcePolicy": trust(
            {"Federated": provider},
            "sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {f"{name}:sub": "repo:octo-org/*"}},
        )
    }
    for subject, allowed in (("repo:octo-org/x:ref", True), ("repo:evil/x:ref", False)):
        assert (
            assume(
                policies,
                {"Federated": provider},
                action="sts:AssumeRoleWithWebIdentity",
                context={f"{name}:sub": subject},
            )
            is allowed
        )
    cognito = trust({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity")
    assert assume(
        {"resourcePolicy": cognito},
        "cognito-identity.amazonaws.com",
        action="sts:AssumeRoleWithWebIdentity",
    )


def test_tagging_the_session_needs_the_trust_policy_too() -> None:
    policies = {"resourcePolicy": trust(aws(ALICE)), "identityPolicies": [FULL]}
    assert assume(policies)
    assert not assume(policies, action="sts:TagSession")


def test_get_caller_identity_survives_every_deny() -> None:
    everywhere = {"identityPolicies": [doc(deny())], "scps": [[]], "permissionsBoundary": doc(deny())}
    assert ask(everywhere, action="sts:GetCallerIdentity", resource="*").allowed
    assert ask(everywhere, action="sts:GetSessionToken", resource="*").allowed


def test_the_owners_root_user_can_always_repair_a_bucket_policy() -> None:
    lockout = doc(deny("s3:*", "arn:aws:s3:::bkt", Principal="*"))
    for action, allowed in (("s3:DeleteBucketPolicy", True), ("s3:DeleteBucket", False)):
        decision = ask(
            {"resourcePolicy": lockout}, principal=ROOT, action=action, resource="arn:aws:s3:::bkt"
        )
        assert decision.allowed is allowed
    scp = {"resourcePolicy": lockout, "scps": [[FULL, doc(deny("s3:*"))]]}
    assert not ask(scp, principal=ROOT, action="s3:DeleteBucketPolicy", resource="arn:aws:s3:::bkt").allowed


@pytest.mark.parametrize(
    ("caller", "key", "value"),
    [
        (ALICE, "aws:PrincipalArn", ALICE),
        (ALICE, "aws:PrincipalAccount", ACCOUNT),
        (ALICE, "aws:PrincipalType", "User"),
        (ALICE, "aws:username", "alice"),
        (ALICE, "aws:ResourceAccount", ACCOUNT),
        (SESSION, "aws:PrincipalArn", ROLE),
        (SESSION, "aws:PrincipalType", "AssumedRole"),
        (ALICE, "aws:PrincipalIsAWSService", "false"),
    ],
)
def test_keys_that_follow_from_the_caller_need_not_be_given(caller: str, key: str, value: str) -> None:
    condition = {"StringEquals": {key: value}}
    assert ask({"identityPolicies": [doc(allow(Condition=condition))]}, principal=caller).allowed


def test_the_context_overrides_what_follows_from_the_caller() -> None:
    condition = {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/p/app"}}
    context = {"aws:principalarn": "arn:aws:iam::111122223333:role/p/app"}
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    assert ask(policies, principal=SESSION, context=context).allowed


def test_a_resource_without_an_account_belongs_to_the_caller() -> None:
    assert ask({"identityPolicies": [FULL]}, resource="arn:aws:iam::aws:policy/ReadOnlyAccess").allowed
    assert ask({"identityPolicies": [FULL]}, resource="*").allowed
    queue = f"arn:aws:sqs:us-east-1:{OTHER}:q"
    assert ask({"identityPolicies": [FULL]}, action="sqs:SendMessage", resource=queue).layer == "resource"


def test_documents_may_be_json_text_and_keys_snake_case() -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert ask({"identity_policies": [text]}).allowed


@pytest.mark.parametrize("name", ["permissionBoundary", "identityPolicie", "endpointPolicys"])
def test_a_misspelt_key_is_refused_with_the_right_one(name: str) -> None:
    with pytest.raises(ValueError, match="did you mean"):
        ask({name: []})


@pytest.mark.parametrize("principal", ["alice", "arn:aws:s3:::bkt", 5, {"AWS": [ALICE]}, {"User": "x"}])
def test_what_is_no_principal_is_refused(principal: Any) -> None:
    with pytest.raises(ValueError, match="principal"):
        ask(principal=principal)


def test_what_is_no_action_is_refused() -> None:
    with pytest.raises(ValueError, match="s3:GetObject"):
        ask(action="GetObject")


def test_the_trace_tells_what_each_layer_said() -> None:
    policies = {
        "identityPolicies": [{"name": "reader", "document": doc(allow("s3:Get*", Sid="Read"))}],
        "permissionsBoundary": NOTHING,
        "scps": [[FULL]],
        "resourcePolicy": bucket(aws(ACCOUNT)),
    }
    assert ask(policies).trace == (
        f"{ALICE} asks for s3:GetObject on {OBJECT}, within account {ACCOUNT}.",
        "Service control policies, level scps[0]: scps[0][0] allows.",
        "Resource policy: resourcePolicy allows to the caller's account, which must allow it as well.",
        "Identity policies: reader (Sid Read) allows.",
        "Permissions boundary: nothing allows it.",
    )
