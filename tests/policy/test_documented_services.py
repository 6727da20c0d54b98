"""What the guides of single services say of their policies, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.policy.documented import (
    ALLOW,
    DENY,
    EC2,
    IMPLICIT,
    ORG,
    across,
    aws,
    case,
    identity,
    parameters,
    policy_for,
    resource_policy,
)
from tests.policy.support import ACCOUNT, ALICE, BOB, KEY, OTHER, ROLE, ROOT, SESSION, allow, deny, doc

if TYPE_CHECKING:
    from tests.policy.documented import Case, Tables

NOTHING = doc()
THEIR_ROOT = f"arn:aws:iam::{OTHER}:root"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
API = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/v1/POST/prediction"


SERVICES: Tables = {
    (
        "Use aws:SourceArn and aws:SourceAccount to protect yourself against the confused deputy problem "
        "(Confused deputy)"
    ): [
        case(
            expected,
            {
                "resourcePolicy": resource_policy(
                    {"Service": "sns.amazonaws.com"},
                    Condition={
                        "ArnLike": {"aws:SourceArn": TOPIC},
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    },
                )
            },
            principal={"Service": "sns.amazonaws.com"},
            action="sqs:SendMessage",
            resource=QUEUE,
            context=context,
        )
        for expected, context in (
            (ALLOW, {"aws:SourceArn": TOPIC, "aws:SourceAccount": ACCOUNT}),
            (IMPLICIT, {"aws:SourceArn": TOPIC.replace(ACCOUNT, OTHER), "aws:SourceAccount": OTHER}),
            (IMPLICIT, {"aws:SourceAccount": ACCOUNT}),
            (IMPLICIT, {}),
        )
    ],
    "A service principal is an identifier for a service (Principal)": [
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy({"Service": "events.amazonaws.com"})},
            principal="sns.amazonaws.com",
            action="sqs:SendMessage",
            resource=QUEUE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy({"Service": "sns.amazonaws.com"})},
            action="sqs:SendMessage",
            resource=QUEUE,
        ),
        case(
            IMPLICIT,
            identity(allow()),
            principal="sns.amazonaws.com",
            action="sqs:SendMessage",
            resource=QUEUE,
        ),
        case(
            DENY,
            {
                "resourcePolicy": doc(
                    allow(Principal={"Service": "sns.amazonaws.com"}),
                    deny(Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}),
                )
            },
            principal="sns.amazonaws.com",
            action="sqs:SendMessage",
            resource=QUEUE,
        ),
    ],
    (
        "the trust policy must allow the principal; the identity-based policy alone does not (Roles, trust "
        "policy)"
    ): [
        case(IMPLICIT, identity(allow()), action="sts:AssumeRole", resource=ROLE),
        case(
            ALLOW,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ALICE))},
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ROOT))},
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            ALLOW,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ROOT))}
            | identity(allow("sts:AssumeRole", ROLE)),
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            DENY,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ALICE))} | identity(deny("sts:*")),
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            ALLOW,
            {"resourcePolicy": policy_for("sts:AssumeRole", {"Service": "sagemaker.amazonaws.com"})},
            principal="sagemaker.amazonaws.com",
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": policy_for("sts:AssumeRole", {"Service": "sagemaker.amazonaws.com"})},
            principal="lambda.amazonaws.com",
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            ALLOW,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ROLE))},
            principal=SESSION,
            action="sts:AssumeRole",
            resource=ROLE,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ROLE)), "permissionsBoundary": EC2},
            principal=SESSION,
            action="sts:AssumeRole",
            resource=ROLE,
        ),
    ],
    "the role can be assumed only if the request includes the correct external ID (External ID)": [
        case(
            expected,
            across(
                "sts:AssumeRole", aws(THEIR_ROOT), Condition={"StringEquals": {"sts:ExternalId": "12345"}}
            ),
            principal=BOB,
            action="sts:AssumeRole",
            resource=ROLE,
            context=context,
        )
        for expected, context in (
            (ALLOW, {"sts:ExternalId": "12345"}),
            (IMPLICIT, {"sts:ExternalId": "54321"}),
            (IMPLICIT, {}),
        )
    ],
    "you must have the sts:TagSession action in the trust policy (Session tags)": [
        case(IMPLICIT, across("sts:AssumeRole", aws(ALICE)), action="sts:TagSession", resource=ROLE),
        case(ALLOW, across("sts:TagSession", aws(ALICE)), action="sts:TagSession", resource=ROLE),
        case(
            IMPLICIT,
            across("sts:TagSession", aws(ALICE), Condition={"StringEquals": {"aws:RequestTag/team": "red"}}),
            action="sts:TagSession",
            resource=ROLE,
            context={"aws:RequestTag/team": "blue"},
        ),
    ],
    (
        "Unless the key policy explicitly allows it, you cannot use IAM policies to allow access to a KMS "
        "key (Key policies)"
    ): [
        case(IMPLICIT, identity(allow()), action="kms:Decrypt", resource=KEY),
        case(
            IMPLICIT,
            identity(allow(), resourcePolicy=resource_policy(aws(ROLE))),
            action="kms:Decrypt",
            resource=KEY,
        ),
        case(
            ALLOW,
            identity(allow(), resourcePolicy=resource_policy(aws(ROOT))),
            action="kms:Decrypt",
            resource=KEY,
        ),
        case(IMPLICIT, {"resourcePolicy": resource_policy(aws(ROOT))}, action="kms:Decrypt", resource=KEY),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(ROLE))},
            principal=SESSION,
            action="kms:Decrypt",
            resource=KEY,
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ROLE)), "sessionPolicy": EC2},
            principal=SESSION,
            action="kms:Decrypt",
            resource=KEY,
        ),
        case(ALLOW, identity(allow()), action="kms:ListKeys", resource="*"),
        case(
            ALLOW,
            identity(allow()),
            action="kms:CreateAlias",
            resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/a",
        ),
    ],
    (
        "No principal, including the account root user, has any permissions to a KMS key unless explicitly "
        "allowed (Key policies)"
    ): [
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ROLE))},
            principal=ROOT,
            action="kms:PutKeyPolicy",
            resource=KEY,
        ),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(ROOT))},
            principal=ROOT,
            action="kms:PutKeyPolicy",
            resource=KEY,
        ),
    ],
    "kms:ViaService limits use of a KMS key to requests from specified services (KMS condition keys)": [
        case(
            expected,
            {
                "resourcePolicy": resource_policy(
                    aws(ALICE), Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
                )
            },
            action="kms:Decrypt",
            resource=KEY,
            context=context,
        )
        for expected, context in (
            (ALLOW, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}),
            (IMPLICIT, {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}),
            (IMPLICIT, {}),
        )
    ],
    (
        "kms:CallerAccount and kms:ViaService with Principal * let everyone in the account in (AWS managed "
        "keys)"
    ): [
        case(
            expected,
            identity(
                allow(),
                resourcePolicy=resource_policy(
                    "*",
                    Condition={
                        "StringEquals": {
                            "kms:CallerAccount": ACCOUNT,
                            "kms:ViaService": "s3.us-east-1.amazonaws.com",
                        }
                    },
                ),
            ),
            principal=principal,
            action="kms:Decrypt",
            resource=KEY,
            context={"kms:CallerAccount": account, "kms:ViaService": "s3.us-east-1.amazonaws.com"},
        )
        for expected, principal, account in ((ALLOW, ALICE, ACCOUNT), (IMPLICIT, BOB, OTHER))
    ],
    (
        "Both the endpoint policy and the identity or resource policy must allow; the endpoint policy "
        "grants nothing (VPC endpoint policies)"
    ): [
        case(IMPLICIT, identity(allow(), endpointPolicy=doc(allow("ec2:*", Principal="*")))),
        case(
            ALLOW, identity(allow(), endpointPolicy=doc(allow("s3:*", "arn:aws:s3:::bkt/*", Principal="*")))
        ),
        case(IMPLICIT, {"endpointPolicy": doc(allow(Principal="*"))}),
        case(
            DENY,
            identity(
                allow(),
                endpointPolicy=doc(
                    allow(Principal="*"),
                    deny(
                        "s3:*", Principal="*", Condition={"StringNotEquals": {"aws:ResourceAccount": OTHER}}
                    ),
                ),
            ),
        ),
        case(
            IMPLICIT,
            {"resourcePolicy": resource_policy(aws(ALICE)), "endpointPolicy": doc(allow(Principal=aws(BOB)))},
        ),
        case(
            IMPLICIT,
            {"endpointPolicy": doc(allow("s3:*", "arn:aws:s3:::other/*", Principal="*"))},
            principal=ROOT,
        ),
        case(
            ALLOW,
            identity(
                allow(),
                vpcEndpointPolicy=doc(
                    allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORG}})
                ),
            ),
            context={"aws:PrincipalOrgID": ORG},
        ),
    ],
    (
        "restrict access to a specific VPC endpoint with aws:SourceVpce (S3, bucket policies for VPC "
        "endpoints)"
    ): [
        case(
            expected,
            identity(
                allow(),
                resourcePolicy=resource_policy(
                    "*", effect="Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
                ),
            ),
            context=context,
        )
        for expected, context in (
            (ALLOW, {"aws:SourceVpce": "vpce-1a2b3c4d"}),
            (DENY, {"aws:SourceVpce": "vpce-0"}),
            (DENY, {}),
        )
    ],
    (
        "IAM auth and resource policy: in one account either allows, in two accounts both must (API "
        "Gateway, authorization flow)"
    ): [
        case(ALLOW, identity(allow("execute-api:Invoke")), action="execute-api:Invoke", resource=API),
        case(
            ALLOW,
            {
                "resourcePolicy": doc(
                    allow("execute-api:Invoke", "execute-api:/v1/POST/*", Principal=aws(ALICE))
                )
            },
            action="execute-api:Invoke",
            resource=API,
        ),
        case(
            IMPLICIT,
            {
                "resourcePolicy": doc(
                    allow("execute-api:Invoke", "execute-api:/v1/GET/*", Principal=aws(ALICE))
                )
            },
            action="execute-api:Invoke",
            resource=API,
        ),
        case(
            DENY,
            identity(
                allow(),
                resourcePolicy=resource_policy(
                    "*", effect="Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
                ),
            ),
            action="execute-api:Invoke",
            resource=API,
        ),
        case(
            ALLOW,
            {
                "resourcePolicy": doc(
                    allow(
                        "execute-api:Invoke",
                        "execute-api:/*",
                        Principal="*",
                        Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}},
                    )
                )
            },
            principal="anonymous",
            action="execute-api:Invoke",
            resource=API,
            context={"aws:SourceIp": "192.0.2.1"},
        ),
        case(
            IMPLICIT,
            {
                "resourcePolicy": doc(
                    allow(
                        "execute-api:Invoke",
                        "execute-api:/*",
                        Principal="*",
                        Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}},
                    )
                )
            },
            principal="anonymous",
            action="execute-api:Invoke",
            resource=API,
            context={"aws:SourceIp": "198.51.100.1"},
        ),
    ],
    (
        "No permissions are required to perform GetCallerIdentity, even if explicitly denied "
        "(GetCallerIdentity)"
    ): [
        case(
            ALLOW,
            identity(deny(), scps=[[]], permissionsBoundary=NOTHING),
            action="sts:GetCallerIdentity",
            resource="*",
        ),
        case(
            ALLOW, {"sessionPolicy": NOTHING}, principal=SESSION, action="sts:GetCallerIdentity", resource="*"
        ),
        case(ALLOW, identity(deny()), action="sts:GetSessionToken", resource="*"),
    ],
    "You cannot use the credentials of the root user to call AssumeRole (AssumeRole)": [
        case(
            IMPLICIT,
            {"resourcePolicy": policy_for("sts:AssumeRole", aws(ACCOUNT))},
            principal=ROOT,
            action="sts:AssumeRole",
            resource=ROLE,
        ),
    ],
    (
        "the bucket owner's root user can get, put and delete the bucket policy even if it is denied there "
        "(PutBucketPolicy)"
    ): [
        case(
            ALLOW,
            {"resourcePolicy": resource_policy("*", effect="Deny")},
            principal=ROOT,
            action="s3:PutBucketPolicy",
            resource="arn:aws:s3:::bkt",
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy("*", effect="Deny")},
            principal=ROOT,
            action="s3:DeleteBucket",
            resource="arn:aws:s3:::bkt",
        ),
        case(
            DENY,
            identity(allow(), resourcePolicy=resource_policy("*", effect="Deny")),
            action="s3:PutBucketPolicy",
            resource="arn:aws:s3:::bkt",
        ),
    ],
}


@pytest.mark.parametrize("one", parameters(SERVICES))
def test_a_service_decides_as_its_sentence_says(one: Case) -> None:
    assert one.outcome() == one.expected
