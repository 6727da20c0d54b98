"""AWS::ApiGateway: REST APIs with their methods, stages, authorizers and usage plans.

A change that CloudFormation would make in place is made here by deleting and making anew.
"""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job

_TRUE = "true"


class _Remade(ResourceType):
    """A resource whose change remakes it."""

    def update(self, job: Job, was: Physical) -> Physical:
        self.delete(job, was)
        return self.create(job)


class RestApi(_Remade):
    """AWS::ApiGateway::RestApi: Ref is the id; RestApiId, RootResourceId."""

    name = "AWS::ApiGateway::RestApi"
    properties = names("ApiKeySourceType Description EndpointConfiguration Name Policy Tags")
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        api = job.client("apigateway")
        given = _lowered(job.pick("ApiKeySourceType", "Description", "EndpointConfiguration", "Name"))
        if "apiKeySourceType" in given:
            given["apiKeySource"] = given.pop("apiKeySourceType")
        if "Policy" in job.properties:
            given["policy"] = document(job.properties["Policy"])
        made = api.create_rest_api(**given, tags=dict(job.tags))["id"]
        was = job.claim(Physical(made))
        (root,) = api.get_resources(restApiId=made)["items"]
        return Physical(was.id, {"RestApiId": made, "RootResourceId": root["id"]})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("apigateway").delete_rest_api(restApiId=was.id)


class Resource(_Remade):
    """AWS::ApiGateway::Resource: Ref is the id; ResourceId."""

    name = "AWS::ApiGateway::Resource"
    properties = replaced_by = names("ParentId PathPart RestApiId")

    def create(self, job: Job) -> Physical:
        made = job.client("apigateway").create_resource(**_lowered(job.properties))["id"]
        return Physical(made, {"ResourceId": made})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("apigateway").delete_resource(restApiId=job.properties["RestApiId"], resourceId=was.id)


class Authorizer(_Remade):
    """AWS::ApiGateway::Authorizer: Ref is the id; AuthorizerId."""

    name = "AWS::ApiGateway::Authorizer"
    properties = names("AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource Name RestApiId Type")
    replaced_by = names("RestApiId")

    def create(self, job: Job) -> Physical:
        given = _lowered(job.properties)
        given["authorizerResultTtlInSeconds"] = int(given.get("authorizerResultTtlInSeconds", 300))
        made = job.client("apigateway").create_authorizer(**given)["id"]
        return Physical(made, {"AuthorizerId": made})

    def delete(self, job: Job, was: Physical) -> None:
        where = {"restApiId": job.properties["RestApiId"], "authorizerId": was.id}
        with gone_is_fine():
            job.client("apigateway").delete_authorizer(**where)


class Method(_Remade):
    """AWS::ApiGateway::Method: Ref is a generated id; its integration is made with it."""

    name = "AWS::ApiGateway::Method"
    replaced_by = names("HttpMethod ResourceId RestApiId")
    properties = replaced_by | names("ApiKeyRequired AuthorizationType AuthorizerId Integration")

    def create(self, job: Job) -> Physical:
        api, where = job.client("apigateway"), _lowered(job.pick(*self.replaced_by))
        required = str(job.properties.get("ApiKeyRequired", False)).lower() == _TRUE
        given = _lowered(job.pick("AuthorizationType", "AuthorizerId"))
        api.put_method(**where, **given, apiKeyRequired=required)
        was = job.claim(Physical(job.generated_name(64)))
        if integration := dict(job.properties.get("Integration", {})):
            verb = integration.pop("IntegrationHttpMethod", "POST")
            api.put_integration(**where, integrationHttpMethod=verb, **_lowered(integration))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("apigateway").delete_method(**_lowered(job.pick(*self.replaced_by)))


class Deployment(_Remade):
    """AWS::ApiGateway::Deployment: Ref is the id; DeploymentId."""

    name = "AWS::ApiGateway::Deployment"
    properties = replaced_by = names("Description RestApiId")

    def create(self, job: Job) -> Physical:
        made = job.client("apigateway").create_deployment(**_lowered(job.properties))["id"]
        return Physical(made, {"DeploymentId": made})

    def delete(self, job: Job, was: Physical) -> None:
        where = {"restApiId": job.properties["RestApiId"], "deploymentId": was.id}
        with gone_is_fine():
            job.client("apigateway").delete_deployment(**where)


class Stage(_Remade):
    """AWS::ApiGateway::Stage: Ref is the name."""

    name = "AWS::ApiGateway::Stage"
    replaced_by = names("RestApiId StageName")
    properties = replaced_by | names("DeploymentId Description Tags TracingEnabled")

    def create(self, job: Job) -> Physical:
        given = _lowered(job.pick("DeploymentId", "Description", "RestApiId", "StageName"))
        job.client("apigateway").create_stage(**given, tags=dict(job.tags))
        return Physical(given["stageName"])

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("apigateway").delete_stage(restApiId=job.properties["RestApiId"], stageName=was.id)


class UsagePlan(_Remade):
    """AWS::ApiGateway::UsagePlan: Ref is the id; Id."""

    name = "AWS::ApiGateway::UsagePlan"
    properties = names("ApiStages Description Quota Tags Throttle UsagePlanName")

    def create(self, job: Job) -> Physical:
        given = _lowered(job.pick("Description", "Quota", "Throttle"))
        stages = [_lowered(stage) for stage in job.properties.get("ApiStages", [])]
        name = job.properties.get("UsagePlanName") or job.generated_name(64)
        made = job.client("apigateway").create_usage_plan(
            name=name, apiStages=stages, tags=dict(job.tags), **given
        )["id"]
        return Physical(made, {"Id": made})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("apigateway").delete_usage_plan(usagePlanId=was.id)


class ApiKey(_Remade):
    """AWS::ApiGateway::ApiKey: Ref is the id; APIKeyId."""

    name = "AWS::ApiGateway::ApiKey"
    properties = names("Description Enabled Name Tags")

    def create(self, job: Job) -> Physical:
        enabled = str(job.properties.get("Enabled", True)).lower() == _TRUE
        made = job.client("apigateway").create_api_key(
            **_lowered(job.pick("Description", "Name")), enabled=enabled, tags=dict(job.tags)
        )["id"]
        return Physical(made, {"APIKeyId": made})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("apigateway").delete_api_key(apiKey=was.id)


class UsagePlanKey(_Remade):
    """AWS::ApiGateway::UsagePlanKey: Ref is `key:plan`."""

    name = "AWS::ApiGateway::UsagePlanKey"
    properties = replaced_by = names("KeyId KeyType UsagePlanId")

    def create(self, job: Job) -> Physical:
        job.client("apigateway").create_usage_plan_key(**_lowered(job.properties))
        return Physical(f"{job.properties['KeyId']}:{job.properties['UsagePlanId']}")

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("apigateway").delete_usage_plan_key(**_lowered(job.pick("KeyId", "UsagePlanId")))


def _lowered(given: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as the API spells them, structures within too."""
    return {
        name[0].lower() + name[1:]: _lowered(value) if isinstance(value, dict) else value
        for name, value in given.items()
    }
