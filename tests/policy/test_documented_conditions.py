"""What the IAM User Guide says of condition operators and keys, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.policy.documented import ALLOW, DENY, IMPLICIT, ORG, case, full_but, granted, parameters
from tests.policy.support import ACCOUNT, SESSION

if TYPE_CHECKING:
    from tests.policy.documented import Case, Tables

TOKEN = "aws:TokenIssueTime"
MFA = "aws:MultiFactorAuthPresent"
TAGS = "aws:TagKeys"
PATHS = "aws:PrincipalOrgPaths"
OU = f"{ORG}/r-f6g7h8i9j0example/ou-ghi0-awsccccc/ou-jkl0-awsddddd/"


OPERATORS: Tables = {
    "StringEquals: Exact matching, case sensitive (Condition operators)": [
        case(ALLOW, granted({"StringEquals": {"aws:username": "alice"}})),
        case(IMPLICIT, granted({"StringEquals": {"aws:username": "Alice"}})),
        case(IMPLICIT, granted({"StringEquals": {"aws:username": "ali*"}})),
    ],
    "StringNotEquals: Negated matching (Condition operators)": [
        case(IMPLICIT, granted({"StringNotEquals": {"aws:username": "alice"}})),
        case(DENY, full_but({"StringNotEquals": {"aws:username": "Alice"}})),
    ],
    "StringEqualsIgnoreCase: Exact matching, ignoring case (Condition operators)": [
        case(ALLOW, granted({"StringEqualsIgnoreCase": {"aws:username": "aLICE"}})),
        case(IMPLICIT, granted({"StringEqualsIgnoreCase": {"aws:username": "alice*"}})),
        case(IMPLICIT, granted({"StringNotEqualsIgnoreCase": {"aws:username": "ALICE"}})),
    ],
    "You must specify wildcards to achieve partial string matches (Condition operators)": [
        case(IMPLICIT, granted({"StringLike": {"aws:username": "ali"}})),
        case(ALLOW, granted({"StringLike": {"aws:username": "ali*"}})),
        case(ALLOW, granted({"StringLike": {"aws:username": "?l?c?"}})),
        case(IMPLICIT, granted({"StringLike": {"aws:username": "alice?"}})),
        case(ALLOW, granted({"StringLike": {"aws:username": "alice*"}})),
        case(IMPLICIT, granted({"StringLike": {"aws:username": "ALI*"}})),
        case(IMPLICIT, granted({"StringNotLike": {"aws:username": "*"}})),
    ],
    "comparing a key to an integer or decimal value (Numeric condition operators)": [
        case(ALLOW, granted({"NumericLessThanEquals": {"s3:max-keys": "10"}}), context={"s3:max-keys": 10}),
        case(
            ALLOW, granted({"NumericLessThanEquals": {"s3:max-keys": "10"}}), context={"s3:max-keys": "9.5"}
        ),
        case(
            IMPLICIT, granted({"NumericLessThanEquals": {"s3:max-keys": "10"}}), context={"s3:max-keys": "11"}
        ),
        case(IMPLICIT, granted({"NumericLessThan": {"s3:max-keys": "10"}}), context={"s3:max-keys": "10"}),
        case(ALLOW, granted({"NumericGreaterThan": {"s3:max-keys": "9"}}), context={"s3:max-keys": "10"}),
        case(
            ALLOW, granted({"NumericGreaterThanEquals": {"s3:max-keys": 10}}), context={"s3:max-keys": "10.0"}
        ),
        case(ALLOW, granted({"NumericEquals": {"s3:max-keys": "010"}}), context={"s3:max-keys": "10"}),
        case(
            IMPLICIT, granted({"NumericNotEquals": {"s3:max-keys": "10.00"}}), context={"s3:max-keys": "10"}
        ),
        case(IMPLICIT, granted({"NumericEquals": {"s3:max-keys": "1*"}}), context={"s3:max-keys": "10"}),
    ],
    (
        "one of the W3C implementations of the ISO 8601 date formats or in epoch time (Date condition "
        "operators)"
    ): [
        case(
            ALLOW,
            granted({"DateGreaterThan": {TOKEN: "2020-01-01T00:00:01Z"}}),
            context={TOKEN: "2020-01-01T00:00:02Z"},
        ),
        case(
            IMPLICIT,
            granted({"DateGreaterThan": {TOKEN: "2020-01-01T00:00:01Z"}}),
            context={TOKEN: "2020-01-01T00:00:01Z"},
        ),
        case(
            ALLOW,
            granted({"DateGreaterThanEquals": {TOKEN: "2020-01-01"}}),
            context={TOKEN: "2020-01-01T00:00:00Z"},
        ),
        case(
            ALLOW,
            granted({"DateLessThan": {"aws:CurrentTime": "2020-01"}}),
            context={"aws:CurrentTime": "2019-12-31T23:59:59Z"},
        ),
        case(
            ALLOW,
            granted({"DateLessThanEquals": {"aws:EpochTime": "2020-01-01T00:00:00Z"}}),
            context={"aws:EpochTime": 1577836800},
        ),
        case(
            ALLOW,
            granted({"DateEquals": {"aws:CurrentTime": "1577836800"}}),
            context={"aws:CurrentTime": "2020-01-01T01:00:00+01:00"},
        ),
        case(
            DENY,
            full_but({"DateNotEquals": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}),
            context={"aws:CurrentTime": "2020-01-01T00:00:01Z"},
        ),
        case(
            ALLOW,
            granted({"NumericLessThan": {"aws:EpochTime": "1577836801"}}),
            context={"aws:EpochTime": 1577836800},
        ),
    ],
    "Wildcards are not permitted for date condition operators (Date condition operators)": [
        case(
            IMPLICIT,
            granted({"DateEquals": {"aws:CurrentTime": "2020-*"}}),
            context={"aws:CurrentTime": "2020-01-01"},
        ),
    ],
    "comparing a key to true or false (Boolean condition operators)": [
        case(
            DENY, full_but({"Bool": {"aws:SecureTransport": "false"}}), context={"aws:SecureTransport": False}
        ),
        case(
            ALLOW,
            full_but({"Bool": {"aws:SecureTransport": "false"}}),
            context={"aws:SecureTransport": "True"},
        ),
        case(
            DENY, full_but({"Bool": {"aws:SecureTransport": False}}), context={"aws:SecureTransport": "false"}
        ),
    ],
    (
        "byte for byte against a base-64 encoded representation of the binary value (Binary condition "
        "operators)"
    ): [
        case(
            ALLOW,
            granted({"BinaryEquals": {"svc:b": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}),
            context={"svc:b": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="},
        ),
        case(
            IMPLICIT,
            granted({"BinaryEquals": {"svc:b": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}),
            context={"svc:b": "qmluYXJ5VmFsdWVJbkJhc2U2NA=="},
        ),
        case(IMPLICIT, granted({"BinaryEquals": {"svc:b": "QmluYXJ5"}})),
        case(ALLOW, granted({"BinaryEqualsIfExists": {"svc:b": "QmluYXJ5"}})),
    ],
    "The value must be in the standard CIDR format (IP address condition operators)": [
        case(
            ALLOW,
            granted({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            context={"aws:SourceIp": "203.0.113.255"},
        ),
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": "203.0.113.0/25"}}),
            context={"aws:SourceIp": "203.0.113.128"},
        ),
        case(
            ALLOW,
            granted({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}),
            context={"aws:SourceIp": "2001:db8:1234:5678::ffff"},
        ),
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}),
            context={"aws:SourceIp": "2001:db8:1234:5679::1"},
        ),
        case(
            DENY,
            full_but({"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}}),
            context={"aws:SourceIp": "198.51.100.1"},
        ),
        case(
            ALLOW,
            full_but({"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}}),
            context={"aws:SourceIp": "203.0.113.1"},
        ),
        case(
            DENY,
            full_but({"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            context={"aws:SourceIp": "2001:db8::1"},
        ),
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": "203.0.113.*"}}),
            context={"aws:SourceIp": "203.0.113.1"},
        ),
    ],
    "IAM uses the default prefix value of /32 (IP address condition operators)": [
        case(
            ALLOW,
            granted({"IpAddress": {"aws:SourceIp": "203.0.113.7"}}),
            context={"aws:SourceIp": "203.0.113.7"},
        ),
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": "203.0.113.7"}}),
            context={"aws:SourceIp": "203.0.113.8"},
        ),
    ],
    (
        "always present, except when the requester uses a VPC endpoint; then the condition returns false "
        "(IP address condition operators)"
    ): [
        case(
            IMPLICIT,
            granted({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            context={"aws:SourceVpce": "vpce-1"},
        ),
        case(
            DENY,
            full_but({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            context={"aws:SourceVpce": "vpce-1"},
        ),
        case(
            ALLOW,
            full_but({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Null": {"aws:SourceIp": "false"}}),
            context={"aws:SourceVpce": "vpce-1"},
        ),
    ],
    "Each of the six colon-delimited components of the ARN is checked separately (ARN condition operators)": [
        case(ALLOW, granted({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}})),
        case(ALLOW, granted({"ArnEquals": {"aws:PrincipalArn": "arn:*:iam::*:user/al?ce"}})),
        case(ALLOW, granted({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:1111????3333:*"}})),
        case(IMPLICIT, granted({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:user/alice"}})),
        case(IMPLICIT, granted({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}})),
        case(IMPLICIT, granted({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/Alice"}})),
        case(DENY, full_but({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}})),
        case(ALLOW, full_but({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}})),
        case(ALLOW, granted({"StringLike": {"aws:PrincipalArn": "arn:aws:iam:*/alice"}})),
    ],
    "For IAM roles, the request context returns the ARN of the role (aws:PrincipalArn)": [
        case(
            ALLOW,
            granted({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/app"}}),
            principal=SESSION,
        ),
        case(IMPLICIT, granted({"ArnEquals": {"aws:PrincipalArn": SESSION}}), principal=SESSION),
    ],
}

MISSING: Tables = {
    (
        "If the key is not present in the request context, the values do not match and the condition is "
        "false (Condition operators)"
    ): [
        case(IMPLICIT, granted({operator: {"svc:absent": wanted}}))
        for operator, wanted in (
            ("StringEquals", ""),
            ("StringLike", "*"),
            ("StringEqualsIgnoreCase", "x"),
            ("NumericLessThan", "1"),
            ("DateGreaterThan", "2000-01-01"),
            ("Bool", "false"),
            ("IpAddress", "0.0.0.0/0"),
            ("ArnLike", "arn:*:*:*:*:*"),
            ("ArnEquals", "*"),
        )
    ],
    (
        "such as StringNotLike or ArnNotLike, and the right key is not present, the condition is true "
        "(Condition operators)"
    ): [
        case(DENY, full_but({operator: {"svc:absent": wanted}}))
        for operator, wanted in (
            ("StringNotEquals", "x"),
            ("StringNotEqualsIgnoreCase", "x"),
            ("StringNotLike", "*"),
            ("NumericNotEquals", "1"),
            ("DateNotEquals", "2000-01-01"),
            ("NotIpAddress", "0.0.0.0/0"),
            ("ArnNotLike", "arn:*:*:*:*:*"),
            ("ArnNotEquals", "arn:aws:s3:::x"),
        )
    ],
    "If the key is not present, evaluate the condition element as true (...IfExists)": [
        case(ALLOW, granted({f"{operator}IfExists": {"svc:absent": wanted}}))
        for operator, wanted in (
            ("StringLike", ["t1.*", "m3.*"]),
            ("StringEquals", "x"),
            ("StringNotEquals", "x"),
            ("NumericGreaterThan", "1"),
            ("NumericNotEquals", "1"),
            ("DateLessThanEquals", "1990"),
            ("Bool", "true"),
            ("IpAddress", "192.0.2.1"),
            ("NotIpAddress", "192.0.2.1"),
            ("ArnLike", "arn:aws:s3:::x"),
            ("ArnNotEquals", "arn:aws:s3:::x"),
        )
    ],
    (
        "If the policy key is present in the context of the request, process the key as specified "
        "(...IfExists)"
    ): [
        case(
            ALLOW,
            granted({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "m3.*"]}}),
            context={"ec2:InstanceType": "m3.large"},
        ),
        case(
            IMPLICIT,
            granted({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "m3.*"]}}),
            context={"ec2:InstanceType": "p3.2xlarge"},
        ),
        case(IMPLICIT, granted({"StringNotEqualsIfExists": {"svc:k": "x"}}), context={"svc:k": "x"}),
    ],
    "Other condition elements in the statement can still result in a nonmatch (...IfExists)": [
        case(
            IMPLICIT,
            granted({"StringLikeIfExists": {"svc:absent": "x"}, "StringEquals": {"aws:username": "bob"}}),
        ),
    ],
    (
        "a negated operator like StringNotEqualsIfExists: the request is still denied even if the tag is "
        "missing (...IfExists)"
    ): [
        case(DENY, full_but({"StringNotEqualsIfExists": {"aws:PrincipalTag/job": "admin"}})),
    ],
    "true (the key doesn't exist) or false (the key exists and its value is not null) (Null)": [
        case(ALLOW, granted({"Null": {TOKEN: "true"}})),
        case(IMPLICIT, granted({"Null": {TOKEN: "true"}}), context={TOKEN: "2020-01-01T00:00:00Z"}),
        case(IMPLICIT, granted({"Null": {TOKEN: False}})),
        case(ALLOW, granted({"Null": {TOKEN: "false"}}), context={TOKEN: "2020-01-01T00:00:00Z"}),
        case(IMPLICIT, granted({"Null": {TAGS: "false"}}), context={TAGS: []}),
    ],
    (
        "denies requests from temporary credentials that do not include MFA; also long-term credentials "
        "(MFA, BoolIfExists)"
    ): [
        case(DENY, full_but({"BoolIfExists": {MFA: "false"}})),
        case(DENY, full_but({"BoolIfExists": {MFA: "false"}}), context={MFA: False}),
        case(ALLOW, full_but({"BoolIfExists": {MFA: "false"}}), context={MFA: True}),
    ],
    "This statement does not deny access to requests that are made using long-term credentials (MFA, Bool)": [
        case(ALLOW, full_but({"Bool": {MFA: "false"}})),
        case(DENY, full_but({"Bool": {MFA: "false"}}), context={MFA: "false"}),
    ],
    "allows only MFA-authenticated requests (MFA, Bool true)": [
        case(IMPLICIT, granted({"Bool": {MFA: "true"}})),
        case(IMPLICIT, granted({"Bool": {MFA: "true"}}), context={MFA: "false"}),
        case(ALLOW, granted({"Bool": {MFA: "true"}}), context={MFA: "true"}),
    ],
}

SETS: Tables = {
    (
        "ForAllValues: every context key value in the request matches at least one in the policy (Set "
        "operators)"
    ): [
        case(
            ALLOW,
            granted({"ForAllValues:StringLike": {TAGS: ["env*", "team"]}}),
            context={TAGS: ["env-1", "team"]},
        ),
        case(
            IMPLICIT,
            granted({"ForAllValues:StringLike": {TAGS: ["env*", "team"]}}),
            context={TAGS: ["env-1", "ID"]},
        ),
        case(IMPLICIT, granted({"ForAllValues:StringEquals": {TAGS: ["team"]}}), context={TAGS: ["Team"]}),
        case(
            ALLOW,
            granted({"ForAllValues:StringEqualsIgnoreCase": {TAGS: ["team"]}}),
            context={TAGS: ["Team", "TEAM"]},
        ),
    ],
    (
        "ForAllValues also returns true if there are no context keys, or the value is a null dataset (Set "
        "operators)"
    ): [
        case(ALLOW, granted({"ForAllValues:StringEquals": {TAGS: ["team"]}})),
        case(ALLOW, granted({"ForAllValues:StringEquals": {TAGS: ["team"]}}), context={TAGS: []}),
        case(ALLOW, granted({"ForAllValues:StringEquals": {TAGS: ["team"]}}), context={TAGS: ""}),
        case(DENY, full_but({"ForAllValues:StringNotEquals": {TAGS: ["team"]}})),
        case(IMPLICIT, granted({"ForAllValues:StringEquals": {TAGS: ["team"]}, "Null": {TAGS: "false"}})),
    ],
    "ForAnyValue: any one of the key values in the request matches any one in the policy (Set operators)": [
        case(
            DENY,
            full_but({"ForAnyValue:StringLike": {"dynamodb:requestedAttributes": ["ID", "PostDateTime"]}}),
            context={"dynamodb:requestedAttributes": ["PostDateTime", "Message"]},
        ),
        case(
            ALLOW,
            full_but({"ForAnyValue:StringLike": {"dynamodb:requestedAttributes": ["ID", "PostDateTime"]}}),
            context={"dynamodb:requestedAttributes": ["UserName"]},
        ),
        case(
            ALLOW,
            granted({"ForAnyValue:StringEquals": {"aws:CalledVia": ["dynamodb.amazonaws.com"]}}),
            context={"aws:CalledVia": ["cloudformation.amazonaws.com", "dynamodb.amazonaws.com"]},
        ),
        case(IMPLICIT, granted({"ForAnyValue:StringEquals": {"aws:CalledVia": ["dynamodb.amazonaws.com"]}})),
    ],
    "For no matching context key or a null dataset, ForAnyValue returns false (Set operators)": [
        case(IMPLICIT, granted({"ForAnyValue:StringLike": {TAGS: ["*"]}}), context={TAGS: []}),
        case(IMPLICIT, granted({"ForAnyValue:StringLike": {TAGS: ["*"]}}), context={TAGS: ""}),
        case(ALLOW, full_but({"ForAnyValue:StringNotEquals": {TAGS: ["team"]}})),
    ],
    "ForAnyValue with a negated operator: one value that is not in the list suffices (Set operators)": [
        case(
            DENY,
            full_but({"ForAnyValue:StringNotEquals": {TAGS: ["team", "env"]}}),
            context={TAGS: ["team", "x"]},
        ),
        case(
            ALLOW,
            full_but({"ForAnyValue:StringNotLike": {TAGS: ["t*", "env"]}}),
            context={TAGS: ["team", "env"]},
        ),
    ],
    "ForAllValues with a negated operator: no value of the request is in the list (Set operators)": [
        case(
            ALLOW,
            granted({"ForAllValues:StringNotEquals": {TAGS: ["secret"]}}),
            context={TAGS: ["team", "env"]},
        ),
        case(
            IMPLICIT,
            granted({"ForAllValues:StringNotEquals": {TAGS: ["secret"]}}),
            context={TAGS: ["team", "secret"]},
        ),
    ],
    (
        "directly to the ou-jkl0-awsddddd OU, but not in its child OUs; with a wildcard you must use "
        "StringLike (aws:PrincipalOrgPaths)"
    ): [
        case(ALLOW, granted({"ForAnyValue:StringEquals": {PATHS: [OU]}}), context={PATHS: [OU]}),
        case(
            IMPLICIT,
            granted({"ForAnyValue:StringEquals": {PATHS: [OU]}}),
            context={PATHS: [f"{OU}ou-child/"]},
        ),
        case(
            ALLOW,
            granted({"ForAnyValue:StringLike": {PATHS: [f"{OU}*"]}}),
            context={PATHS: [f"{OU}ou-child/"]},
        ),
        case(IMPLICIT, granted({"ForAnyValue:StringEquals": {PATHS: [f"{ORG}/*"]}}), context={PATHS: [OU]}),
    ],
    (
        "If a single condition operator includes multiple values for one key, they are evaluated using a "
        "logical OR (Multiple keys or values)"
    ): [
        case(ALLOW, granted({"StringEquals": {"aws:username": ["bob", "alice"]}})),
        case(
            DENY,
            full_but({"StringNotEquals": {"aws:PrincipalTag/c": ["1", "2"]}}),
            context={"aws:PrincipalTag/c": "3"},
        ),
        case(
            ALLOW,
            full_but({"StringNotEquals": {"aws:PrincipalTag/c": ["1", "2"]}}),
            context={"aws:PrincipalTag/c": "2"},
        ),
    ],
    (
        "If your policy has multiple condition operators or multiple keys, they are evaluated using a "
        "logical AND (Multiple keys or values)"
    ): [
        case(
            ALLOW,
            granted({"StringEquals": {"aws:username": "alice", "svc:a": "1"}, "Bool": {"svc:b": "true"}}),
            context={"svc:a": "1", "svc:b": True},
        ),
        case(
            IMPLICIT,
            granted({"StringEquals": {"aws:username": "alice", "svc:a": "1"}, "Bool": {"svc:b": "true"}}),
            context={"svc:a": "2", "svc:b": True},
        ),
        case(
            IMPLICIT,
            granted({"StringEquals": {"svc:a": "1"}, "StringNotEquals": {"SVC:A": "1"}}),
            context={"svc:a": "1"},
        ),
    ],
    "Condition key names are not case-sensitive (Condition)": [
        case(ALLOW, granted({"StringEquals": {"AWS:UserName": "alice"}})),
        case(
            ALLOW,
            granted({"StringEquals": {"aws:principaltag/TEAM": "red"}}),
            context={"aws:PrincipalTag/Team": "red"},
        ),
    ],
}


@pytest.mark.parametrize("one", parameters(OPERATORS | MISSING | SETS))
def test_a_condition_holds_when_its_sentence_says_so(one: Case) -> None:
    assert one.outcome() == one.expected
