"""The HTTP request that a call will become, without sending it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chaoskit.aws import models

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws.calls import Call


@dataclass(frozen=True, slots=True)
class Sending:
    """What of a request shows in condition keys.

    Attributes:
        method: The HTTP method.
        path: The URL's path.
        query: The URL's query string, as far as the serializer writes it.
        headers: The headers that the parameters make, names in lower case; what signing adds is not among
            them.
    """

    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def sending(call: Call) -> Sending | None:
    """How botocore's serializer writes a call; None when its parameters can't be written (yet).

    Parameters that stand for a reply that has not come are texts, which not every field can hold.
    """
    from botocore import serialize  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    model = models.service(call.service)
    operation = model.operation_model(call.operation)
    protocol = model.resolved_protocol
    serializer = serialize.create_serializer(protocol, include_validation=False)
    try:
        request: dict[str, Any] = serializer.serialize_to_request(dict(call.params), operation)
    except (TypeError, ValueError, AttributeError, KeyError):
        return None
    url = urlsplit(request["url_path"])
    headers = {str(name).lower(): str(value) for name, value in request["headers"].items()}
    return Sending(request["method"], url.path, url.query, headers)


def method(call: Call) -> str:
    """The HTTP method of a call, which is known whatever its parameters: it is API Gateway's action."""
    return str(models.service(call.service).operation_model(call.operation).http["method"])
