"""Signature Version 4 as the receiver sees it: read what was signed, compute it again, compare.

Source: IAM User Guide, "AWS Signature Version 4 for API requests"; Amazon S3 API Reference,
"Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from botocore.utils import normalize_url_path

from chaoskit.sandbox import sigv2
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.http import HttpRequest

_ALGORITHM = "AWS4-HMAC-SHA256"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=15)
_SCOPE_PARTS = 5
_VERSION_2 = 2
_LONGEST_PRESIGNED = 604_800
_EMPTY = sha256(b"").hexdigest()
_S3_SIGNERS = frozenset({"s3", "s3-outposts", "s3-object-lambda", "s3express"})


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says about its own signature.

    Attributes:
        timestamp: When it was signed, `YYYYMMDDTHHMMSSZ`.
        signed_headers: The names the signature covers, in lower case.
        token: The session token, for temporary credentials.
        lifetime: Seconds a presigned URL is good for; None for a signature in a header.
        version: 4, or 2 for S3 URLs presigned the old way.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: frozenset[str]
    value: str
    token: str = ""
    lifetime: int | None = None
    version: int = 4

    @property
    def scope(self) -> str:
        """What it is good for, as it is signed itself: a day, a region and a service."""
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"

    @property
    def signed_at(self) -> datetime:
        """When it was signed.

        Raises:
            ApiError: the timestamp cannot be read.
        """
        try:
            return datetime.fromisoformat(self.timestamp).astimezone(UTC)
        except ValueError:
            raise ApiError(
                "IncompleteSignature",
                f"Date must be in ISO-8601 'basic format'. Got '{self.timestamp}'. "
                "See http://en.wikipedia.org/wiki/ISO_8601",
            ) from None


def read(http: HttpRequest) -> Signature | None:
    """Read the signature of a request; None when it has none (an anonymous call).

    Raises:
        ApiError: `IncompleteSignature` and its kin, when there is one that cannot be read.
    """
    authorization = http.headers.get("authorization", "")
    if authorization:
        return _from_header(http, authorization)
    if "X-Amz-Signature=" in http.query or "X-Amz-Algorithm=" in http.query:
        return _from_query(http)
    if "AWSAccessKeyId=" in http.query and "Signature=" in http.query:
        return _from_version_2_query(http)
    return None


def _from_header(http: HttpRequest, authorization: str) -> Signature:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != _ALGORITHM:
        raise ApiError(
            "InvalidRequest",
            f"The authorization mechanism you have provided is not supported. Please use {_ALGORITHM}.",
        )
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not fields.get(name):
            raise ApiError(
                "IncompleteSignature",
                f"Authorization header requires '{name}' parameter. Authorization={authorization}",
                403,
            )
    key, date, region, service = _scope(fields["Credential"])
    timestamp = http.headers.get("x-amz-date", "")
    if not timestamp:
        raise ApiError(
            "IncompleteSignature",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            403,
        )
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        timestamp=timestamp,
        signed_headers=frozenset(fields["SignedHeaders"].lower().split(";")),
        value=fields["Signature"],
        token=http.headers.get("x-amz-security-token", ""),
    )


def _from_query(http: HttpRequest) -> Signature:
    fields = {unquote_plus(k): unquote_plus(v) for k, _, v in _pairs(http.query)}
    try:
        key, date, region, service = _scope(fields["X-Amz-Credential"])
        lifetime = int(fields["X-Amz-Expires"]) if "X-Amz-Expires" in fields else 900
        signature = Signature(
            access_key_id=key,
            date=date,
            region=region,
            service=service,
            timestamp=fields["X-Amz-Date"],
            signed_headers=frozenset(fields["X-Amz-SignedHeaders"].lower().split(";")),
            value=fields["X-Amz-Signature"],
            token=fields.get("X-Amz-Security-Token", ""),
            lifetime=lifetime,
        )
    except (KeyError, ValueError):
        raise ApiError(
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ) from None
    if not 0 < lifetime <= _LONGEST_PRESIGNED:
        raise ApiError(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {_LONGEST_PRESIGNED} seconds",
        )
    return signature


def _from_version_2_query(http: HttpRequest) -> Signature:
    fields = {unquote_plus(k): unquote_plus(v) for k, _, v in _pairs(http.query)}
    try:
        expires = datetime.fromtimestamp(int(fields["Expires"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        raise ApiError(
            "AccessDenied", "Query-string authentication requires the Expires parameter", 403
        ) from None
    return Signature(
        access_key_id=fields["AWSAccessKeyId"],
        date="",
        region="us-east-1",
        service="s3",
        timestamp=expires.strftime(_TIMESTAMP),
        signed_headers=frozenset(),
        value=fields["Signature"],
        token=fields.get("x-amz-security-token", ""),
        lifetime=0,
        version=_VERSION_2,
    )


def _scope(credential: str) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != _SCOPE_PARTS or parts[-1] != "aws4_request":
        raise ApiError(
            "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'",
            403,
        )
    return parts[0], parts[1], parts[2], parts[3]


def _pairs(query: str) -> Iterator[tuple[str, str, str]]:
    return (pair.partition("=") for pair in query.split("&") if pair)


def expired(signature: Signature, wall: datetime) -> str:
    """Why a signature is too old or too new at this wall-clock time; empty when it is not.

    Signatures are made by the wall clock of the client, so they are judged by the wall clock, not by the
    sandbox's, which may run ahead.
    """
    at = signature.signed_at
    if signature.lifetime is None:
        return "skewed" if abs(wall - at) > _SKEW else ""
    # Version 2 states the end itself, as a time of signing with a lifetime of nothing.
    early = signature.version != _VERSION_2 and at - wall > _SKEW
    return "expired" if early or wall > at + timedelta(seconds=signature.lifetime) else ""


def matches(signature: Signature, secret: str, http: HttpRequest) -> bool:
    """Whether the holder of `secret` made this signature over this request.

    Raises:
        ApiError: `XAmzContentSHA256Mismatch`, when the signed hash is not the body's.
    """
    if signature.version == _VERSION_2:
        return hmac.compare_digest(
            sigv2.expected(http, signature.access_key_id, secret, signature.token), signature.value
        )
    if signature.service in _S3_SIGNERS and signature.lifetime is None:
        _check_body_hash(http)
    return hmac.compare_digest(_expected(signature, secret, http), signature.value)


def _check_body_hash(http: HttpRequest) -> None:
    stated = http.headers.get("x-amz-content-sha256", "")
    if not stated:
        raise ApiError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if stated.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        return
    if not hmac.compare_digest(stated, sha256(http.body).hexdigest() if http.body else _EMPTY):
        raise ApiError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _expected(signature: Signature, secret: str, http: HttpRequest) -> str:
    names = sorted(signature.signed_headers)
    canonical = "\n".join(
        (
            http.method,
            http.path if signature.service in _S3_SIGNERS else _normalized(http.path),
            _canonical_query(_unsigned_query(http.query)),
            *(f"{name}:{' '.join(http.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            _payload_hash(signature, http),
        )
    )
    hashed = sha256(canonical.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{hashed}"
    return hmac.digest(signing_key(signature, secret), to_sign.encode(), sha256).hex()


@lru_cache(maxsize=1024)
def _normalized(path: str) -> str:
    """The path as every service but S3 signs it: without dot segments, and encoded once more."""
    return quote(normalize_url_path(path), safe="/~")


def signing_key(signature: Signature, secret: str) -> bytes:
    """The key that signs everything of a day, region and service."""
    return _signing_key(secret, signature.date, signature.region, signature.service)


@lru_cache(maxsize=256)
def _signing_key(secret: str, *scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), sha256)
    return key


def _canonical_query(query: str) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted((n, v) for n, _, v in _pairs(query)))


def _unsigned_query(query: str) -> str:
    if "X-Amz-Signature=" not in query:
        return query
    return "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))


def _payload_hash(signature: Signature, http: HttpRequest) -> str:
    stated = http.headers.get("x-amz-content-sha256", "")
    if signature.service in _S3_SIGNERS:
        if signature.lifetime is not None and "x-amz-content-sha256" not in signature.signed_headers:
            return "UNSIGNED-PAYLOAD"
        return stated
    if stated and stated.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        return stated
    return sha256(http.body).hexdigest() if http.body else _EMPTY
