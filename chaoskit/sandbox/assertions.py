"""What an identity provider says of a caller: OpenID Connect tokens and SAML assertions, read and checked.

Source: STS API Reference, "AssumeRoleWithWebIdentity" and "AssumeRoleWithSAML"; IAM User Guide, "Available
keys for AWS OIDC federation", "Available keys for SAML-based AWS STS federation" and "Configure SAML
assertions for the authentication response". One simplification: AWS fetches a provider's keys and checks the
signature; the sandbox speaks to nobody outside, so a token that names a registered provider is believed.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

import xmltodict  # type: ignore[import-untyped] # its stubs are a package of their own

from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import ApiCall

_TAGS = "https://aws.amazon.com/tags"
_SAML = "https://aws.amazon.com/SAML/Attributes/"
_SIGN_IN = "https://signin.aws.amazon.com/saml"
_JWT_PARTS = 3


@dataclass(frozen=True, slots=True)
class Assertion:
    """A caller as its identity provider names it.

    Attributes:
        provider: The provider's ARN.
        keys: The condition keys of its trust.
        subject: Whom it is about.
        audience: Whom it is for.
        session_name: The role session's name, when the provider gives it.
        tags: Session tags.
        transitive: Those of them that chained roles inherit.
        longest: The longest session in seconds that the provider allows, or 0.
    """

    provider: str
    keys: Mapping[str, Any]
    subject: str
    audience: str
    issuer: str
    session_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    longest: int = 0


def asserted(call: ApiCall) -> Assertion:
    """What the call's token or assertion says. Hold moto's lock.

    Raises:
        ApiError: `InvalidIdentityToken` or `ExpiredTokenException`: it cannot be read, is of no provider of
            the role's account, is for somebody else, or is too old.
    """
    if call.operation == "AssumeRoleWithSAML":
        return _saml(call)
    return _web_identity(call)


def _web_identity(call: ApiCall) -> Assertion:
    claims = _claims(str(call.params.get("WebIdentityToken", "")))
    issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
    host = issuer.removeprefix("https://").rstrip("/")
    account = _account(call.params["RoleArn"])
    held = backend("iam", account)
    provider = (held.open_id_providers if held is not None else {}).get(
        f"arn:aws:iam::{account}:oidc-provider/{host}"
    )
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    given = claims.get("aud", ())
    audiences = [given] if isinstance(given, str) else [str(each) for each in given]
    audience = str(claims.get("azp") or (audiences[0] if audiences else ""))
    if audience not in provider.client_id_list:
        raise _invalid("Incorrect token audience")
    if not subject:
        raise _invalid("The token has no subject")
    _check_age(call, claims)
    stated = claims.get(_TAGS)
    said: Mapping[str, Any] = stated if isinstance(stated, dict) else {}
    tags = {str(k): _first(v) for k, v in dict(said.get("principal_tags") or {}).items()}
    keys: dict[str, Any] = {f"{host}:aud": audience, f"{host}:sub": subject, f"{host}:iss": issuer}
    if "amr" in claims:
        keys[f"{host}:amr"] = claims["amr"]
    if claims.get("azp") and audiences:
        keys[f"{host}:oaud"] = audiences
    return Assertion(
        provider.arn,
        keys,
        subject,
        audience,
        issuer,
        tags=tags,
        transitive=frozenset(str(each) for each in said.get("transitive_tag_keys") or ()),
    )


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    try:
        if len(parts) != _JWT_PARTS:
            raise _invalid("The ID Token provided is not a valid JWT")
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        raise _invalid("The ID Token provided could not be read") from None
    if not isinstance(claims, dict):
        raise _invalid("The ID Token provided has no claims")
    return claims


def _check_age(call: ApiCall, claims: Mapping[str, Any]) -> None:
    now = call.at.timestamp()
    expires = claims.get("exp")
    if not isinstance(expires, (int, float)):
        raise _invalid("Missing a required claim: exp")
    if now >= expires:
        raise ApiError(
            "ExpiredTokenException",
            f"Token expired: current date/time {int(now)} must be before the expiration {int(expires)}",
        )


def _saml(call: ApiCall) -> Assertion:
    said = _assertion(str(call.params.get("SAMLAssertion", "")))
    issuer = _text(said.get("Issuer"))
    arn = str(call.params.get("PrincipalArn", ""))
    held = backend("iam", _account(call.params["RoleArn"]))
    known = held.saml_providers.values() if held is not None else ()
    provider = next((each for each in known if each.arn == arn), None)
    if provider is None or f'entityID="{issuer}"' not in (provider.saml_metadata_document or ""):
        raise _invalid("Issuer not present in specified provider")
    attributes = dict(_attributes(said))
    wanted = {call.params["RoleArn"], arn}
    if not any(
        {part.strip() for part in each.split(",")} == wanted for each in attributes.get(f"{_SAML}Role", ())
    ):
        raise ApiError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)
    conditions = said.get("Conditions") or {}
    restriction = conditions.get("AudienceRestriction") or {}
    audience = _text(restriction.get("Audience")) or _SIGN_IN
    ends = conditions.get("@NotOnOrAfter")
    if ends and call.at >= _moment(ends):
        raise ApiError("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    name_id = (said.get("Subject") or {}).get("NameID") or ""
    form = name_id.get("@Format", "") if isinstance(name_id, dict) else ""
    names = attributes.get(f"{_SAML}RoleSessionName", [""])
    return Assertion(
        arn,
        {
            "saml:aud": audience,
            "saml:iss": issuer,
            "saml:sub": _text(name_id),
            "saml:sub_type": form.rpartition(":")[2] if form else "persistent",
            "saml:doc": f"{_account(arn)}/{provider.name}",
        },
        _text(name_id),
        audience,
        issuer,
        session_name=names[0],
        tags={
            name.removeprefix(f"{_SAML}PrincipalTag:"): values[0]
            for name, values in attributes.items()
            if name.startswith(f"{_SAML}PrincipalTag:") and values
        },
        transitive=frozenset(attributes.get(f"{_SAML}TransitiveTagKeys", ())),
        longest=_seconds(attributes.get(f"{_SAML}SessionDuration", ["0"])[0]),
    )


def _assertion(text: str) -> Mapping[str, Any]:
    """The Assertion element of a base64 response, without namespace prefixes."""
    try:
        tree = xmltodict.parse(
            b64decode(text),
            postprocessor=lambda _path, key, value: (key.rpartition(":")[2] if key[0] != "@" else key, value),
        )
    except (ValueError, ExpatError):
        raise _invalid("The SAML assertion could not be read") from None
    found = (tree.get("Response") or tree).get("Assertion") if isinstance(tree, dict) else None
    if not isinstance(found, dict):
        raise _invalid("The SAML response has no assertion")
    return found


def _attributes(said: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    statement = said.get("AttributeStatement") or {}
    found: Any = statement.get("Attribute") or []
    for each in found if isinstance(found, list) else [found]:
        values: Any = each.get("AttributeValue") or []
        yield (
            str(each.get("@Name", "")),
            [_text(v) for v in (values if isinstance(values, list) else [values])],
        )


def _text(element: Any) -> str:
    return str(element.get("#text", "")) if isinstance(element, dict) else str(element or "")


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value)


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid("NotOnOrAfter is no time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _account(arn: str) -> str:
    parts = str(arn).split(":")
    return parts[4] if len(parts) > len(("arn", "aws", "iam", "")) else ""


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidIdentityToken", message)
