"""What the IAM User Guide says of actions, resources and policy variables, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.policy.documented import ALLOW, DENY, IMPLICIT, case, full_but, granted, identity, parameters
from tests.policy.support import ACCOUNT, OBJECT, SESSION, allow, deny, doc

if TYPE_CHECKING:
    from tests.policy.documented import Case, Tables

TAGS = "aws:TagKeys"


VARIABLES: Tables = {
    "only in the resource portion of the ARN, after the fifth colon (Variables, Resource element)": [
        case(
            ALLOW,
            identity(allow("s3:*", "arn:aws:s3:::bkt/${aws:username}/*")),
            resource="arn:aws:s3:::bkt/alice/a/b",
        ),
        case(
            IMPLICIT,
            identity(allow("s3:*", "arn:aws:s3:::bkt/${aws:username}/*")),
            resource="arn:aws:s3:::bkt/alice",
        ),
        case(
            ALLOW,
            identity(allow("sqs:*", "arn:aws:sqs:us-east-2:*:${aws:username}-queue")),
            action="sqs:SendMessage",
            resource=f"arn:aws:sqs:us-east-2:{ACCOUNT}:alice-queue",
        ),
        case(
            IMPLICIT,
            identity(allow("sqs:*", "arn:aws:sqs:us-east-2:${aws:PrincipalAccount}:q")),
            action="sqs:SendMessage",
            resource=f"arn:aws:sqs:us-east-2:{ACCOUNT}:q",
        ),
    ],
    "any condition that involves the string operators or the ARN operators (Variables, Condition element)": [
        case(
            ALLOW,
            granted(
                {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"}}
            ),
        ),
        case(IMPLICIT, granted({"NumericEquals": {"svc:n": "${svc:n}"}}), context={"svc:n": "5"}),
        case(IMPLICIT, granted({"DateEquals": {"svc:d": "${svc:d}"}}), context={"svc:d": "2020"}),
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": "${aws:SourceIp}"}}),
            context={"aws:SourceIp": "192.0.2.1"},
        ),
        case(IMPLICIT, granted({"BinaryEquals": {"svc:b": "${svc:b}"}}), context={"svc:b": "QmluYXJ5"}),
    ],
    "Key names are case-insensitive: aws:CurrentTime is equivalent to AWS:currenttime (Variables)": [
        case(
            ALLOW, granted({"StringEquals": {"svc:owner": "${AWS:USERNAME}"}}), context={"svc:owner": "alice"}
        ),
    ],
    (
        "To add a default value, surround it with single quotes and separate it with a comma and space "
        "(Variables)"
    ): [
        case(
            ALLOW,
            identity(allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*")),
            resource="arn:aws:s3:::company-wide/x",
        ),
        case(
            IMPLICIT,
            identity(allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*")),
            resource="arn:aws:s3:::company-wide/x",
            context={"aws:PrincipalTag/team": "red"},
        ),
        case(
            ALLOW,
            granted({"StringEquals": {"svc:k": "${aws:PrincipalTag/team, 'none'}"}}),
            context={"svc:k": "none"},
        ),
        case(
            IMPLICIT,
            granted({"StringLike": {"svc:k": "${aws:PrincipalTag/team, '*'}"}}),
            context={"svc:k": "anything"},
        ),
    ],
    "The resource that includes a policy variable with no value will not match any resource (Variables)": [
        case(
            IMPLICIT,
            identity(allow("s3:*", "arn:aws:s3:::bkt/${aws:PrincipalTag/x}*")),
            resource="arn:aws:s3:::bkt/k",
        ),
        case(
            ALLOW,
            identity(allow(), deny("s3:*", "arn:aws:s3:::bkt/${aws:PrincipalTag/x}*")),
            resource="arn:aws:s3:::bkt/k",
        ),
        case(
            ALLOW,
            identity(
                {
                    "Effect": "Allow",
                    "Action": "s3:*",
                    "NotResource": "arn:aws:s3:::bkt/${aws:PrincipalTag/x}*",
                }
            ),
        ),
        case(
            IMPLICIT,
            identity(allow("s3:*", "arn:aws:s3:::bkt/${aws:username}")),
            principal=SESSION,
            resource="arn:aws:s3:::bkt/s1",
        ),
    ],
    (
        "operators like StringEquals or StringLike do not match; inverse operators do (Variables with no "
        "value)"
    ): [
        case(
            IMPLICIT,
            granted({"StringLike": {"aws:userid": "${aws:PrincipalTag/x}*"}}),
            context={"aws:userid": "AIDA"},
        ),
        case(
            DENY, full_but({"StringNotEquals": {"svc:k": "${aws:PrincipalTag/x}"}}), context={"svc:k": "red"}
        ),
        case(
            DENY,
            full_but({"ArnNotLike": {"svc:k": "arn:aws:s3:::${aws:PrincipalTag/x}"}}),
            context={"svc:k": "arn:aws:s3:::b"},
        ),
        case(
            IMPLICIT,
            granted({"ForAnyValue:StringEquals": {TAGS: "${aws:PrincipalTag/x}"}}),
            context={TAGS: ["a"]},
        ),
    ],
    "${*} where you need an * character, ${?} a ?, ${$} a $ (Variables)": [
        case(IMPLICIT, identity(allow("s3:*", "arn:aws:s3:::bkt/${*}")), resource="arn:aws:s3:::bkt/x"),
        case(ALLOW, identity(allow("s3:*", "arn:aws:s3:::bkt/${*}")), resource="arn:aws:s3:::bkt/*"),
        case(ALLOW, identity(allow("s3:*", "arn:aws:s3:::bkt/${?}*")), resource="arn:aws:s3:::bkt/?x"),
        case(IMPLICIT, identity(allow("s3:*", "arn:aws:s3:::bkt/${?}")), resource="arn:aws:s3:::bkt/x"),
        case(
            ALLOW,
            granted({"StringLike": {"svc:k": "${$}{aws:username}"}}),
            context={"svc:k": "${aws:username}"},
        ),
    ],
    "If you don't include the Version element, variables are treated as literal strings (Variables)": [
        case(
            IMPLICIT,
            {"identityPolicies": [{"Statement": allow("s3:*", "arn:aws:s3:::bkt/${aws:username}")}]},
            resource="arn:aws:s3:::bkt/alice",
        ),
        case(
            ALLOW,
            {"identityPolicies": [{"Statement": allow("s3:*", "arn:aws:s3:::bkt/${aws:username}")}]},
            resource="arn:aws:s3:::bkt/${aws:username}",
        ),
        case(
            IMPLICIT,
            {
                "identityPolicies": [
                    doc(allow(Condition={"StringEquals": {"svc:k": "${aws:username}"}}), version="2008-10-17")
                ]
            },
            context={"svc:k": "alice"},
        ),
    ],
    "values that a variable stands for are compared as text (Variables)": [
        case(
            IMPLICIT,
            identity(allow("s3:*", "arn:aws:s3:::bkt/${aws:PrincipalTag/d}/x")),
            resource="arn:aws:s3:::bkt/secret/x",
            context={"aws:PrincipalTag/d": "*"},
        ),
        case(
            IMPLICIT, granted({"StringLike": {"svc:k": "${svc:p}"}}), context={"svc:k": "abc", "svc:p": "a?c"}
        ),
    ],
    "comparing the tags of principal and resource (ABAC)": [
        case(
            ALLOW,
            granted({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
            context={"aws:ResourceTag/team": "red", "aws:PrincipalTag/team": "red"},
        ),
        case(
            IMPLICIT,
            granted({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
            context={"aws:ResourceTag/team": "red", "aws:PrincipalTag/team": "Red"},
        ),
        case(
            IMPLICIT,
            granted({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
            context={"aws:ResourceTag/team": "red"},
        ),
    ],
}

ELEMENTS: Tables = {
    "The prefix and the action name are case insensitive (Action)": [
        case(ALLOW, identity(allow("S3:GETOBJECT"))),
        case(ALLOW, identity(allow("s3:getobject")), action="S3:GetObject"),
    ],
    "You can use wildcards (* and ?) as part of the action name (Action)": [
        case(ALLOW, identity(allow("s3:*Object"))),
        case(ALLOW, identity(allow("s3:?etObject"))),
        case(IMPLICIT, identity(allow("s3:?GetObject"))),
        case(IMPLICIT, identity(allow("s3:GetObject")), action="s3:GetObjectAcl"),
        case(IMPLICIT, identity(allow("s3:GetObjectAcl"))),
        case(IMPLICIT, identity(allow("s3:*")), action="s3-object-lambda:GetObject"),
        case(IMPLICIT, identity(allow("iam:*AccessKey*")), action="iam:CreateUser", resource="*"),
        case(ALLOW, identity(allow("iam:*AccessKey*")), action="iam:CreateAccessKey", resource="*"),
        case(ALLOW, identity(allow("*:*"))),
    ],
    "NotAction matches everything except the specified list of actions (NotAction)": [
        case(ALLOW, identity({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"})),
        case(IMPLICIT, identity({"Effect": "Allow", "NotAction": ["iam:*", "S3:get*"], "Resource": "*"})),
        case(
            DENY,
            identity(
                allow(),
                {
                    "Effect": "Deny",
                    "NotAction": "iam:*",
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
                },
            ),
            context={"aws:RequestedRegion": "us-east-1"},
        ),
        case(ALLOW, identity(allow(), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})),
        case(IMPLICIT, identity({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})),
        case(
            IMPLICIT,
            identity({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::other*"}),
        ),
    ],
    "NotResource matches every resource except those specified (NotResource)": [
        case(
            DENY,
            identity(
                allow(),
                {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]},
            ),
        ),
        case(
            ALLOW,
            identity(
                allow(),
                {
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "NotResource": ["arn:aws:s3:::bkt", "arn:aws:s3:::bkt/*"],
                },
            ),
        ),
        case(
            ALLOW,
            identity({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::hr/*"}),
            action="iam:ListUsers",
            resource="*",
        ),
        case(IMPLICIT, identity({"Effect": "Allow", "Action": "*", "NotResource": "*"})),
    ],
    "wildcards (* and ?) within ARN segments (Resource)": [
        case(ALLOW, identity(allow(resource="arn:aws:s3:::b*"))),
        case(ALLOW, identity(allow(resource="arn:aws:s3:::*/k?y"))),
        case(IMPLICIT, identity(allow(resource="arn:aws:s3:::bkt"))),
        case(IMPLICIT, identity(allow(resource="arn:aws:s3:::BKT/key"))),
        case(ALLOW, identity(allow(resource="arn:aws:s3:::b?t/*")), resource="arn:aws:s3:::bkt/a/b:c"),
        case(
            ALLOW,
            identity(allow(resource="arn:aws:ec2:*:*:instance/*")),
            action="ec2:StopInstances",
            resource=f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1",
        ),
        case(
            IMPLICIT,
            identity(allow(resource="arn:aws:ec2:*:*:instance/*")),
            action="ec2:StopInstances",
            resource=f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/v-1",
        ),
        case(
            ALLOW,
            identity(allow(resource="arn:aws:iam::????????3333:role/app*")),
            action="iam:GetRole",
            resource=f"arn:aws:iam::{ACCOUNT}:role/app/x",
        ),
    ],
    (
        "If the asterisk is the last character of a resource ARN segment, it can expand beyond the colon "
        "boundaries (Resource)"
    ): [
        case(
            ALLOW,
            identity(allow(resource="arn:aws:sqs:*:jobs")),
            action="sqs:SendMessage",
            resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
        ),
        case(
            ALLOW,
            identity(allow(resource="arn:aws:sqs:us-*")),
            action="sqs:SendMessage",
            resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
        ),
    ],
    (
        "you use the wildcard * in the Resource element where actions are not for individual resources "
        "(Resource)"
    ): [
        case(ALLOW, identity(allow("s3:ListAllMyBuckets")), action="s3:ListAllMyBuckets", resource="*"),
        case(IMPLICIT, identity(allow("s3:*", "arn:aws:s3:::*")), action="s3:ListAllMyBuckets", resource="*"),
    ],
    "An explicit deny in any policy overrides any allows (Policy evaluation logic)": [
        case(DENY, {"identityPolicies": [doc(deny("s3:Get*", OBJECT)), doc(allow())]}),
        case(DENY, identity(allow(), permissionsBoundary=doc(allow(), deny("s3:*")))),
        case(DENY, identity(allow(), sessionPolicy=doc(allow(), deny("s3:*"))), principal=SESSION),
    ],
}


@pytest.mark.parametrize("one", parameters(VARIABLES | ELEMENTS))
def test_an_element_matches_what_its_sentence_says(one: Case) -> None:
    assert one.outcome() == one.expected
