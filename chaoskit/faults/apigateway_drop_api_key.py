"""A method of a REST API no longer asks for an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._rest_api import method_settings, redeploy, update_method

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "apigateway.drop-api-key",
    layer="application",
    attack=("T1685",),
    atlas=("AML.T0024.002", "AML.T0034"),
    owasp_ml=("ML05",),
)
class DropApiKey(Fault):
    """Let a method be called without an API key and deploy it: no usage plan counts or limits such calls.

    Detected by: UpdateMethod, CreateDeployment, UpdateStage (apigateway.amazonaws.com)

    Attributes:
        api: The REST API's id.
        resource: The id of the resource that the method belongs to.
        stage: The stage that is deployed to.
        method: The HTTP method.
    """

    api: str
    resource: str
    stage: str
    method: str = "POST"

    def changes(self, aws: Reader) -> Changes:
        """Drop the requirement, then deploy; undone by requiring a key and the prior deployment."""
        required = method_settings(self.api, self.resource, self.method, "apiKeyRequired")
        if not aws.read(required):
            return
        yield Change(
            do=update_method(self.api, self.resource, self.method, {"apiKeyRequired": "false"}),
            undo=(update_method(self.api, self.resource, self.method, {"apiKeyRequired": "true"}),),
            state=required,
        )
        yield from redeploy(aws, self.api, self.stage)
