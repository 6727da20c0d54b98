"""The CloudFormation API: stacks, their resources, events and outputs.

moto has CloudFormation too, but it drops properties that a template states, never rolls back, makes
resources behind authorization's back, and costs two seconds to import. This one makes every resource by
API calls through the gateway, as AWS does: with the stack's service role, or else as the caller
(CloudFormation User Guide, CloudFormation service role).
"""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from chaoskit.sandbox.cfn import describe
from chaoskit.sandbox.cfn.engine import Engine
from chaoskit.sandbox.cfn.parameters import resolve_parameters
from chaoskit.sandbox.cfn.stack_sets import StackSets
from chaoskit.sandbox.cfn.stacks import Stack
from chaoskit.sandbox.cfn.template import invalid, parse
from chaoskit.sandbox.cfn.types import TYPES
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cfn.template import Template
    from chaoskit.sandbox.wire import ApiCall, Cloud, Principal

SERVICE = "cloudformation.amazonaws.com"
_BODY_LIMIT = 51_200
"""CreateStack's limit for TemplateBody, in bytes (CloudFormation quotas)."""
_URL_LIMIT = 1_000_000
"""The limit for a template in S3, in bytes (likewise)."""
_S3_URL = re.compile(r"https://([a-z0-9.-]+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com/(.+)")
_IN_PROGRESS = "_IN_PROGRESS"


class CloudFormation:
    """Answers CloudFormation's operations on stacks and stack sets; change sets are left to moto."""

    service = "cloudformation"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stacks: list[Stack] = []
        self._lock = threading.Lock()
        self._sets = StackSets(cloud, self._template)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateStack": self.create_stack,
            "DeleteStack": self.delete_stack,
            "DescribeStackEvents": self.describe_stack_events,
            "DescribeStackResource": self.describe_stack_resource,
            "DescribeStackResources": self.describe_stack_resources,
            "DescribeStacks": self.describe_stacks,
            "GetTemplate": self.get_template,
            "ListExports": self.list_exports,
            "ListStackResources": self.list_stack_resources,
            "ListStacks": self.list_stacks,
            "UpdateStack": self.update_stack,
            "ValidateTemplate": self.validate_template,
            **self._sets.operations,
        }

    def create_stack(self, call: ApiCall) -> Mapping[str, Any]:
        """Start making a stack; AlreadyExistsException when the name is taken."""
        params, name = call.params, call.params["StackName"]
        template = self._template(call)
        parameters = resolve_parameters(template, params.get("Parameters", []), {})
        _check_capabilities(template, params)
        at = self._cloud.now()
        stack = Stack(
            id=f"arn:aws:cloudformation:{call.region}:{call.account}:stack/{name}/{uuid.uuid4()}",
            name=name,
            account=call.account,
            region=call.region,
            template=template,
            parameters=parameters,
            tags=_tags(params),
            capabilities=tuple(params.get("Capabilities", [])),
            role_arn=params.get("RoleARN", ""),
            created=at,
            status="",
            on_failure="DO_NOTHING" if params.get("DisableRollback") else params.get("OnFailure", "ROLLBACK"),
            termination_protection=bool(params.get("EnableTerminationProtection")),
        )
        engine = self._engine(stack, call)
        with self._lock:
            if any(each.name == name and not each.deleted for each in self._of(call)):
                raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists")
            stack.record(at, "CREATE_IN_PROGRESS", "User Initiated")
            self._stacks.append(stack)
        self._run(stack, engine.create)
        return {"StackId": stack.id}

    def update_stack(self, call: ApiCall) -> Mapping[str, Any]:
        """Start changing a stack; ValidationError when there is nothing to change."""
        params, stack = call.params, self._find(call)
        template = stack.template if params.get("UsePreviousTemplate") else self._template(call)
        parameters = resolve_parameters(template, params.get("Parameters", []), stack.parameters)
        _check_capabilities(template, params)
        tags = _tags(params) if "Tags" in params else stack.tags
        same = (template.body, parameters, tags) == (stack.template.body, stack.parameters, stack.tags)
        if same:
            raise invalid("No updates are to be performed.")
        was = stack.role_arn
        stack.role_arn = params.get("RoleARN") or was
        try:
            engine = self._engine(stack, call)
        except ApiError:
            stack.role_arn = was
            raise
        with self._lock:
            if stack.status.endswith(_IN_PROGRESS) or stack.status in ("ROLLBACK_COMPLETE", "CREATE_FAILED"):
                raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
            stack.updated = self._cloud.now()
            stack.tags = tags
            stack.capabilities = tuple(params.get("Capabilities", []))
            stack.record(stack.updated, "UPDATE_IN_PROGRESS", "User Initiated")
        self._run(stack, lambda: engine.update(template, parameters))
        return {"StackId": stack.id}

    def delete_stack(self, call: ApiCall) -> Mapping[str, Any]:
        """Start deleting a stack; a stack that does not exist is no error (DeleteStack API reference)."""
        try:
            stack = self._find(call)
        except ApiError:
            return {}
        if stack.deleted:
            return {}
        if stack.termination_protection:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        stack.role_arn = call.params.get("RoleARN") or stack.role_arn
        engine = self._engine(stack, call)
        with self._lock:
            if stack.status.endswith(_IN_PROGRESS):
                raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
            stack.record(self._cloud.now(), "DELETE_IN_PROGRESS", "User Initiated")
        self._run(stack, engine.delete)
        return {}

    def describe_stacks(self, call: ApiCall) -> Mapping[str, Any]:
        """The stacks that exist, or the one that is named; a deleted one only by its id."""
        if call.params.get("StackName"):
            return {"Stacks": [describe.stack(self._find(call))]}
        return {"Stacks": [describe.stack(each) for each in self._of(call) if not each.deleted]}

    def list_stacks(self, call: ApiCall) -> Mapping[str, Any]:
        """A summary of every stack, deleted ones too, or of those in the given statuses."""
        wanted = call.params.get("StackStatusFilter")
        found = [each for each in self._of(call) if not wanted or each.status in wanted]
        return {"StackSummaries": [describe.stack_summary(each) for each in found]}

    def describe_stack_events(self, call: ApiCall) -> Mapping[str, Any]:
        """What happened to a stack, newest first."""
        stack = self._find(call)
        return {"StackEvents": [describe.event(stack, each) for each in reversed(list(stack.events))]}

    def describe_stack_resources(self, call: ApiCall) -> Mapping[str, Any]:
        """A stack's resources, or the one of a logical name."""
        stack = self._find(call)
        wanted = call.params.get("LogicalResourceId")
        found = [each for each in list(stack.resources.values()) if wanted in (None, each.logical_id)]
        return {"StackResources": [describe.resource(stack, each) for each in found]}

    def describe_stack_resource(self, call: ApiCall) -> Mapping[str, Any]:
        """One resource of a stack."""
        stack, logical_id = self._find(call), call.params["LogicalResourceId"]
        if logical_id not in stack.resources:
            raise invalid(f"Resource {logical_id} does not exist for stack {stack.name}")
        return {"StackResourceDetail": describe.resource_detail(stack, stack.resources[logical_id])}

    def list_stack_resources(self, call: ApiCall) -> Mapping[str, Any]:
        """A summary of each resource of a stack."""
        stack = self._find(call)
        return {
            "StackResourceSummaries": [
                describe.resource_summary(each) for each in list(stack.resources.values())
            ]
        }

    def get_template(self, call: ApiCall) -> Mapping[str, Any]:
        """The template as it was sent."""
        return {"TemplateBody": self._find(call).template.body, "StagesAvailable": ["Original", "Processed"]}

    def validate_template(self, call: ApiCall) -> Mapping[str, Any]:
        """The template's parameters and the capabilities that it needs."""
        return describe.validated(self._template(call))

    def list_exports(self, call: ApiCall) -> Mapping[str, Any]:
        """The values that the account's stacks export."""
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": out["ExportName"], "Value": out["OutputValue"]}
                for stack in self._of(call)
                for out in stack.outputs.values()
                if "ExportName" in out
            ]
        }

    def _of(self, call: ApiCall) -> list[Stack]:
        return [
            each for each in list(self._stacks) if (each.account, each.region) == (call.account, call.region)
        ]

    def _find(self, call: ApiCall) -> Stack:
        wanted = call.params.get("StackName", "")
        for stack in self._of(call):
            if stack.id == wanted or (stack.name == wanted and not stack.deleted):
                return stack
        raise invalid(f"Stack with id {wanted} does not exist")

    def _run(self, stack: Stack, work: Callable[[], None]) -> None:
        """Do the work in the background; whatever happens there, the stack does not stay in progress."""

        def run() -> None:
            try:
                work()
            finally:
                if stack.status.endswith(_IN_PROGRESS):
                    failed = f"{stack.status.removesuffix(_IN_PROGRESS)}_FAILED"
                    stack.record(self._cloud.now(), failed, "Internal Failure")

        self._cloud.spawn(run)

    def _engine(self, stack: Stack, call: ApiCall) -> Engine:
        acting = self._acting(stack, call)
        exports = {
            str(out["ExportName"]): out["OutputValue"]
            for each in self._of(call)
            if each is not stack
            for out in each.outputs.values()
            if "ExportName" in out
        }
        return Engine(
            stack,
            lambda service: self._cloud.client(service, acting, region=stack.region),
            self._cloud.now,
            exports,
        )

    def _template(self, call: ApiCall) -> Template:
        """The template that a call gives, as text or by an S3 URL that the caller may read."""
        if url := call.params.get("TemplateURL"):
            return _parsed(self._fetched(url, call))
        body: str = call.params.get("TemplateBody", "")
        if len(body.encode()) > _BODY_LIMIT:
            raise invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {_BODY_LIMIT}"
            )
        return _parsed(body)

    def _fetched(self, url: str, call: ApiCall) -> str:
        found = _S3_URL.fullmatch(url)
        if not found:
            raise invalid("TemplateURL must be a supported URL.")
        s3 = self._cloud.client("s3", replace(call.principal, invoked_by=SERVICE), region=call.region)
        try:
            body: bytes = s3.get_object(Bucket=found[1], Key=unquote(found[2]))["Body"].read()
        except ClientError as error:
            raise invalid(f"S3 error: {error.response['Error']['Message']}") from error
        if len(body) > _URL_LIMIT:
            raise invalid(f"Template size exceeds maximum allowed size of {_URL_LIMIT} bytes")
        return body.decode()

    def _acting(self, stack: Stack, call: ApiCall) -> Principal:
        if not stack.role_arn:
            return replace(call.principal, invoked_by=SERVICE)
        try:
            return self._cloud.assume(stack.role_arn, service=SERVICE, session_name="AWSCloudFormation")
        except ApiError as error:
            raise invalid(f"Role {stack.role_arn} is invalid or cannot be assumed") from error


def _parsed(body: str) -> Template:
    template = parse(body)
    kinds = {given["Type"] for given in template.resources.values()}
    if unknown := sorted(kinds - TYPES.keys()):
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    for name, given in template.resources.items():
        stated = set(given.get("Properties", {}))
        if strange := sorted(stated - TYPES[given["Type"]].properties):
            raise invalid(f"Resource {name} ({given['Type']}): Encountered unsupported property {strange[0]}")
    return template


def _check_capabilities(template: Template, params: Mapping[str, Any]) -> None:
    need, given = template.needs_capability(), set(params.get("Capabilities", []))
    if need and need not in given and "CAPABILITY_NAMED_IAM" not in given:
        raise ApiError("InsufficientCapabilitiesException", f"Requires capabilities : [{need}]")


def _tags(params: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
