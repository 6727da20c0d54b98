"""What moto lacks of SageMaker: changes of endpoints, notebook URLs, and jobs that run.

Source: SageMaker API Reference, "CreateEndpointConfig", "UpdateEndpoint", "VariantProperty",
"CreatePresignedNotebookInstanceUrl", "StopTrainingJob", "DeleteTrainingJob" and "DeleteProcessingJob".
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.data_capture import summarize
from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_TAKES: Final = timedelta(minutes=1)
"""How long a training job is said to run."""
_ENDED: Final = ("Completed", "Failed", "Stopped")
_FORGOTTEN: Final = frozenset(
    {
        "CrossRegionTrafficConfig",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "ExplainerConfig",
        "MetricsConfig",
        "ShadowProductionVariants",
        "VpcConfig",
    }
)
_PROPERTIES: Final = {
    "DesiredInstanceCount": ("DesiredInstanceCount", "CurrentInstanceCount"),
    "DesiredWeight": ("DesiredWeight", "CurrentWeight"),
}
"""A variant's properties, and where DescribeEndpoint tells them."""
_JOB: Final = (
    "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
    "ResourceConfig", "VpcConfig", "StoppingCondition", "Tags", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig",
    "DebugHookConfig", "DebugRuleConfigurations", "TensorBoardOutputConfig", "ExperimentConfig",
)  # fmt: skip


class SageMakerChanges:
    """Answers what changes endpoints, notebooks and training jobs that moto keeps."""

    service = "sagemaker"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateEndpointConfig": self.create_endpoint_config,
            "UpdateEndpoint": self.update_endpoint,
            "CreatePresignedNotebookInstanceUrl": self.presign_notebook_url,
            "CreateTrainingJob": self.create_training_job,
            "StopTrainingJob": self.stop_training_job,
            "DeleteTrainingJob": self.delete_training_job,
            "DeleteProcessingJob": self.delete_processing_job,
        }

    def create_endpoint_config(self, call: ApiCall) -> Mapping[str, Any]:
        """Make a configuration, with all that moto would forget of it.

        Raises:
            ApiError: `ValidationException`, when it is there already or is refused.
        """
        params, name = call.params, call.params["EndpointConfigName"]
        with self._cloud.lock, moto_errors():
            if name in _backend(call).endpoint_configs:
                raise _invalid(f"Cannot create already existing endpoint configuration {_arn(call, name)}.")
            made = _backend(call).create_endpoint_config(
                endpoint_config_name=name,
                production_variants=params["ProductionVariants"],
                data_capture_config=params.get("DataCaptureConfig"),
                async_inference_config=params.get("AsyncInferenceConfig"),
                tags=params.get("Tags"),
                kms_key_id=params.get("KmsKeyId"),
            )
            for forgotten in _FORGOTTEN & params.keys():
                setattr(made, _snake(forgotten), params[forgotten])
            return {"EndpointConfigArn": made.endpoint_config_arn}

    def update_endpoint(self, call: ApiCall) -> Mapping[str, Any]:
        """Let an endpoint serve as another configuration says, at once.

        Of a variant that it has already, the weight and the instance count are retained where that is asked.

        Raises:
            ApiError: `ValidationException`, when there is no such endpoint or configuration.
        """
        params, backend = call.params, _backend(call)
        with self._cloud.lock:
            endpoint = backend.endpoints.get(params["EndpointName"])
            config = backend.endpoint_configs.get(params["EndpointConfigName"])
            if endpoint is None:
                raise _invalid(f"Could not find endpoint {params['EndpointName']}.")
            if config is None:
                raise _invalid(f"Could not find endpoint configuration {params['EndpointConfigName']}.")
            shaped = type(endpoint)(
                call.account,
                call.region,
                endpoint.endpoint_name,
                config.endpoint_config_name,
                config.production_variants,
                config.data_capture_config,
                endpoint.tags,
            )
            endpoint.endpoint_config_name = shaped.endpoint_config_name
            if params.get("RetainAllVariantProperties"):
                _retain(endpoint.production_variants, shaped.production_variants, params)
            endpoint.production_variants = shaped.production_variants
            endpoint.data_capture_config = shaped.data_capture_config
            summarize(call)
            endpoint.last_modified_time = self._cloud.now()
            return {"EndpointArn": endpoint.arn}

    def presign_notebook_url(self, call: ApiCall) -> Mapping[str, Any]:
        """A URL of a notebook instance. Nothing is served there.

        Raises:
            ApiError: `ValidationException`, when there is no such instance, or it does not run.
        """
        name = call.params["NotebookInstanceName"]
        with self._cloud.lock:
            found = _backend(call).notebook_instances.get(name)
            if found is None or found.status != "InService":
                raise _invalid(f"The notebook instance {name} is not InService.")
        host = f"{name}.notebook.{call.region}.sagemaker.aws"
        return {"AuthorizedUrl": f"https://{host}?authToken={secrets.token_urlsafe(48)}"}

    def create_training_job(self, call: ApiCall) -> Mapping[str, Any]:
        """Start a job. It trains nothing, and is completed a minute later.

        Raises:
            ApiError: `ResourceInUse`, when a job of that name was started before.
        """
        params, name = call.params, call.params["TrainingJobName"]
        with self._cloud.lock, moto_errors():
            if name in _backend(call).training_jobs:
                raise ApiError("ResourceInUse", f"Training job names must be unique: {name} exists already.")
            given = {_snake(each): params.get(each) for each in _JOB}
            job = _backend(call).create_training_job(training_job_name=name, **given)
            job.training_job_status, job.secondary_status = "InProgress", "Training"
            job.creation_time = job.training_start_time = job.last_modified_time = self._cloud.now()
            job.training_end_time = None
            arn = job.arn
        work = partial(self._end, call.account, call.region, name, "Completed")
        self._cloud.agenda.at(self._cloud.now() + _TAKES, work)
        return {"TrainingJobArn": arn}

    def stop_training_job(self, call: ApiCall) -> Mapping[str, Any]:
        """Stop a job that runs.

        Raises:
            ApiError: `ValidationException`, when there is no such job, or it does not run.
        """
        name = call.params["TrainingJobName"]
        with self._cloud.lock:
            job = _backend(call).training_jobs.get(name)
            if job is None:
                raise _invalid(f"Requested resource not found: training job {name}.")
            if job.training_job_status != "InProgress":
                raise _invalid(
                    "The request was rejected because the training job is in status "
                    f"{job.training_job_status}."
                )
        self._end(call.account, call.region, name, "Stopped", self._cloud.now())
        return {}

    def delete_training_job(self, call: ApiCall) -> Mapping[str, Any]:
        """Delete a job that has ended.

        Raises:
            ApiError: `ResourceNotFound`, when there is no such job; `ResourceInUse`, when it still runs.
        """
        name = call.params["TrainingJobName"]
        with self._cloud.lock:
            _delete(_backend(call).training_jobs, name, lambda job: job.training_job_status)
        return {}

    def delete_processing_job(self, call: ApiCall) -> Mapping[str, Any]:
        """Delete a job that has ended.

        Raises:
            ApiError: `ResourceNotFound`, when there is no such job; `ResourceInUse`, when it still runs.
        """
        name = call.params["ProcessingJobName"]
        with self._cloud.lock:
            _delete(_backend(call).processing_jobs, name, lambda job: job.processing_job_status)
        return {}

    def _end(self, account: str, region: str, name: str, status: str, at: datetime) -> None:
        with self._cloud.lock:
            job = backends("sagemaker")[account][region].training_jobs.get(name)
            if job is not None and job.training_job_status == "InProgress":
                job.training_job_status = job.secondary_status = status
                job.training_end_time = job.last_modified_time = at


def _backend(call: ApiCall) -> Any:
    return backends("sagemaker")[call.account][call.region]


def _retain(had: list[dict[str, Any]], gets: list[dict[str, Any]], params: Mapping[str, Any]) -> None:
    """Give variants that were there before the properties that they had, but for those that are excluded."""
    excluded = {each["VariantPropertyType"] for each in params.get("ExcludeRetainedVariantProperties", ())}
    shown = [name for kind, names in _PROPERTIES.items() if kind not in excluded for name in names]
    before = {variant["VariantName"]: variant for variant in had}
    for variant in gets:
        was = before.get(variant["VariantName"], {})
        variant.update({name: was[name] for name in shown if name in was})


def _delete(jobs: dict[str, Any], name: str, status: Callable[[Any], str]) -> None:
    if name not in jobs:
        raise ApiError("ResourceNotFound", f"Requested resource not found: job {name}.")
    if status(jobs[name]) not in _ENDED:
        raise ApiError("ResourceInUse", f"The job {name} is {status(jobs[name])} and can't be deleted.")
    del jobs[name]


def _arn(call: ApiCall, config: str) -> str:
    return f"arn:aws:sagemaker:{call.region}:{call.account}:endpoint-config/{config}"


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
