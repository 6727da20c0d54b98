"""A method of a REST API no longer asks who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._rest_api import method_settings, redeploy, update_method

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "apigateway.remove-authorizer",
    layer="application",
    attack=("T1556",),
    atlas=("AML.T0040",),
    owasp_ml=("ML05",),
)
class RemoveAuthorizer(Fault):
    """Set a method's authorization to NONE and deploy it: whoever has the address can query the model.

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
        """Open the method, then deploy; undone by the prior settings and deployment. An open one is left."""
        settings = method_settings(self.api, self.resource, self.method)
        prior = aws.read(settings)
        if prior["authorizationType"] == "NONE":
            return
        kept = {name: prior[name] for name in ("authorizationType", "authorizerId") if prior[name]}
        yield Change(
            do=update_method(self.api, self.resource, self.method, {"authorizationType": "NONE"}),
            undo=(update_method(self.api, self.resource, self.method, kept),),
            state=settings,
        )
        yield from redeploy(aws, self.api, self.stage)
