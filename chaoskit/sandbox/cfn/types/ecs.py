"""AWS::ECS: clusters, task definitions and services. No container runs in the sandbox."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Cluster(ResourceType):
    """AWS::ECS::Cluster: Ref is the name; Arn."""

    name = "AWS::ECS::Cluster"
    properties = names("ClusterName ClusterSettings Tags")
    replaced_by = names("ClusterName")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("ClusterName") or job.generated_name(255)
        made = job.client("ecs").create_cluster(
            clusterName=name,
            settings=_lower(job.properties.get("ClusterSettings", [])),
            tags=_lower(job.tag_list()),
        )["cluster"]
        return Physical(name, {"Arn": made["clusterArn"]})

    def update(self, job: Job, was: Physical) -> Physical:
        if settings := job.changed("ClusterSettings"):
            job.client("ecs").update_cluster_settings(cluster=was.id, settings=_lower(settings))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ecs").delete_cluster(cluster=was.id)


class TaskDefinition(ResourceType):
    """AWS::ECS::TaskDefinition: Ref is the ARN with its revision; any change makes another one."""

    name = "AWS::ECS::TaskDefinition"
    replaced_by = names(
        "ContainerDefinitions Cpu ExecutionRoleArn Family Memory NetworkMode RequiresCompatibilities "
        "RuntimePlatform TaskRoleArn Volumes"
    )
    properties = replaced_by | {"Tags"}

    def create(self, job: Job) -> Physical:
        given = _lower(job.pick(*self.replaced_by))
        family = given.pop("family", None) or job.generated_name(255)
        made = job.client("ecs").register_task_definition(family=family, tags=_lower(job.tag_list()), **given)
        arn = made["taskDefinition"]["taskDefinitionArn"]
        return Physical(arn, {"TaskDefinitionArn": arn})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ecs").deregister_task_definition(taskDefinition=was.id)


class Service(ResourceType):
    """AWS::ECS::Service: Ref is the ARN; Name, ServiceArn."""

    name = "AWS::ECS::Service"
    replaced_by = names("Cluster LaunchType ServiceName")
    properties = replaced_by | names(
        "DeploymentConfiguration DesiredCount NetworkConfiguration PlatformVersion Tags TaskDefinition"
    )

    def create(self, job: Job) -> Physical:
        name = job.properties.get("ServiceName") or job.generated_name(255)
        made = job.client("ecs").create_service(
            serviceName=name,
            tags=_lower(job.tag_list()),
            **_lower(job.pick("Cluster", "LaunchType", "PlatformVersion")),
            **self._settings(job),
        )["service"]
        return Physical(made["serviceArn"], {"Name": name, "ServiceArn": made["serviceArn"]})

    def update(self, job: Job, was: Physical) -> Physical:
        where = {"cluster": job.properties["Cluster"], "service": was.attributes["Name"]}
        job.client("ecs").update_service(**where, **self._settings(job))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ecs").delete_service(
                cluster=job.properties["Cluster"], service=was.attributes["Name"], force=True
            )

    def _settings(self, job: Job) -> dict[str, Any]:
        return {
            "desiredCount": int(job.properties.get("DesiredCount", 1)),
            **_lower(job.pick("DeploymentConfiguration", "NetworkConfiguration", "TaskDefinition")),
        }


_KEPT = names("Options")  # its keys are the log driver's own


def _lower(value: Any) -> Any:
    """As the API spells it: the first letter of each name is lower case."""
    match value:
        case dict():
            return {
                f"{name[0].lower()}{name[1:]}": inner if name in _KEPT else _lower(inner)
                for name, inner in value.items()
            }
        case list():
            return [_lower(each) for each in value]
    return value
