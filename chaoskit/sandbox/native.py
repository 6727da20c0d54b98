"""The answers of native providers, serialized by the operation's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.serialize import SerializationContext, get_serializer_class

from chaoskit.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.operations import Target


def native_answer(output: Mapping[str, Any], target: Target, request_id: str) -> Answer:
    """Serialize a provider's output mapping.

    A streaming payload may be bytes. A key `ResponseMetadata` with an `HTTPStatusCode` sets the status.
    """
    serializer = get_serializer_class(target.service, target.protocol)
    shaped = serializer(target.model, SerializationContext(request_id)).serialize(dict(output))
    body = shaped["body"]
    status = shaped["status_code"]
    metadata = output.get("ResponseMetadata")
    if isinstance(metadata, dict):
        status = metadata.get("HTTPStatusCode", status)
    headers = [(str(name), str(value)) for name, value in shaped["headers"].items()]
    content = body.encode() if isinstance(body, str) else bytes(body)
    return Answer(int(status), headers, content, output=output)
