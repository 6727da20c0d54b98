"""What the guides say of organizations and of calls across accounts, case by case."""

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
    blocked,
    case,
    identity,
    parameters,
    resource_policy,
)
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
    deny,
    doc,
)

if TYPE_CHECKING:
    from tests.policy.documented import Case, Tables

THEIR_ROOT = f"arn:aws:iam::{OTHER}:root"
THEIR_SESSION = f"arn:aws:sts::{OTHER}:assumed-role/app/s1"
THEIR_ROLE = f"arn:aws:iam::{OTHER}:role/app"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/fred"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s-AbCdEf"
GROUP = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/g"
API = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/v1/POST/prediction"
SHARED = {
    "s3:GetObject": OBJECT,
    "sqs:SendMessage": QUEUE,
    "lambda:InvokeFunction": FUNCTION,
    "sns:Publish": TOPIC,
    "secretsmanager:GetSecretValue": SECRET,
    "kms:Decrypt": KEY,
    "sagemaker:DescribeModelPackageGroup": GROUP,
    "sts:AssumeRole": ROLE,
    "execute-api:Invoke": API,
    "dynamodb:GetItem": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
    "events:PutEvents": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/b",
    "ecr:BatchGetImage": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/r",
}


ACROSS_ACCOUNTS: Tables = {
    (
        "The request is allowed only if both evaluations return a decision of Allow (Cross-account policy "
        "evaluation logic)"
    ): [
        case(expected, policies, principal=BOB, action=action, resource=resource, resourceAccount=ACCOUNT)
        for action, resource in SHARED.items()
        for expected, policies in (
            (ALLOW, across(action, aws(BOB))),
            (ALLOW, across(action, aws(OTHER))),
            (IMPLICIT, across(action, aws(BOB), mine=False)),
            (IMPLICIT, across(action, aws(ACCOUNT))),
            (IMPLICIT, identity(allow())),
        )
    ],
    (
        "it checks the identity-based policy and any policies that can limit it (Cross-account policy "
        "evaluation logic)"
    ): [
        case(
            IMPLICIT,
            across("s3:*", aws(BOB)) | {"permissionsBoundary": EC2},
            principal=BOB,
            resourceAccount=ACCOUNT,
        ),
        case(
            IMPLICIT,
            across("s3:*", aws(THEIR_SESSION)) | {"sessionPolicy": EC2},
            principal=THEIR_SESSION,
            resourceAccount=ACCOUNT,
        ),
        case(
            IMPLICIT,
            across("s3:*", "*") | {"sessionPolicy": EC2},
            principal=THEIR_SESSION,
            resourceAccount=ACCOUNT,
        ),
        case(IMPLICIT, across("s3:*", aws(BOB)) | {"scps": [[EC2]]}, principal=BOB, resourceAccount=ACCOUNT),
        case(ALLOW, across("s3:*", aws(THEIR_ROLE)), principal=THEIR_SESSION, resourceAccount=ACCOUNT),
        case(ALLOW, across("s3:*", "*"), principal=BOB, resourceAccount=ACCOUNT),
        case(IMPLICIT, across("s3:*", "*", mine=False), principal=BOB, resourceAccount=ACCOUNT),
    ],
    "the root user has full access, of its own account (Policy evaluation logic)": [
        case(ALLOW, {}, principal=ROOT),
        case(IMPLICIT, {}, principal=THEIR_ROOT, resourceAccount=ACCOUNT),
        case(ALLOW, across("s3:*", aws(OTHER), mine=False), principal=THEIR_ROOT, resourceAccount=ACCOUNT),
        case(DENY, {"resourcePolicy": resource_policy("*", effect="Deny")}, principal=ROOT),
    ],
}

ORGANIZATION: Tables = {
    (
        "there must be an explicit Allow statement at every level from the root through each OU to the "
        "account itself (SCP evaluation)"
    ): [
        case(ALLOW, identity(allow(), scps=[[FULL], [doc(allow("s3:*"))], [FULL]])),
        case(IMPLICIT, identity(allow(), scps=[[FULL], [EC2], [FULL]])),
        case(IMPLICIT, identity(allow(), scps=[[EC2], [FULL], [FULL]])),
        case(IMPLICIT, identity(allow(), scps=[[FULL], [FULL], []])),
        case(ALLOW, identity(allow(), scps=[[FULL], [EC2, doc(allow("s3:*"))]])),
        case(IMPLICIT, {"scps": [[FULL]]}),
    ],
    (
        "any SCP from the root through each OU, including the account itself, can deny that permission "
        "(SCP evaluation)"
    ): [
        case(DENY, identity(allow(), scps=[blocked({"action": "s3:*"}), [FULL]])),
        case(DENY, identity(allow(), scps=[[FULL], [FULL], blocked({"action": "s3:Get*"})])),
        case(ALLOW, identity(allow(), scps=[[FULL], blocked({"action": "s3:Put*"})])),
        case(DENY, identity(allow(), scps=[[EC2], blocked({"action": "s3:*"})])),
    ],
    (
        "SCPs support the full IAM policy language: conditions, resource ARNs and NotAction in Allow, "
        "NotResource (SCP syntax)"
    ): [
        case(ALLOW, identity(allow(), scps=[[doc(allow("s3:*", "arn:aws:s3:::bkt/*"))]])),
        case(IMPLICIT, identity(allow(), scps=[[doc(allow("s3:*", "arn:aws:s3:::other/*"))]])),
        case(
            IMPLICIT,
            identity(
                allow(), scps=[[doc(allow(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))]]
            ),
            context={"aws:RequestedRegion": "us-east-1"},
        ),
        case(
            IMPLICIT,
            identity(allow(), scps=[[doc({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})]]),
        ),
        case(
            DENY,
            identity(
                allow(),
                scps=[[FULL, doc({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::hr/*"})]],
            ),
        ),
        case(DENY, identity(allow(), scps=[[FULL, doc(deny("s3:*Obj*"))]])),
    ],
    "SCPs don't affect users or roles in the management account (SCPs)": [
        case(ALLOW, identity(allow(), scps=[[]]), principalIsManagementAccount=True),
        case(ALLOW, {"scps": [blocked({})]}, principal=ROOT, principalIsManagementAccount=True),
        case(IMPLICIT, {"scps": [[]]}, principalIsManagementAccount=True),
    ],
    "SCPs affect all users and roles in attached accounts, including the root user (SCPs)": [
        case(DENY, {"scps": [blocked({"action": "s3:*"})]}, principal=ROOT),
        case(DENY, identity(allow(), scps=[blocked({"action": "s3:*"})]), principal=SESSION),
        case(
            DENY,
            identity(allow(), sessionPolicy=FULL, scps=[blocked({"action": "s3:*"})]),
            principal=FEDERATED,
            sessionIssuer=ALICE,
        ),
        case(DENY, {"resourcePolicy": resource_policy(aws(ALICE)), "scps": [blocked({"action": "s3:*"})]}),
    ],
    "SCPs do not affect any service-linked role (SCPs)": [
        case(ALLOW, identity(allow(), scps=[[]]), principal=SESSION, principalIsServiceLinkedRole=True),
        case(ALLOW, identity(allow(), scps=[[]]), principal=LINKED),
        case(
            ALLOW,
            identity(allow(), scps=[[]]),
            principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForX/s",
            context={"aws:PrincipalArn": LINKED},
        ),
        case(
            IMPLICIT,
            identity(allow(), scps=[[]]),
            principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForX/s",
        ),
    ],
    "SCPs do not affect resource-based policies directly: only principals of the attached accounts (SCPs)": [
        case(
            ALLOW,
            {"resourcePolicy": resource_policy("*"), "scps": [[]]},
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy({"Service": "s3.amazonaws.com"}), "scps": [[]]},
            principal="s3.amazonaws.com",
            resourceAccount=ACCOUNT,
        ),
    ],
    (
        "RCPFullAWSAccess is automatically attached to every level; any RCP on the path can deny (RCP "
        "evaluation)"
    ): [
        case(ALLOW, identity(allow(), rcps=[[], []])),
        case(DENY, identity(allow(), rcps=[[doc(deny("s3:*", Principal="*"))], []])),
        case(DENY, identity(allow(), rcps=[[], [], [doc(deny("s3:Get*", Principal="*"))]])),
        case(ALLOW, identity(allow(), rcps=[[doc(deny("s3:Put*", Principal="*"))]])),
        case(IMPLICIT, {"rcps": [[]]}),
    ],
    (
        "RCPs impact effective permissions for principals trying to access resources, whether or not they "
        "belong to the organization (RCPs)"
    ): [
        case(
            DENY,
            across("s3:*", "*")
            | {
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}},
                            )
                        )
                    ]
                ]
            },
            principal=BOB,
            resourceAccount=ACCOUNT,
            context={"aws:PrincipalOrgID": "o-stranger"},
        ),
        case(
            ALLOW,
            across("s3:*", "*")
            | {
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}},
                            )
                        )
                    ]
                ]
            },
            principal=BOB,
            resourceAccount=ACCOUNT,
            context={"aws:PrincipalOrgID": ORG},
        ),
        case(
            DENY,
            {
                "resourcePolicy": resource_policy("*"),
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}},
                            )
                        )
                    ]
                ],
            },
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(DENY, {"rcps": [[doc(deny("s3:*", Principal="*"))]]}, principal=ROOT),
        case(
            DENY,
            {
                "resourcePolicy": resource_policy({"Service": "s3.amazonaws.com"}),
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:SourceOrgID": ORG}},
                            )
                        )
                    ]
                ],
            },
            principal="s3.amazonaws.com",
            resourceAccount=ACCOUNT,
        ),
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy({"Service": "s3.amazonaws.com"}),
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
                            )
                        )
                    ]
                ],
            },
            principal="s3.amazonaws.com",
            resourceAccount=ACCOUNT,
        ),
    ],
    (
        "Bool without IfExists does not reach anonymous callers, whose requests lack "
        "aws:PrincipalIsAWSService (Global keys)"
    ): [
        case(
            ALLOW,
            {
                "resourcePolicy": resource_policy("*"),
                "rcps": [
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}},
                            )
                        )
                    ]
                ],
            },
            principal="anonymous",
            resourceAccount=ACCOUNT,
        ),
        case(
            DENY,
            identity(
                allow(),
                rcps=[
                    [
                        doc(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}},
                            )
                        )
                    ]
                ],
            ),
        ),
    ],
    "RCPs don't affect resources in the management account (RCPs)": [
        case(
            ALLOW,
            identity(allow(), rcps=[[doc(deny("s3:*", Principal="*"))]]),
            resourceIsManagementAccount=True,
        ),
        case(
            ALLOW,
            identity(allow(), rcps=[[doc(deny("s3:*", Principal="*"))]]),
            principalIsManagementAccount=True,
        ),
        case(
            DENY,
            across("s3:*", "*") | {"rcps": [[doc(deny("s3:*", Principal="*"))]]},
            principal=BOB,
            resourceAccount=ACCOUNT,
            principalIsManagementAccount=True,
        ),
    ],
    (
        "RCPs can't restrict calls made by any service-linked role; KMS RetireGrant; services that RCPs do "
        "not support (RCPs)"
    ): [
        case(ALLOW, identity(allow(), rcps=[[doc(deny("*", Principal="*"))]]), principal=LINKED),
        case(
            ALLOW,
            {"resourcePolicy": resource_policy(aws(ALICE)), "rcps": [[doc(deny("kms:*", Principal="*"))]]},
            action="kms:RetireGrant",
            resource=KEY,
        ),
        case(
            DENY,
            {"resourcePolicy": resource_policy(aws(ALICE)), "rcps": [[doc(deny("kms:*", Principal="*"))]]},
            action="kms:CreateGrant",
            resource=KEY,
        ),
        case(
            ALLOW,
            identity(allow(), rcps=[[doc(deny("*", Principal="*"))]]),
            action="lambda:InvokeFunction",
            resource=FUNCTION,
        ),
        case(
            ALLOW,
            identity(allow(), rcps=[[doc(deny("*", Principal="*"))]]),
            action="iam:CreateUser",
            resource="*",
        ),
        *(
            case(
                DENY,
                across(action, aws(BOB)) | {"rcps": [[doc(deny("*", Principal="*"))]]},
                principal=BOB,
                action=action,
                resource=SHARED[action],
                resourceAccount=ACCOUNT,
            )
            for action in (
                "sqs:SendMessage",
                "secretsmanager:GetSecretValue",
                "sts:AssumeRole",
                "kms:Decrypt",
            )
        ),
    ],
    "RCPs of the caller's account are used if the resource type contains no resources (RCPs)": [
        case(
            DENY,
            identity(allow(), rcps=[[doc(deny("s3:*", Principal="*"))]]),
            action="s3:ListAllMyBuckets",
            resource="*",
        ),
    ],
}


@pytest.mark.parametrize("one", parameters(ACROSS_ACCOUNTS | ORGANIZATION))
def test_the_accounts_decide_as_their_sentence_says(one: Case) -> None:
    assert one.outcome() == one.expected
