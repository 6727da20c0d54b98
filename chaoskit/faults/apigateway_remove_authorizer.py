"""A method of a REST API no longer asks who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import ITEM, Each
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._rest_api import method_settings, redeploy, update_method

if TYPE_CHECKING:
    from chaoskit.aws import Call, Reader
    from chaoskit.contract import Changes

_AUTHORIZATION: Final = (
    "{authorizationType: authorizationType, authorizerId: authorizerId, "
    "authorizationScopes: sort(authorizationScopes || `[]`)}"
)


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
        where = (self.api, self.resource, self.method)
        settings = method_settings(*where, _AUTHORIZATION)
        prior = aws.read(settings)
        if prior["authorizationType"] == "NONE":
            return
        kept = {name: prior[name] for name in ("authorizationType", "authorizerId") if prior[name]}
        undo: list[Call | Each] = [update_method(*where, kept)]
        if scopes := prior["authorizationScopes"]:
            # Whether they are lost with the authorization, no guide tells; one that is there is not added.
            lost = ", ".join(
                f"!contains(authorizationScopes || `[]`, '{each}') && '{each}'" for each in scopes
            )
            add = update_method(*where, {"authorizationScopes": ITEM}, op="add")
            undo.append(Each(method_settings(*where, f"[{lost}] | [?@]"), add))
        yield Change(
            do=update_method(*where, {"authorizationType": "NONE"}), undo=tuple(undo), state=settings
        )
        yield from redeploy(aws, self.api, self.stage)
