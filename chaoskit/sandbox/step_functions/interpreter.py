"""moto's interpreter of the Amazon States Language, fitted to this sandbox.

Its tasks sign as the state machine's role and go through the gateway, its times are the sandbox's, and its
threads are ones that the sandbox waits for. Doing so again only changes which sandbox that is.
"""

from __future__ import annotations

import datetime as dt
import inspect
import logging
import re
import sys
import uuid
from functools import partial, wraps
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.config import default_user_config
from moto.core.utils import get_service_model

from chaoskit.sandbox.step_functions.callbacks import fit_callbacks
from chaoskit.sandbox.step_functions.map_runs import fit_map_runs
from chaoskit.sandbox.step_functions.sessions import Acting

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.step_functions.sessions import Sessions
    from chaoskit.sandbox.wire import Cloud

_PARSER = "moto.stepfunctions.parser"
_TASK = f"{_PARSER}.asl.component.state.exec.state_task"
_MAP = f"{_PARSER}.asl.component.state.exec.state_map"
_TELL_TIME = (
    f"{_PARSER}.models",
    f"{_PARSER}.backend.execution",
    f"{_PARSER}.asl.eval.event.event_manager",
    f"{_PARSER}.asl.component.state.state",
    f"{_PARSER}.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record",
)
# Step Functions names services as the AWS SDK for Java does (Developer Guide, "Learning to use AWS
# service SDK integrations"); botocore has these under other names.
_SERVICES = {
    "bedrockruntime": "bedrock-runtime",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sagemakerruntime": "sagemaker-runtime",
}
_LOOK = 1.0
"""Seconds between two looks whether a waiting execution was stopped."""
_ACRONYM = re.compile(r"(?<=[A-Z])[A-Z0-9]+(?![a-z])")


def fit(cloud: Cloud, sessions: Sessions) -> None:
    """Let executions run in this sandbox."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger(_PARSER).setLevel(logging.CRITICAL)  # it tells of each error with all of the machine
    backend = import_module(f"{_PARSER}.models").StepFunctionsParserBackend
    backend.start_execution = _with_a_name(backend.start_execution)
    _fit_tasks(sessions)
    _fit_threads(cloud, sessions)
    _fit_time(cloud)
    fit_map_runs()
    fit_callbacks()


def _fit_tasks(sessions: Sessions) -> None:
    """Tasks act as the execution's role, spell parameters as Step Functions does, and name errors so too."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_PARSER) and "boto_client_for" in vars(module):
            vars(module)["boto_client_for"] = sessions.client
    service = import_module(f"{_TASK}.service.state_task_service").StateTaskService
    service._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(_SERVICES)  # noqa: SLF001 - where moto keeps its two
    service._normalise_parameters = _spelled_as_botocore  # noqa: SLF001 - a hook that moto leaves empty
    service._normalise_response = _spelled_as_step_functions  # noqa: SLF001 - likewise
    sdk = import_module(f"{_TASK}.service.state_task_service_aws_sdk").StateTaskServiceAwsSdk
    sdk._normalise_service_error_name = staticmethod(_error_prefix)  # noqa: SLF001 - moto knows two services
    task = import_module(f"{_TASK}.state_task").StateTask
    task._eval_state_credentials = _acting(task._eval_state_credentials)  # noqa: SLF001 - moto's way to the role
    for part in ("item_reader.eval", "result_writer.resource_eval"):
        s3 = import_module(f"{_MAP}.{part}.resource_eval_s3").ResourceEvalS3
        s3._get_api_action_handler = _handling(s3._get_api_action_handler)  # noqa: SLF001 - likewise


def _error_prefix(service: str) -> str:
    """The service in an error's name, as the SDK for Java spells it: `Iam`, `DynamoDb`, `SageMaker`."""
    try:
        identity = str(get_service_model(_SERVICES.get(service, service)).service_id)
    except (DataNotFoundError, UnknownServiceError):
        return service
    return _ACRONYM.sub(lambda found: found.group().lower(), identity.replace(" ", ""))


def _model(task: Any, service: str | None, action: str | None) -> Any:
    """Botocore's model of the operation that a task calls; None when there is none: the call will fail."""
    wanted = (action or task.resource.api_action).lower()
    try:
        known = get_service_model(task._get_boto_service_name(service))  # noqa: SLF001 - moto's name for it
    except (DataNotFoundError, UnknownServiceError):
        return None
    name = next((each for each in known.operation_names if each.lower() == wanted), "")
    return known.operation_model(name) if name else None


def _spelled_as_botocore(
    task: Any,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """Parameters are PascalCase in a state machine, whatever the API's own spelling."""
    model = _model(task, boto_service_name, service_action_name)
    if model is not None and model.input_shape is not None:
        task._to_boto_request(parameters, model.input_shape)  # noqa: SLF001 - moto has it and does not use it


def _spelled_as_step_functions(
    task: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """And so is what they answer."""
    model = _model(task, boto_service_name, service_action_name)
    if model is not None and model.output_shape is not None:
        task._from_boto_response(response, model.output_shape)  # noqa: SLF001 - as above


def _acting(read: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's way to a task's role, with the execution that it belongs to."""
    read = inspect.unwrap(read)

    @wraps(read)
    def acting(task: Any, env: Any) -> Acting:
        return _in(env, read(task, env).role_arn)

    return acting


def _handling(find: Callable[..., Any]) -> Callable[..., Any]:
    """What reads a Map's items and writes its results does so for the execution too."""
    find = inspect.unwrap(find)

    @wraps(find)
    def found(resource: Any) -> Callable[..., None]:
        handle = find(resource)
        return lambda env, part, held: handle(env, part, _in(env, held.role_arn))

    return found


def _in(env: Any, role_arn: str) -> Acting:
    context = env.states.context_object.context_object_data
    return Acting(role_arn, context["Execution"]["Id"], context["StateMachine"]["Id"])


def _with_a_name(start: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's way to start an execution; one without a name gets one, as the API Reference says."""
    start = inspect.unwrap(start)

    @wraps(start)
    def named(backend: Any, machine: str, name: str | None = None, *more: Any, **others: Any) -> Any:
        return start(backend, machine, name or str(uuid.uuid4()), *more, **others)

    return named


def _fit_threads(cloud: Cloud, sessions: Sessions) -> None:
    worker = import_module(f"{_PARSER}.backend.execution_worker").ExecutionWorker

    def start(self: Any) -> None:
        cloud.spawn(partial(_run, self, sessions))

    worker.start = start
    import_module(f"{_PARSER}.backend.execution").Execution.output = property(_output, _keep_output)


def _output(execution: Any) -> str | None:
    """What DescribeExecution answers is JSON text; moto lets a text pass as it is, and trips over a time."""
    kept = execution.kept_output
    if kept is None:
        return None
    return str(import_module(f"{_PARSER}.asl.utils.encoding").to_json_str(kept, separators=(",", ":")))


def _keep_output(execution: Any, output: Any) -> None:
    execution.kept_output = output


def _run(worker: Any, sessions: Sessions) -> None:
    try:
        worker._execution_logic()  # noqa: SLF001 - what moto's own thread would run
    finally:
        sessions.end(worker._evaluation_details.execution_details.arn)  # noqa: SLF001 - moto tells it nowhere else


def _fit_time(cloud: Cloud) -> None:
    class Now(dt.datetime):
        """A datetime whose `now` is the sandbox's."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            moment = cloud.now()
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None)

    told = SimpleNamespace(**{**vars(dt), "datetime": Now})
    for name in _TELL_TIME:
        vars(import_module(name))["datetime"] = told
    retrier = import_module(f"{_PARSER}.asl.component.common.retry.retrier_decl")
    vars(retrier)["time"] = SimpleNamespace(sleep=cloud.sleep)
    wait = import_module(f"{_PARSER}.asl.component.state.wait.wait_function.wait_function").WaitFunction

    def wait_interval(_: Any, env: Any, wait_seconds: int) -> None:
        until = cloud.now() + dt.timedelta(seconds=wait_seconds)
        while env.is_running() and (left := (until - cloud.now()).total_seconds()) > 0:
            before = cloud.now()
            cloud.sleep(min(left, _LOOK))
            if cloud.now() - before < dt.timedelta(seconds=min(left, _LOOK) / 2):
                return  # the clock makes nobody wait any more: the sandbox is going away

    wait._wait_interval = wait_interval  # noqa: SLF001 - moto waits by the wall clock
