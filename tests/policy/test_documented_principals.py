"""What the IAM User Guide says of principals and how far grants to them reach, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.policy.documented import (
    ALLOW,
    DENY,
    EC2,
    IMPLICIT,
    ORG,
    aws,
    case,
    identity,
    parameters,
    resource_policy,
)
from tests.policy.support import ACCOUNT, ALICE, BOB, FULL, OTHER, ROLE, ROOT, SESSION, allow, deny, doc

if TYPE_CHECKING:
    from tests.policy.documented import Case, Tables

THEIR_ROOT = f"arn:aws:iam::{OTHER}:root"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/fred"
PATH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/x/app"


GRANTS: Tables = {
    (
        "grant permissions to an IAM user ARN: not limited by an implicit deny in an identity-based policy "
        "or boundary (Policy evaluation logic)"
    ): [
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ALICE)), "permissionsBoundary": EC2}),
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ALICE))}),
        case(DENY, {"resourcePolicy": resource_policy(aws(ALICE)), "permissionsBoundary": doc(deny("s3:*"))}),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ALICE)), "scps": [[EC2]]}),
    ],
    (
        "grant permissions to an IAM role ARN: limited by an implicit deny in a permissions boundary or "
        "session policy (Policy evaluation logic)"
    ): [
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ROLE))}, principal=SESSION),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ROLE)), "permissionsBoundary": EC2},
            principal=SESSION,
        ),
        case(
            IMPLICIT, {"resourcePolicy": resource_policy(aws(ROLE)), "sessionPolicy": EC2}, principal=SESSION
        ),
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(aws(ROLE)),
                "permissionsBoundary": FULL,
                "sessionPolicy": FULL,
            },
            principal=SESSION,
        ),
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ROLE))}, principal=ROLE),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(PATH_ROLE))}, principal=SESSION),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(PATH_ROLE))},
            principal=SESSION,
            context={"aws:PrincipalArn": PATH_ROLE},
        ),
    ],
    (
        "grant permissions to an IAM role session ARN: not limited by identity-based policy, boundary or "
        "session policy (Policy evaluation logic)"
    ): [
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(aws(SESSION)),
                "permissionsBoundary": EC2,
                "sessionPolicy": EC2,
            },
            principal=SESSION,
        ),
        case(
            IMPLICIT, {"resourcePolicy": resource_policy(aws(SESSION.replace("s1", "s2")))}, principal=SESSION
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(SESSION)), "sessionPolicy": doc(deny())},
            principal=SESSION,
        ),
    ],
    (
        "a federated user ARN: directly to the session; the ARN of the user who federated: limited by "
        "boundary or session policy (Policy evaluation logic)"
    ): [
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(aws(FEDERATED)),
                "permissionsBoundary": EC2,
                "sessionPolicy": EC2,
            },
            principal=FEDERATED,
            sessionIssuer=ALICE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ALICE)), "sessionPolicy": EC2},
            principal=FEDERATED,
            sessionIssuer=ALICE,
        ),
        case(
            IMPLICIT,
            {
                "resourcePolicy": resource_policy(aws(ALICE)),
                "sessionPolicy": FULL,
                "permissionsBoundary": EC2,
            },
            principal=FEDERATED,
            sessionIssuer=ALICE,
        ),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(ALICE)), "sessionPolicy": FULL},
            principal=FEDERATED,
            sessionIssuer=ALICE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ALICE)), "sessionPolicy": FULL},
            principal=FEDERATED,
            sessionIssuer=BOB,
        ),
    ],
    (
        "if you do not pass a session policy, the resulting federated user session has no permissions "
        "(GetFederationToken)"
    ): [
        case(IMPLICIT, identity(allow()), principal=FEDERATED, sessionIssuer=ALICE),
        case(ALLOW, identity(allow(), sessionPolicy=FULL), principal=FEDERATED, sessionIssuer=ALICE),
        case(IMPLICIT, {"sessionPolicy": FULL}, principal=FEDERATED, sessionIssuer=ALICE),
        case(ALLOW, {"sessionPolicy": FULL}, principal=FEDERATED, sessionIssuer=ROOT),
    ],
    "You cannot call any IAM operations; no STS operations except GetCallerIdentity (GetFederationToken)": [
        case(
            IMPLICIT,
            identity(allow(), sessionPolicy=FULL),
            principal=FEDERATED,
            action="iam:ListUsers",
            resource="*",
        ),
        case(
            IMPLICIT,
            identity(allow(), sessionPolicy=FULL),
            principal=FEDERATED,
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(ALLOW, identity(deny()), principal=FEDERATED, action="sts:GetCallerIdentity", resource="*"),
    ],
    (
        "the resulting session's permissions are the intersection of the entity's identity-based policy "
        "and the session policies (Session policies)"
    ): [
        case(IMPLICIT, identity(allow("s3:*"), sessionPolicy=EC2), principal=SESSION),
        case(ALLOW, identity(allow("s3:*"), sessionPolicy=FULL), principal=SESSION),
        case(IMPLICIT, {"sessionPolicy": FULL}, principal=SESSION),
        case(ALLOW, identity(allow(), sessionPolicies=[EC2, FULL]), principal=SESSION),
        case(IMPLICIT, identity(allow(), sessionPolicies=[]), principal=SESSION),
        case(IMPLICIT, identity(allow(), sessionPolicy=FULL, permissionsBoundary=EC2), principal=SESSION),
    ],
    (
        "permissions boundaries do not limit permissions granted using aws:PrincipalArn with a wildcard in "
        "Principal (Principal)"
    ): [
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}),
                "permissionsBoundary": EC2,
                "sessionPolicy": EC2,
            },
            principal=SESSION,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy("*", Condition={"ArnEquals": {"aws:PrincipalArn": SESSION}})},
            principal=SESSION,
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy("*"), "permissionsBoundary": doc(deny())},
            principal=SESSION,
        ),
    ],
    (
        "the account ARN and the shortened account ID behave the same way. Both delegate permissions to "
        "the account (Principal)"
    ): [
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ACCOUNT))}),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ROOT))}),
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ROOT))} | identity(allow())),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ACCOUNT)), "permissionsBoundary": EC2} | identity(allow()),
        ),
        case(DENY, {"resourcePolicy": resource_policy(aws(ACCOUNT), effect="Deny")} | identity(allow())),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(ROOT), effect="Deny")} | identity(allow()),
            principal=SESSION,
        ),
    ],
    "the user name part of the ARN is case sensitive (Principal)": [
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ALICE.replace("alice", "Alice")))}),
        case(ALLOW, {"resourcePolicy": resource_policy(aws(ALICE.replace("alice", "Alice"), ALICE))}),
    ],
    (
        "AWS can no longer map it back to a valid ARN: the principal ID appears, and names that very user "
        "or role only (Principal)"
    ): [
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws("AIDACKCEVSQ6C2EXAMPLE"))},
            context={"aws:userid": "AIDACKCEVSQ6C2EXAMPLE"},
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws("AIDACKCEVSQ6C2EXAMPLE"))},
            context={"aws:userid": "AIDACKCEVSQ6C2ANOTHER"},
        ),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws("AROADBQP57FF2AEXAMPLE"))},
            principal=SESSION,
            context={"aws:userid": "AROADBQP57FF2AEXAMPLE:s1"},
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws("AROADBQP57FF2AEXAMPLE")), "sessionPolicy": EC2},
            principal=SESSION,
            context={"aws:userid": "AROADBQP57FF2AEXAMPLE:s1"},
        ),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws("AIDACKCEVSQ6C2EXAMPLE"))}),
    ],
    "Amazon S3 lets you specify a canonical user ID (Principal)": [
        case(
            ALLOW,
            {"resourcePolicy": resource_policy({"CanonicalUser": "79a59df9"})} | identity(allow()),
            principal=BOB,
            resourceAccount=ACCOUNT,
            principalCanonicalId="79a59df9",
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy({"CanonicalUser": "79a59df9"})} | identity(allow()),
            principal=BOB,
            resourceAccount=ACCOUNT,
            principalCanonicalId="00000000",
        ),
    ],
    (
        "using a wildcard with an Allow effect grants access to all users, including anonymous users "
        "(Principal)"
    ): [
        case(ALLOW, {"resourcePolicy": resource_policy("*")}, principal="anonymous", resourceAccount=ACCOUNT),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws("*"))},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(ALLOW, {"resourcePolicy": resource_policy("*")}),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ACCOUNT, ALICE, ROLE))},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy("*", Condition={"StringLike": {"aws:PrincipalArn": "*"}})},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORG}})},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(
                    "*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
                )
            },
            principal="anonymous",
            resourceAccount=ACCOUNT,
            context={"aws:SourceIp": "192.0.2.1"},
        ),
        case(
            DENY,
            {
                "resourcePolicy": doc(
                    allow(Principal="*"),
                    deny(Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
                )
            },
            principal="anonymous",
            resourceAccount=ACCOUNT,
            context={"aws:SecureTransport": False},
        ),
    ],
    (
        "deny all principals except for the ones specified in the Condition element (Principal, instead of "
        "NotPrincipal)"
    ): [
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(
                    "*", effect="Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": ALICE}}
                )
            }
            | identity(allow()),
        ),
        case(
            DENY,
            {
                "resourcePolicy": resource_policy(
                    "*", effect="Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": BOB}}
                )
            }
            | identity(allow()),
        ),
        case(
            DENY,
            {
                "resourcePolicy": resource_policy(
                    "*", effect="Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": ALICE}}
                )
            },
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
    ],
}

NOT_PRINCIPAL: Tables = {
    "explicitly denied to all principals except for the ones specified (NotPrincipal)": [
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(ALICE, ROOT), effect="Deny", element="NotPrincipal")}
            | identity(allow()),
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(BOB, THEIR_ROOT), effect="Deny", element="NotPrincipal")}
            | identity(allow()),
        ),
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy(
                    aws(SESSION, ROLE, ROOT), effect="Deny", element="NotPrincipal"
                )
            }
            | identity(allow()),
            principal=SESSION,
        ),
        case(
            DENY,
            {
                "resourcePolicy": resource_policy(
                    aws(SESSION, ROLE, ROOT), effect="Deny", element="NotPrincipal"
                )
            }
            | identity(allow()),
            principal=SESSION.replace("s1", "s2"),
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(ALICE, ROOT), effect="Deny", element="NotPrincipal")},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(ALICE, ROOT), effect="Deny", element="NotPrincipal")},
            principal="lambda.amazonaws.com",
            resourceAccount=ACCOUNT,
        ),
    ],
    "you must also specify the account ARN of the not-denied principal (NotPrincipal)": [
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(ALICE), effect="Deny", element="NotPrincipal")}
            | identity(allow()),
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(SESSION, ROOT), effect="Deny", element="NotPrincipal")}
            | identity(allow()),
            principal=SESSION,
        ),
    ],
    "This example by itself does not grant access to Bob, it only omits Bob from the list (NotPrincipal)": [
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ALICE, ROOT), effect="Deny", element="NotPrincipal")},
        ),
    ],
    "will always deny any IAM principal that has a permissions boundary attached (NotPrincipal)": [
        case(
            DENY,
            {
                "resourcePolicy": resource_policy(aws(ALICE, ROOT), effect="Deny", element="NotPrincipal"),
                "permissionsBoundary": FULL,
            }
            | identity(allow()),
        ),
    ],
    "Doing so allows all principals except the one named (NotPrincipal with Allow)": [
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ALICE), element="NotPrincipal")}),
        case(ALLOW, {"resourcePolicy": resource_policy(aws(BOB), element="NotPrincipal")}),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(BOB), element="NotPrincipal")},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ACCOUNT), element="NotPrincipal")}),
    ],
}


@pytest.mark.parametrize("one", parameters(GRANTS | NOT_PRINCIPAL))
def test_a_principal_gets_what_its_sentence_says(one: Case) -> None:
    assert one.outcome() == one.expected
