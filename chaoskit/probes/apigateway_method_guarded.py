"""Looks whether a method of a REST API asks who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("apigateway.method-guarded")
class MethodGuarded(Probe):
    """The method asks for authorization and for an API key.

    Attributes:
        api: The REST API's id.
        resource: The id of the resource that the method belongs to.
        method: The HTTP method.
    """

    api: str
    resource: str
    method: str = "POST"

    reads = ("apigateway:GetMethod",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the method's settings."""
        del trace
        where = {"restApiId": self.api, "resourceId": self.resource, "httpMethod": self.method}
        select = "{authorization: authorizationType, authorizer: authorizerId, api_key: apiKeyRequired}"
        found = aws.read(Query("apigateway", "GetMethod", where, select))
        open_to = [
            *(["any caller"] if found["authorization"] == "NONE" else []),
            *([] if found["api_key"] else ["callers without an API key"]),
        ]
        return Observation(
            holds=not open_to,
            summary=f"{self.method} of API {self.api} "
            + (f"is open to {' and '.join(open_to)}" if open_to else "asks for authorization and an API key"),
            evidence=found,
        )
