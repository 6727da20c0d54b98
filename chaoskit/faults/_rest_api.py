"""What the faults in REST APIs share: a method's settings, and the deployment that puts them to work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


def method_settings(api: str, resource: str, method: str) -> Query:
    """Who may call a method: `{authorizationType, authorizerId, apiKeyRequired}`."""
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    select = (
        "{authorizationType: authorizationType, authorizerId: authorizerId, apiKeyRequired: apiKeyRequired}"
    )
    return Query("apigateway", "GetMethod", where, select)


def update_method(api: str, resource: str, method: str, settings: Mapping[str, str]) -> Call:
    """The call that replaces settings of a method (API Gateway API Reference, Patch operations)."""
    patches = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in settings.items()]
    return Call(
        "apigateway",
        "UpdateMethod",
        restApiId=api,
        resourceId=resource,
        httpMethod=method,
        patchOperations=patches,
    )


def redeploy(aws: Reader, api: str, stage: str) -> Changes:
    """Put a new deployment on a stage: until then a changed method answers as before.

    Undone by the prior deployment; the new one is then deleted.
    """
    deployments = Query("apigateway", "GetDeployments", {"restApiId": api}, "sort(items[].id)")
    delete = Call(
        "apigateway", "DeleteDeployment", absent_ok=("NotFoundException",), restApiId=api, deploymentId=ITEM
    )
    made = yield Change(
        do=Call("apigateway", "CreateDeployment", restApiId=api),
        undo=(Each(deployments, delete),),
        state=deployments,
    )
    deployed = Query("apigateway", "GetStage", {"restApiId": api, "stageName": stage}, "deploymentId")
    prior: str = aws.read(deployed)
    yield Change(do=_deploy(api, stage, made["id"]), undo=(_deploy(api, stage, prior),), state=deployed)


def _deploy(api: str, stage: str, deployment: str) -> Call:
    patch = {"op": "replace", "path": "/deploymentId", "value": deployment}
    return Call("apigateway", "UpdateStage", restApiId=api, stageName=stage, patchOperations=[patch])
