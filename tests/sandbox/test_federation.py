"""Sessions of those who have no role of their own: federation tokens, OpenID Connect and SAML."""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.sandbox.aws import MEMBER, allow, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

ISSUER = "https://login.example.com/ml"
HOST = "login.example.com/ml"
OIDC = f"arn:aws:iam::{MEMBER}:oidc-provider/{HOST}"
SAML = f"arn:aws:iam::{MEMBER}:saml-provider/corp"


def keys(answer: dict[str, Any]) -> dict[str, str]:
    made = answer["Credentials"]
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "token": made["SessionToken"]}


def anonymous(aws: Aws) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("sts", endpoint_url=aws.url, region_name="us-east-1", config=config)


def token(**claims: Any) -> str:
    said = {"iss": ISSUER, "sub": "alice", "aud": "chaos", "exp": time.time() + 600, **claims}
    parts = [{"alg": "RS256"}, {name: value for name, value in said.items() if value is not None}]
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2ln"])


def trusting(provider: str, action: str, **equals: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action}
    return statement | ({"Condition": {"StringEquals": equals}} if equals else {})


@pytest.fixture(scope="module")
def web_role(aws: Aws) -> str:
    """A role that trusts one subject of the provider."""
    iam = aws.client("iam")
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["chaos"], ThumbprintList=["a" * 40])
    subject = {f"{HOST}:aud": "chaos", f"{HOST}:sub": "alice"}
    trust = trusting(OIDC, "sts:AssumeRoleWithWebIdentity", **subject)
    return aws.role(
        "web", trust, allow("sqs:ListQueues", Condition={"StringEquals": {"aws:FederatedProvider": OIDC}})
    )


def web(aws: Aws, role: str, **more: Any) -> dict[str, Any]:
    asked = {"RoleArn": role, "RoleSessionName": "test", "WebIdentityToken": token(), **more}
    answer: dict[str, Any] = anonymous(aws).assume_role_with_web_identity(**asked)
    return answer


def test_a_web_identity_that_the_role_trusts_gets_a_session_of_it(aws: Aws, web_role: str) -> None:
    answer = web(aws, web_role)
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert (answer["Provider"], answer["Audience"]) == (OIDC, "chaos")
    session = keys(answer)
    assert aws.with_keys("sts", **session).get_caller_identity()["Arn"].endswith("assumed-role/web/test")
    assert aws.with_keys("sqs", **session).list_queues()
    limited = keys(web(aws, web_role, Policy=policy(allow("iam:*"))))
    assert "no session policy" in refusal(aws.with_keys("sqs", **limited).list_queues)[1]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "mallory"}, "AccessDenied"),
        ({"aud": "other"}, "InvalidIdentityToken"),
        ({"iss": "https://elsewhere.example.com"}, "InvalidIdentityToken"),
        ({"exp": 1}, "ExpiredTokenException"),
        ({"exp": None}, "InvalidIdentityToken"),
        ({"sub": None}, "InvalidIdentityToken"),
    ],
)
def test_a_token_that_is_not_right_gets_nothing(
    aws: Aws, web_role: str, claims: dict[str, Any], code: str
) -> None:
    asked = {"RoleArn": web_role, "RoleSessionName": "test", "WebIdentityToken": token(**claims)}
    assert refusal(anonymous(aws).assume_role_with_web_identity, **asked)[0] == code


@pytest.mark.parametrize("text", ["abcd", "a.b.c", "....", "e30.W10.x", "e30.eyJ4Ijox.x"])
def test_a_token_that_is_none_is_told_so(aws: Aws, web_role: str, text: str) -> None:
    asked = {"RoleArn": web_role, "RoleSessionName": "test", "WebIdentityToken": text}
    assert refusal(anonymous(aws).assume_role_with_web_identity, **asked)[0] == "InvalidIdentityToken"


def test_a_role_that_trusts_accounts_only_is_closed_to_a_web_identity(aws: Aws, web_role: str) -> None:
    del web_role
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
    }
    role = aws.role("not-web", trust)
    asked = {"RoleArn": role, "RoleSessionName": "test", "WebIdentityToken": token()}
    code, message, status = refusal(anonymous(aws).assume_role_with_web_identity, **asked)
    assert (code, status) == ("AccessDenied", 403)
    assert message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def test_the_tags_of_a_token_are_the_sessions_if_the_role_lets_it_be_tagged(aws: Aws, web_role: str) -> None:
    tagged = token(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["ml"]}}})
    asked = {"RoleArn": web_role, "RoleSessionName": "test", "WebIdentityToken": tagged}
    assert "sts:TagSession" in refusal(anonymous(aws).assume_role_with_web_identity, **asked)[1]
    trust = trusting(OIDC, "sts:AssumeRoleWithWebIdentity")
    trust["Action"] = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    needs = {"StringEquals": {"aws:PrincipalTag/team": "ml"}}
    asked["RoleArn"] = aws.role("web-tagged", trust, allow("sqs:ListQueues", Condition=needs))
    session = keys(anonymous(aws).assume_role_with_web_identity(**asked))
    assert aws.with_keys("sqs", **session).list_queues()


def test_a_session_lasts_no_longer_than_its_role_allows_and_an_hour_when_chained(
    aws: Aws, web_role: str
) -> None:
    asked = {"RoleArn": web_role, "RoleSessionName": "test", "WebIdentityToken": token()}
    long = refusal(anonymous(aws).assume_role_with_web_identity, **asked, DurationSeconds=7200)
    assert "MaxSessionDuration" in long[1]
    aws.client("iam").update_role(RoleName="web", MaxSessionDuration=7200)
    assert web(aws, web_role, DurationSeconds=7200)
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
    }
    aws.role("links", trust, allow("sts:AssumeRole"))
    last = aws.role("last", trust)
    aws.client("iam").update_role(RoleName="last", MaxSessionDuration=7200)
    sts = aws.client("sts")
    assert sts.assume_role(RoleArn=last, RoleSessionName="direct", DurationSeconds=7200)
    first = keys(sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/links", RoleSessionName="first"))
    chained = aws.with_keys("sts", **first)
    _, why, _ = refusal(chained.assume_role, RoleArn=last, RoleSessionName="again", DurationSeconds=3601)
    assert "chaining" in why
    assert chained.assume_role(RoleArn=last, RoleSessionName="again", DurationSeconds=3600)


def assertion(
    role: str, *, issuer: str = "https://idp.example.com", ends: str = "2999-01-01T00:00:00Z"
) -> str:
    attributes = {
        "https://aws.amazon.com/SAML/Attributes/Role": f"{role},{SAML}",
        "https://aws.amazon.com/SAML/Attributes/RoleSessionName": "alice@example.com",
        "https://aws.amazon.com/SAML/Attributes/SessionDuration": "1800",
    }
    stated = "".join(
        f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
        for name, value in attributes.items()
    )
    form = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    text = (
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Assertion>'
        f"<saml:Issuer>{issuer}</saml:Issuer>"
        f'<saml:Subject><saml:NameID Format="{form}">alice</saml:NameID></saml:Subject>'
        f'<saml:Conditions NotOnOrAfter="{ends}"><saml:AudienceRestriction><saml:Audience>'
        "https://signin.aws.amazon.com/saml</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f"<saml:AttributeStatement>{stated}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    )
    return b64encode(text.encode()).decode()


def test_a_saml_assertion_that_the_role_trusts_gets_a_session_of_it(aws: Aws) -> None:
    document = '<EntityDescriptor entityID="https://idp.example.com">' + " " * 1000 + "</EntityDescriptor>"
    aws.client("iam").create_saml_provider(Name="corp", SAMLMetadataDocument=document)
    role = aws.role(
        "saml", trusting(SAML, "sts:AssumeRoleWithSAML", **{"saml:aud": "https://signin.aws.amazon.com/saml"})
    )
    sts = anonymous(aws)
    asked = {"RoleArn": role, "PrincipalArn": SAML}
    answer = sts.assume_role_with_saml(**asked, SAMLAssertion=assertion(role))
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/saml/alice@example.com")
    assert (answer["Subject"], answer["SubjectType"]) == ("alice", "persistent")
    for said, code in (
        (assertion(role, issuer="https://other.example.com"), "InvalidIdentityToken"),
        (assertion(role, ends="2001-01-01T00:00:00Z"), "ExpiredTokenException"),
        (assertion(f"{role}-other"), "AccessDenied"),
        ("bm8geG1s", "InvalidIdentityToken"),
    ):
        assert refusal(sts.assume_role_with_saml, **asked, SAMLAssertion=said)[0] == code
    closed = aws.role("saml-elsewhere", trusting(SAML, "sts:AssumeRoleWithSAML", **{"saml:aud": "elsewhere"}))
    asked["RoleArn"] = closed
    assert refusal(sts.assume_role_with_saml, **asked, SAMLAssertion=assertion(closed))[0] == "AccessDenied"


def test_a_federated_user_may_do_what_user_and_session_policy_both_allow(aws: Aws) -> None:
    sts = aws.with_keys("sts", **aws.user("broker", allow(["sqs:*", "sts:GetFederationToken"])))
    allowed = policy(allow(["sqs:ListQueues", "sns:*", "iam:*"]))
    answer = sts.get_federation_token(Name="bob", Policy=allowed, DurationSeconds=900)
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{MEMBER}:federated-user/bob"
    session = keys(answer)
    assert aws.with_keys("sqs", **session).list_queues()
    assert refusal(aws.with_keys("sqs", **session).create_queue, QueueName="q")[0] == "AccessDenied"
    assert refusal(aws.with_keys("sns", **session).list_topics)[0] == "AuthorizationError"
    assert refusal(aws.with_keys("iam", **session).list_users)[0] == "AccessDenied"
    assert aws.with_keys("sts", **session).get_caller_identity()["UserId"] == f"{MEMBER}:bob"
    bare = keys(sts.get_federation_token(Name="bare"))
    assert "no session policy" in refusal(aws.with_keys("sqs", **bare).list_queues)[1]


def test_a_federation_token_is_for_users_who_may_have_one(aws: Aws) -> None:
    plain = aws.with_keys("sts", **aws.user("no-broker"))
    assert refusal(plain.get_federation_token, Name="bob")[0] == "AccessDenied"
    sts = aws.client("sts")
    assert refusal(sts.get_federation_token, Name="not a name")[0] == "ValidationError"
    assert refusal(sts.get_federation_token, Name="bob", DurationSeconds=129_601)[0] == "ValidationError"
    assert refusal(sts.get_federation_token, Name="bob", Policy="{")[0] == "MalformedPolicyDocument"
    temporary = aws.with_keys("sts", **keys(sts.get_session_token()))
    assert refusal(temporary.get_federation_token, Name="bob")[0] == "AccessDenied"
    assert refusal(sts.get_session_token, DurationSeconds=129_601)[0] == "ValidationError"
