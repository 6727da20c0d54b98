"""Faults in REST APIs and their usage plans, while somebody else works on the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath
import pytest

from chaoskit.aws import Each
from chaoskit.errors import AwsError
from chaoskit.faults.apigateway_drop_api_key import DropApiKey
from chaoskit.faults.apigateway_lift_usage_plan import LiftUsagePlan
from chaoskit.faults.apigateway_remove_authorizer import RemoveAuthorizer
from tests.faults.between import Account
from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chaoskit.aws import Call
    from chaoskit.contract import Fault
    from chaoskit.engine import Undone

POOL = "arn:aws:cognito-idp:us-east-1:444455556666:userpool/us-east-1_a"
SCOPES = ["models/query", "models/read"]


@dataclass(frozen=True)
class Api:
    """A REST API with a guarded method, deployed to the stages `dev` and `prod`."""

    client: Any
    id: str
    resource: str
    authorizer: str

    @property
    def method(self) -> dict[str, str]:
        return {"restApiId": self.id, "resourceId": self.resource, "httpMethod": "POST"}

    @property
    def named(self) -> dict[str, str]:
        return {"api": self.id, "resource": self.resource, "stage": "prod"}

    def guards(self) -> dict[str, Any]:
        shown = self.client.get_method(**self.method)
        names = ("authorizationType", "authorizerId", "authorizationScopes", "apiKeyRequired")
        return {name: shown.get(name) for name in names}

    def deploy(self, stage: str = "", description: str = "by CI") -> str:
        """Make a deployment and put it on a stage, if one is named."""
        made = self.client.create_deployment(restApiId=self.id, description=description)["id"]
        if stage:
            patch = {"op": "replace", "path": "/deploymentId", "value": made}
            self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=[patch])
        return str(made)

    def deployments(self) -> set[str]:
        return {each["id"] for each in self.client.get_deployments(restApiId=self.id)["items"]}

    def deployed(self) -> dict[str, str]:
        stages = self.client.get_stages(restApiId=self.id)["item"]
        return {stage["stageName"]: stage["deploymentId"] for stage in stages}


@pytest.fixture
def api(place: Account) -> Iterator[Api]:
    client = place.client("apigateway")
    made = client.create_rest_api(name="theirs")["id"]
    root = client.get_resources(restApiId=made)["items"][0]["id"]
    resource = client.create_resource(restApiId=made, parentId=root, pathPart="prediction")["id"]
    where = {"restApiId": made, "resourceId": resource, "httpMethod": "POST"}
    authorizer = client.create_authorizer(
        restApiId=made, name="a", type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource="h"
    )["id"]
    client.put_method(
        **where,
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=authorizer,
        authorizationScopes=SCOPES,
        apiKeyRequired=True,
    )
    client.put_integration(**where, type="MOCK")
    guarded = Api(client, made, resource, authorizer)
    first = guarded.deploy()
    for stage in ("dev", "prod"):
        client.create_stage(restApiId=made, stageName=stage, deploymentId=first)
    yield guarded
    client.delete_rest_api(restApiId=made)


def out(undone: list[Undone]) -> bool:
    """Whether all of a fault is out, and more than nothing was in."""
    assert [each.note for each in undone if not each.ok] == []
    return bool(undone)


FAULTS = pytest.mark.parametrize("kind", [DropApiKey, RemoveAuthorizer], ids=lambda kind: kind.about.name)


@FAULTS
def test_a_method_is_guarded_and_deployed_as_before(
    api: Api, place: Account, tmp_path: Path, kind: type[Fault]
) -> None:
    guards, deployed, deployments = api.guards(), api.deployed(), api.deployments()

    def meanwhile() -> None:
        assert api.guards() != guards
        assert api.deployed() != deployed

    assert out(place.undone(kind(**api.named), tmp_path, meanwhile))
    assert (api.guards(), api.deployed(), api.deployments()) == (guards, deployed, deployments)


@FAULTS
@pytest.mark.parametrize("stage", ["dev", ""], ids=["on another stage", "on no stage yet"])
def test_a_deployment_that_somebody_makes_meanwhile_stays(
    api: Api, place: Account, tmp_path: Path, kind: type[Fault], stage: str
) -> None:
    deployed, deployments = api.deployed(), api.deployments()
    theirs: list[str] = []
    assert out(place.undone(kind(**api.named), tmp_path, lambda: theirs.append(api.deploy(stage))))
    assert api.deployments() == deployments | set(theirs)
    assert api.deployed() == deployed | ({stage: theirs[0]} if stage else {})


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        (DropApiKey, {"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}),
        (RemoveAuthorizer, {"op": "replace", "path": "/apiKeyRequired", "value": "false"}),
    ],
    ids=["an API key", "an authorizer"],
)
def test_a_guard_is_put_back_though_somebody_changes_another_one(
    api: Api, place: Account, tmp_path: Path, kind: type[Fault], patch: dict[str, str]
) -> None:
    ours = {"apiKeyRequired"} if kind is DropApiKey else {"authorizationType", "authorizerId"}
    guards = api.guards()

    def meanwhile() -> None:
        api.client.update_method(**api.method, patchOperations=[patch])

    assert out(place.undone(kind(**api.named), tmp_path, meanwhile))
    changed = {name for name, value in api.guards().items() if value != guards[name]}
    assert patch["path"].strip("/") in changed
    assert not changed & ours


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        ({"authorizationScopes": SCOPES}, []),
        ({"authorizationScopes": SCOPES[:1]}, SCOPES[1:]),
        ({"authorizationScopes": []}, SCOPES),
        ({}, SCOPES),
    ],
    ids=["all there", "one gone", "none", "not told"],
)
def test_only_scopes_that_were_lost_are_added_again(
    api: Api, place: Account, found: Mapping[str, Any], lost: list[str]
) -> None:
    step = next(RemoveAuthorizer(**api.named).changes(place)).undo[-1]
    assert isinstance(step, Each)
    assert jmespath.search(step.items.select, found) == lost
    patch = {"op": "add", "path": "/authorizationScopes", "value": SCOPES[0]}
    assert step.call.with_item(SCOPES[0]).params["patchOperations"] == [patch]


@dataclass
class Busy(Account):
    """The account while others change the same.

    Attributes:
        met: The operations of which the first call has met them; None while there are no others yet.
    """

    met: set[str] | None = None

    def send(self, call: Call) -> Any:
        if self.met is not None and call.operation not in self.met:
            self.met.add(call.operation)
            words = "Unable to complete operation due to concurrent modification. Please try again later."
            raise AwsError(str(call), "ConflictException", words)
        return super().send(call)


@pytest.fixture
def plan(place: Account) -> Iterator[str]:
    client = place.client("apigateway")
    made = client.create_usage_plan(
        name="theirs", throttle={"rateLimit": 10.5, "burstLimit": 20}, quota={"limit": 5000, "period": "DAY"}
    )["id"]
    yield made
    client.delete_usage_plan(usagePlanId=made)


METHOD = {"UpdateMethod", "UpdateStage", "DeleteDeployment"}


@pytest.mark.parametrize(
    ("kind", "undo"),
    [("drop-api-key", METHOD), ("remove-authorizer", METHOD), ("lift-usage-plan", {"UpdateUsagePlan"})],
)
def test_an_undo_that_meets_another_change_is_tried_again(
    api: Api, place: Account, tmp_path: Path, plan: str, kind: str, undo: set[str]
) -> None:
    fault: Fault = {
        "drop-api-key": DropApiKey(**api.named),
        "remove-authorizer": RemoveAuthorizer(**api.named),
        "lift-usage-plan": LiftUsagePlan(usage_plan=plan),
    }[kind]
    shown = place.client("apigateway").get_usage_plan(usagePlanId=plan)
    guards, deployments, busy = api.guards(), api.deployments(), Busy(**vars(place))

    def meanwhile() -> None:
        busy.met = set()

    assert out(busy.undone(fault, tmp_path, meanwhile))
    assert busy.met == undo
    assert (api.guards(), api.deployments()) == (guards, deployments)
    assert place.client("apigateway").get_usage_plan(usagePlanId=plan)["throttle"] == shown["throttle"]


def test_a_limit_is_put_back_though_somebody_changes_the_plan_otherwise(
    place: Account, tmp_path: Path, plan: str
) -> None:
    client, which = place.client("apigateway"), {"usagePlanId": plan}
    client.update_usage_plan(**which, patchOperations=[{"op": "remove", "path": "/quota"}])

    def meanwhile() -> None:
        patch = {"op": "replace", "path": "/throttle/burstLimit", "value": "30"}
        client.update_usage_plan(**which, patchOperations=[patch])

    assert out(place.undone(LiftUsagePlan(usage_plan=plan, burst=20), tmp_path, meanwhile))
    assert client.get_usage_plan(**which)["throttle"] == {"rateLimit": 10.5, "burstLimit": 30}


def test_a_deployment_that_a_stage_has_is_not_deleted(api: Api) -> None:
    on_stage = api.deploy("dev")
    code, message, status = refusal(api.client.delete_deployment, restApiId=api.id, deploymentId=on_stage)
    assert (code, status) == ("BadRequestException", 400)
    assert message == "Active stages pointing to this deployment must be moved or deleted"
    api.deploy("dev")
    api.client.delete_deployment(restApiId=api.id, deploymentId=on_stage)
    assert refusal(api.client.delete_deployment, restApiId=api.id, deploymentId=on_stage)[2] == 404
