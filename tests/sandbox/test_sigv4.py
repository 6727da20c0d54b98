"""Signatures taken apart: AWS's own published examples, and uploads in signed chunks."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from chaoskit.sandbox import chunked, sigv4
from chaoskit.sandbox.http import HttpRequest
from chaoskit.sandbox.wire import ApiError

# Key pair, date and requests are those of the Amazon S3 API Reference, "Authenticating Requests".
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = f"{KEY}/20130524/us-east-1/s3/aws4_request"
EMPTY = hashlib.sha256(b"").hexdigest()
HOST = "examplebucket.s3.amazonaws.com"


def signed(headers: str, signature: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={headers},Signature={signature}"


def example() -> HttpRequest:
    value = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    return HttpRequest(
        "GET",
        "/test.txt",
        "",
        {
            "host": HOST,
            "range": "bytes=0-9",
            "x-amz-content-sha256": EMPTY,
            "x-amz-date": "20130524T000000Z",
            "authorization": signed("host;range;x-amz-content-sha256;x-amz-date", value),
        },
        b"",
    )


def test_the_example_of_the_s3_reference_is_genuine() -> None:
    http = example()
    signature = sigv4.read(http)
    assert signature is not None
    assert sigv4.matches(signature, SECRET, http)
    assert not sigv4.matches(signature, SECRET + "x", http)


@pytest.mark.parametrize(
    ("part", "value"),
    [("path", "/other.txt"), ("query", "acl"), ("method", "PUT")],
)
def test_any_change_to_the_request_breaks_the_signature(part: str, value: str) -> None:
    http = example()
    signature = sigv4.read(http)
    assert signature is not None
    setattr(http, part, value)
    assert not sigv4.matches(signature, SECRET, http)


def test_a_presigned_url_of_the_s3_reference_is_genuine_for_a_day() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    http = HttpRequest("GET", "/test.txt", query, {"host": HOST}, b"")
    signature = sigv4.read(http)
    assert signature is not None
    assert sigv4.matches(signature, SECRET, http)
    made = datetime(2013, 5, 24, tzinfo=UTC)
    assert sigv4.expired(signature, made + timedelta(hours=23)) == ""
    assert sigv4.expired(signature, made + timedelta(hours=25)) == "expired"


def test_a_body_that_is_not_the_signed_one_is_refused() -> None:
    http = example()
    signature = sigv4.read(http)
    assert signature is not None
    http.body = b"smuggled"
    with pytest.raises(ApiError, match="XAmzContentSHA256Mismatch"):
        sigv4.matches(signature, SECRET, http)


def chunks(*parts: bytes, seed: str) -> bytes:
    """A body in signed chunks, as "Transferring Payload in Multiple Chunks" of the S3 reference builds it."""
    key = f"AWS4{SECRET}".encode()
    for each in ("20130524", "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, each.encode(), hashlib.sha256).digest()
    previous, body = seed, b""
    for part in (*parts, b""):
        to_sign = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                "20130524T000000Z",
                "20130524/us-east-1/s3/aws4_request",
                previous,
                EMPTY,
                hashlib.sha256(part).hexdigest(),
            )
        )
        previous = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part + b"\r\n"
    return body


def upload() -> HttpRequest:
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    names = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class"
    )
    return HttpRequest(
        "PUT",
        "/examplebucket/chunkObject.txt",
        "",
        {
            "host": "s3.amazonaws.com",
            "x-amz-date": "20130524T000000Z",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "authorization": signed(names, seed),
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "content-encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560",
            "content-length": "66824",
        },
        chunks(b"a" * 65536, b"a" * 1024, seed=seed),
    )


def test_the_chunked_upload_of_the_s3_reference_is_genuine_and_put_together() -> None:
    http = upload()
    assert len(http.body) == 66824
    # The signature of the second chunk, as the reference prints it.
    assert b"chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497" in http.body
    signature = sigv4.read(http)
    assert signature is not None
    assert sigv4.matches(signature, SECRET, http)
    assert chunked.genuine(http, signature, SECRET)
    plain = chunked.decoded(http, signature)
    assert plain.body == b"a" * 66560
    assert "content-encoding" not in plain.headers


def test_a_chunk_exchanged_on_the_way_is_noticed() -> None:
    http = upload()
    signature = sigv4.read(http)
    assert signature is not None
    http.body = http.body.replace(b"a" * 1024 + b"\r\n0;", b"b" * 1024 + b"\r\n0;")
    assert not chunked.genuine(http, signature, SECRET)


@pytest.mark.parametrize("body", [b"", b"zz\r\n", b"5\r\nab", b"2\r\nab\r\n"])
def test_chunks_that_do_not_add_up_are_refused(body: bytes) -> None:
    http = upload()
    http.body = body
    with pytest.raises(ApiError, match="IncompleteBody"):
        chunked.decoded(http, sigv4.read(http))


def test_trailing_checksums_become_headers() -> None:
    http = upload()
    http.headers["x-amz-content-sha256"] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    http.headers["x-amz-decoded-content-length"] = "4"
    http.headers["content-encoding"] = "gzip, aws-chunked"
    http.body = b"4\r\ndata\r\n0\r\nx-amz-checksum-crc32:rd6FZg==\r\n\r\n"
    plain = chunked.decoded(http, sigv4.read(http))
    assert plain.body == b"data"
    assert plain.headers["x-amz-checksum-crc32"] == "rd6FZg=="
    assert plain.headers["content-encoding"] == "gzip"
