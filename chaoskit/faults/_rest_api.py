"""What the faults in REST APIs share: a method's settings, and the deployment that puts them to work."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

BUSY: Final = (
    # Said of any change that meets another of the same API, or of an API that uses the same: try again later.
    "ConflictException: Unable to complete operation due to concurrent modification",
    # API Gateway API Reference, UpdateStage: "The request exceeded the rate limit. Retry after the specified
    # time period."
    "LimitExceededException",
)
"""What API Gateway's changes may fail of, and go through some seconds later."""


def method_settings(api: str, resource: str, method: str, select: str) -> Query:
    """Who may call a method: what is selected of GetMethod's answer."""
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    return Query("apigateway", "GetMethod", where, select)


def update_method(
    api: str, resource: str, method: str, settings: Mapping[str, str], *, op: str = "replace"
) -> Call:
    """The call that changes settings of a method (API Gateway API Reference, "Patch operations")."""
    patches = [{"op": op, "path": f"/{name}", "value": value} for name, value in settings.items()]
    return Call(
        "apigateway",
        "UpdateMethod",
        not_yet=BUSY,
        restApiId=api,
        resourceId=resource,
        httpMethod=method,
        patchOperations=patches,
    )


def redeploy(aws: Reader, api: str, stage: str) -> Changes:
    """Put a new deployment on a stage: until then a changed method answers as before.

    Undone by the prior deployment; the new one, which is known by its description, is then deleted.
    """
    description = f"chaoskit {secrets.token_hex(8)}"
    ours = Query(
        "apigateway", "GetDeployments", {"restApiId": api}, f"sort(items[?description=='{description}'].id)"
    )
    delete = Call(
        "apigateway",
        "DeleteDeployment",
        absent_ok=("NotFoundException",),
        not_yet=BUSY,
        restApiId=api,
        deploymentId=ITEM,
    )
    made = yield Change(
        do=Call("apigateway", "CreateDeployment", not_yet=BUSY, restApiId=api, description=description),
        undo=(Each(ours, delete),),
        state=ours,
    )
    deployed = Query("apigateway", "GetStage", {"restApiId": api, "stageName": stage}, "deploymentId")
    prior: str = aws.read(deployed)
    yield Change(do=_deploy(api, stage, made["id"]), undo=(_deploy(api, stage, prior),), state=deployed)


def _deploy(api: str, stage: str, deployment: str) -> Call:
    patch = {"op": "replace", "path": "/deploymentId", "value": deployment}
    return Call(
        "apigateway", "UpdateStage", not_yet=BUSY, restApiId=api, stageName=stage, patchOperations=[patch]
    )
