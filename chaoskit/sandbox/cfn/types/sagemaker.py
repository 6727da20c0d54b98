"""AWS::SageMaker: models and their package groups, endpoint configurations and endpoints."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Model(ResourceType):
    """AWS::SageMaker::Model: Ref is the ARN; ModelName. It cannot be changed, only replaced."""

    name = "AWS::SageMaker::Model"
    replaced_by = names(
        "Containers EnableNetworkIsolation ExecutionRoleArn ModelName PrimaryContainer VpcConfig"
    )
    properties = replaced_by | {"Tags"}

    def create(self, job: Job) -> Physical:
        name = job.properties.get("ModelName") or job.generated_name(63)
        made = job.client("sagemaker").create_model(
            ModelName=name,
            Tags=job.tag_list(),
            **job.pick(
                "PrimaryContainer", "Containers", "ExecutionRoleArn", "EnableNetworkIsolation", "VpcConfig"
            ),
        )
        return Physical(made["ModelArn"], {"ModelName": name})

    def update(self, job: Job, was: Physical) -> Physical:
        return _retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("sagemaker").delete_model(ModelName=was.attributes["ModelName"])


class EndpointConfig(ResourceType):
    """AWS::SageMaker::EndpointConfig: Ref is the ARN; EndpointConfigName. It can only be replaced."""

    name = "AWS::SageMaker::EndpointConfig"
    replaced_by = names(
        "DataCaptureConfig EnableNetworkIsolation EndpointConfigName ExecutionRoleArn KmsKeyId "
        "ProductionVariants ShadowProductionVariants"
    )
    properties = replaced_by | {"Tags"}

    def create(self, job: Job) -> Physical:
        name = job.properties.get("EndpointConfigName") or job.generated_name(63)
        made = job.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            Tags=job.tag_list(),
            **job.pick(
                "ProductionVariants",
                "ShadowProductionVariants",
                "DataCaptureConfig",
                "KmsKeyId",
                "EnableNetworkIsolation",
                "ExecutionRoleArn",
            ),
        )
        return Physical(made["EndpointConfigArn"], {"EndpointConfigName": name})

    def update(self, job: Job, was: Physical) -> Physical:
        return _retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        name = was.attributes["EndpointConfigName"]
        with gone_is_fine():
            job.client("sagemaker").delete_endpoint_config(EndpointConfigName=name)


class Endpoint(ResourceType):
    """AWS::SageMaker::Endpoint: Ref is the ARN; EndpointName."""

    name = "AWS::SageMaker::Endpoint"
    properties = names("EndpointConfigName EndpointName Tags")
    replaced_by = names("EndpointName")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("EndpointName") or job.generated_name(63)
        made = job.client("sagemaker").create_endpoint(
            EndpointName=name,
            EndpointConfigName=job.properties["EndpointConfigName"],
            Tags=job.tag_list(),
        )
        return Physical(made["EndpointArn"], {"EndpointName": name})

    def update(self, job: Job, was: Physical) -> Physical:
        if job.properties["EndpointConfigName"] != job.before["EndpointConfigName"]:
            job.client("sagemaker").update_endpoint(
                EndpointName=was.attributes["EndpointName"],
                EndpointConfigName=job.properties["EndpointConfigName"],
            )
        return _retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("sagemaker").delete_endpoint(EndpointName=was.attributes["EndpointName"])


class ModelPackageGroup(ResourceType):
    """AWS::SageMaker::ModelPackageGroup: Ref and ModelPackageGroupArn are the ARN."""

    name = "AWS::SageMaker::ModelPackageGroup"
    replaced_by = names("ModelPackageGroupDescription ModelPackageGroupName")
    properties = replaced_by | {"ModelPackageGroupPolicy", "Tags"}

    def create(self, job: Job) -> Physical:
        given = job.pick("ModelPackageGroupDescription", "ModelPackageGroupName")
        made = job.client("sagemaker").create_model_package_group(Tags=job.tag_list(), **given)
        arn = made["ModelPackageGroupArn"]
        was = Physical(arn, {"ModelPackageGroupArn": arn})
        return self.update(job, job.claim(was))

    def update(self, job: Job, was: Physical) -> Physical:
        client, group = job.client("sagemaker"), was.id.rpartition("/")[2]
        if policy := job.changed("ModelPackageGroupPolicy"):
            client.put_model_package_group_policy(
                ModelPackageGroupName=group, ResourcePolicy=document(policy)
            )
        if job.removed("ModelPackageGroupPolicy"):
            client.delete_model_package_group_policy(ModelPackageGroupName=group)
        return _retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        group = was.id.rpartition("/")[2]
        with gone_is_fine():
            job.client("sagemaker").delete_model_package_group(ModelPackageGroupName=group)


class NotebookInstance(ResourceType):
    """AWS::SageMaker::NotebookInstance: Ref is the ARN; NotebookInstanceName. Here it is only replaced."""

    name = "AWS::SageMaker::NotebookInstance"
    replaced_by = names(
        "DirectInternetAccess InstanceType KmsKeyId LifecycleConfigName NotebookInstanceName RoleArn "
        "RootAccess SecurityGroupIds SubnetId"
    )
    properties = replaced_by | {"Tags"}

    def create(self, job: Job) -> Physical:
        given = job.pick(*self.replaced_by)
        given.setdefault("NotebookInstanceName", job.generated_name(63))
        made = job.client("sagemaker").create_notebook_instance(Tags=job.tag_list(), **given)
        arn: str = made["NotebookInstanceArn"]
        return Physical(arn, {"NotebookInstanceName": given["NotebookInstanceName"]})

    def update(self, job: Job, was: Physical) -> Physical:
        return _retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        client, name = job.client("sagemaker"), was.attributes["NotebookInstanceName"]
        with gone_is_fine():
            status = client.describe_notebook_instance(NotebookInstanceName=name)["NotebookInstanceStatus"]
            if status == "InService":
                client.stop_notebook_instance(NotebookInstanceName=name)
            client.delete_notebook_instance(NotebookInstanceName=name)


class NotebookInstanceLifecycleConfig(ResourceType):
    """AWS::SageMaker::NotebookInstanceLifecycleConfig: Ref is the ARN; ...LifecycleConfigName."""

    name = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
    replaced_by = names("NotebookInstanceLifecycleConfigName")
    properties = replaced_by | names("OnCreate OnStart Tags")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("NotebookInstanceLifecycleConfigName") or job.generated_name(63)
        made = job.client("sagemaker").create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name, **job.pick("OnCreate", "OnStart")
        )
        arn: str = made["NotebookInstanceLifecycleConfigArn"]
        return Physical(arn, {"NotebookInstanceLifecycleConfigName": name})

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("sagemaker").update_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=was.attributes["NotebookInstanceLifecycleConfigName"],
            **job.pick("OnCreate", "OnStart"),
        )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        name = was.attributes["NotebookInstanceLifecycleConfigName"]
        with gone_is_fine():
            job.client("sagemaker").delete_notebook_instance_lifecycle_config(
                NotebookInstanceLifecycleConfigName=name
            )


def _retag(job: Job, was: Physical) -> Physical:
    if job.tags:
        job.client("sagemaker").add_tags(ResourceArn=was.id, Tags=job.tag_list())
    return was
