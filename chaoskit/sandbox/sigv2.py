"""Signature Version 2 in the query: what boto3 still presigns S3 URLs with unless told otherwise.

Source: Amazon S3 User Guide, "Signing and authenticating REST requests (Signature Version 2)".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from botocore.auth import HmacV1QueryAuth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from chaoskit.sandbox.http import HttpRequest

_OWN = ("AWSAccessKeyId=", "Signature=", "Expires=", "x-amz-security-token=")
_SIGNED = frozenset({"content-md5", "content-type"})


@dataclass(frozen=True, slots=True)
class _Split:
    """The parts of a URL in the shape that botocore's signer reads them."""

    path: str
    query: str


class _Resigner(HmacV1QueryAuth):  # type: ignore[misc] # botocore is untyped
    """botocore's signer, signing for the end that the URL states."""

    def __init__(self, credentials: Credentials, expires: str) -> None:
        super().__init__(credentials)
        self._stated = expires

    def _get_date(self) -> str:
        return self._stated


def expected(http: HttpRequest, access_key_id: str, secret: str, token: str) -> str:
    """The signature that the holder of `secret` would have put into this URL."""
    pairs = http.query.split("&")
    expires = next(unquote(pair.partition("=")[2]) for pair in pairs if pair.startswith("Expires="))
    kept = "&".join(pair for pair in pairs if not pair.startswith(_OWN))
    headers = HTTPHeaders()
    for name, value in http.headers.items():
        if name in _SIGNED or name.startswith("x-amz-"):
            headers[name] = value
    if token:
        headers["x-amz-security-token"] = token
    signer = _Resigner(Credentials(access_key_id, secret), expires)
    text = signer.canonical_string(http.method, _Split(http.path, kept), headers, auth_path=http.path)
    return str(signer.sign_string(text))
