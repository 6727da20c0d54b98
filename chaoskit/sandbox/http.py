"""One HTTP request as it came over the wire, before anything has been made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class HttpRequest:
    """The bytes of a request, split but not decoded: signatures are made over what was sent.

    Attributes:
        path: The path as sent, percent-encoded.
        query: The query string as sent, without the question mark.
        headers: Names in lower case; repeated headers are joined with commas.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    remote_address: str = "127.0.0.1"
    names: dict[str, str] = field(default_factory=dict)
    """How each header's name was spelled, for those where spelling matters (`x-amz-meta-*`)."""

    @property
    def host(self) -> str:
        """The Host header."""
        return self.headers.get("host", "")


def spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """`HttpRequest.names` of headers in lower case: WSGI would make hyphens of the underscores."""
    return {name: name for name in headers if "_" in name and name.startswith("x-amz-meta-")}
