"""The actions that call AWS: `aws:executeAwsApi`, and asserting or awaiting a property of the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, UnknownServiceError

from chaoskit.sandbox.automation.selector import MISSING, compile_selector
from chaoskit.sandbox.automation.task import CancelledError, Result, failed, timed_out
from chaoskit.sandbox.automation.values import dump, plain, shown, text

if TYPE_CHECKING:
    from chaoskit.sandbox.automation.task import StepFailedError, Task

DOING = "Execute/Cancelling action"
ASSERTING = "asserting the resource property"
WAITING = "waiting for the resource property"

FIRST_POLL, LONGEST_POLL = 0.1, 5.0
"""Seconds between two looks at a property; AWS documents none. They double from the first to the longest."""

WAIT_LIMIT = timedelta(hours=1)
"""How long a wait may take (aws:waitForAwsResourceProperty, default timeout)."""

PERMISSION_CODES = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)
THROTTLING_CODES = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)

OWN_INPUTS = ("Service", "Api", "PropertySelector", "DesiredValues")


def execute(task: Task) -> Result:
    """Call one operation; its response is what the outputs select from."""
    return _result(_call(task, task.inputs()))


def assert_property(task: Task) -> Result:
    """Call once and fail unless the selected value is a desired one."""
    inputs = task.inputs()
    response = _call(task, inputs)
    value, met = _look(inputs, response)
    if not met:
        wanted = shown(_desired(inputs))
        what = f"the property {inputs['PropertySelector']} is {_named(value)}, not one of {wanted}"
        raise failed(ASSERTING, what, stage="PostVerification", kind="Verification")
    return _result(response)


def wait_for_property(task: Task) -> Result:
    """Call until the selected value is a desired one; an API error fails the step, time ends it."""
    if task.deadline is None:
        task.deadline = task.cloud.now() + WAIT_LIMIT
    inputs = task.inputs()
    wait = FIRST_POLL
    while True:
        response = _call(task, inputs)
        if _look(inputs, response)[1]:
            return _result(response)
        if task.expired():
            raise timed_out(WAITING)
        if task.cancelled():
            raise CancelledError
        task.pause(wait)
        wait = min(wait * 2, LONGEST_POLL)


def _result(response: dict[str, Any]) -> Result:
    return Result(response=response, text=dump(response))


def _call(task: Task, inputs: dict[str, Any]) -> dict[str, Any]:
    service, api = text(inputs["Service"]), text(inputs["Api"])
    try:
        client = task.client(service)
    except UnknownServiceError:
        raise failed(DOING, f"There is no AWS service {service!r}", stage="InputValidation") from None
    method = api if api in client.meta.method_to_api_mapping else xform_name(api)
    operation = client.meta.method_to_api_mapping.get(method)
    if operation is None:
        raise failed(DOING, f"The service {service} has no operation {api!r}", stage="InputValidation")
    if client.meta.service_model.operation_model(operation).has_streaming_output:
        raise failed(DOING, f"{operation} streams its answer, which {task.step.action} does not support")
    parameters = {name: value for name, value in inputs.items() if name not in OWN_INPUTS}
    try:
        response = getattr(client, method)(**parameters)
    except ParamValidationError as error:
        raise failed(DOING, str(error), stage="InputValidation") from None
    except ClientError as error:
        raise _client_failure(error) from None
    except BotoCoreError as error:
        raise failed(DOING, str(error), kind="Internal") from None
    answer: dict[str, Any] = plain(response)
    return answer


def _client_failure(error: ClientError) -> StepFailedError:
    code = error.response.get("Error", {}).get("Code", "")
    said = error.response.get("Error", {}).get("Message", "")
    what = f"An error occurred ({code}) when calling the {error.operation_name} operation: {said}"
    if code in PERMISSION_CODES:
        kind = "Permission"
    else:
        kind = "Throttling" if code in THROTTLING_CODES else "Action"
    return failed(DOING, what, kind=kind, code=code)


def _desired(inputs: dict[str, Any]) -> list[Any]:
    values = inputs["DesiredValues"]
    return values if isinstance(values, list) else [values]


def _look(inputs: dict[str, Any], response: dict[str, Any]) -> tuple[object, bool]:
    value = compile_selector(text(inputs["PropertySelector"])).find(response)
    wanted = {_comparable(each) for each in _desired(inputs)}
    found = value if isinstance(value, list) else [value]
    return value, bool(found) and all(each is not MISSING and _comparable(each) in wanted for each in found)


def _comparable(value: object) -> str:
    # YAML authors write "True", JSON authors true: the response's own type decides nothing.
    written = text(value)
    return written.lower() if written.lower() in {"true", "false"} else written


def _named(value: object) -> str:
    return "not in the response" if value is MISSING else shown(value)
