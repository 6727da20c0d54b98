"""A stack set's instances: one stack in each account and region, made as StackSets' role there.

Source: CloudFormation User Guide, "Activate trusted access for StackSets with AWS Organizations" (the service
role `stacksets-exec-*` in each target account) and "StackSets concepts" (operations and their statuses).
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.state import backends, organization_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.wire import Cloud, Principal

MEMBER_SERVICE: Final = "member.org.stacksets.cloudformation.amazonaws.com"
_ADMIN: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
_NOTHING_TO_DO: Final = "No updates are to be performed"
_POLL_S: Final = 0.02  # wall time: the sandbox's clock may stand still
_LONGEST_S: Final = 300.0
_DONE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


@dataclass(slots=True)
class Instance:
    """One stack of a stack set; `detail` is RUNNING, SUCCEEDED, FAILED, PENDING or CANCELLED."""

    account: str
    region: str
    unit: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    stack_id: str = ""
    status: str = "OUTDATED"
    detail: str = "PENDING"
    reason: str = ""
    operation: str = ""


@dataclass(slots=True)
class Operation:
    """One operation on a stack set, and what came of it in each account and region."""

    id: str
    action: str
    created: datetime
    units: tuple[str, ...]
    tolerated: int
    status: str = "RUNNING"
    reason: str = ""
    ended: datetime | None = None
    results: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class StackSet:
    """A stack set with service-managed permissions."""

    id: str
    name: str
    account: str
    body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    description: str
    auto_deployment: Mapping[str, bool]
    managed_execution: bool
    status: str = "ACTIVE"
    instances: list[Instance] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Work:
    """Brings instances to their stack set, one account and region after the other."""

    cloud: Cloud
    this: StackSet
    operation: Operation

    def bring(self, instances: Iterable[Instance]) -> None:
        """Create or update their stacks; stop in a region once more fail than are tolerated."""
        self._each(instances, self._bring)

    def remove(self, instances: Iterable[Instance], *, retain: bool) -> None:
        """Delete their stacks, or leave them, and forget them."""

        def gone(instance: Instance) -> None:
            if not retain:
                self._delete(instance)
            self.this.instances.remove(instance)

        self._each(list(instances), gone)

    def _each(self, instances: Iterable[Instance], do: Any) -> None:
        failed: dict[str, int] = {}
        try:
            for instance in instances:
                instance.operation = self.operation.id
                if any(count > self.operation.tolerated for count in failed.values()):
                    self._result(instance, "CANCELLED", "Cancelled since failure tolerance has exceeded")
                    continue
                instance.detail = "RUNNING"
                try:
                    do(instance)
                except (ClientError, BotoCoreError, _StackFailed) as error:
                    failed[instance.region] = failed.get(instance.region, 0) + 1
                    self._result(instance, "FAILED", str(error))
                else:
                    self._result(instance, "SUCCEEDED", "")
        finally:
            spent = any(count > self.operation.tolerated for count in failed.values())
            self.operation.status = "FAILED" if spent else "SUCCEEDED"
            self.operation.ended = self.cloud.now()

    def _result(self, instance: Instance, status: str, reason: str) -> None:
        instance.detail, instance.reason = status, reason
        instance.status = "CURRENT" if status == "SUCCEEDED" else "OUTDATED"
        self.operation.results.append(
            {
                "Account": instance.account,
                "Region": instance.region,
                "Status": status,
                "OrganizationalUnitId": instance.unit,
                **({"StatusReason": reason} if reason else {}),
            }
        )

    def _bring(self, instance: Instance) -> None:
        this, api = self.this, self._api(instance)
        values = {**this.parameters, **instance.overrides}
        request: dict[str, Any] = {
            "TemplateBody": this.body,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            "Capabilities": list(this.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in this.tags.items()],
        }
        if instance.stack_id and self._dead(api, instance):
            self._delete(instance)
            instance.stack_id = ""
        if instance.stack_id:
            try:
                api.update_stack(StackName=instance.stack_id, **request)
            except ClientError as error:
                if _NOTHING_TO_DO not in error.response["Error"]["Message"]:
                    raise
                return
        else:
            name = f"StackSet-{this.name}-{uuid.uuid4()}"
            instance.stack_id = api.create_stack(StackName=name, **request)["StackId"]
        self._settle(api, instance, _DONE)

    def _delete(self, instance: Instance) -> None:
        if instance.stack_id:
            api = self._api(instance)
            api.delete_stack(StackName=instance.stack_id)
            self._settle(api, instance, frozenset({"DELETE_COMPLETE"}))

    def _dead(self, api: Any, instance: Instance) -> bool:
        status = api.describe_stacks(StackName=instance.stack_id)["Stacks"][0]["StackStatus"]
        return status in {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}

    def _settle(self, api: Any, instance: Instance, good: frozenset[str]) -> None:
        deadline = time.monotonic() + _LONGEST_S
        while True:
            stack = api.describe_stacks(StackName=instance.stack_id)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            if time.monotonic() > deadline:
                raise _StackFailed(f"{stack['StackStatus']} after {_LONGEST_S:.0f} s")
            time.sleep(_POLL_S)
        if stack["StackStatus"] not in good:
            raise _StackFailed(_why(api, instance) or stack["StackStatus"])

    def _api(self, instance: Instance) -> Any:
        acting = _executor(self.cloud, self.this.account, instance.account)
        return self.cloud.client("cloudformation", acting, region=instance.region)


def _why(api: Any, instance: Instance) -> str:
    """The first failure of a stack's last operation."""
    reason = ""
    for event in api.describe_stack_events(StackName=instance.stack_id)["StackEvents"]:
        said = event.get("ResourceStatusReason", "")
        if said == "User Initiated":
            break
        if said and event["ResourceStatus"].endswith("_FAILED") and "::Stack" not in event["ResourceType"]:
            where = f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}"
            reason = f"{where}, ResourceStatusReason:{said}"
    return reason


class _StackFailed(Exception):  # noqa: N818 - it says what became of the stack
    """An instance's stack did not get where it should."""


def accounts_under(management_account: str, unit: str) -> Iterator[str]:
    """The accounts of an OU or root and of all OUs below it, the management account never.

    Hold the sandbox's lock.

    Raises:
        KeyError: The organization has no such root or OU.
    """
    held = organization_of(management_account)
    units = {each.id: each for each in held.ou}
    if unit not in units and unit != held.org.root_id:
        raise KeyError(unit)

    def below(parent: str) -> Iterator[str]:
        for account in held.accounts:
            if account.parent_id == parent and account.id != management_account:
                yield account.id
        for each in units.values():
            if each.parent_id == parent and each.id != parent:
                yield from below(each.id)

    yield from below(unit)


def _executor(cloud: Cloud, management_account: str, account: str) -> Principal:
    """StackSets' service role in an account; it is made when it is first needed, as AWS does."""
    suffix = hashlib.sha256(management_account.encode()).hexdigest()[:32]
    name = f"stacksets-exec-{suffix}"
    with cloud.lock:
        iam = backends("iam")[account]["aws"]
        if name not in {role.name for role in iam.roles.values()}:
            _make(iam, name)
    return cloud.assume(
        f"arn:aws:iam::{account}:role/{name}", service=MEMBER_SERVICE, session_name="AWSCloudFormation"
    )


def _make(iam: Any, name: str) -> None:
    trusted = {"Effect": "Allow", "Principal": {"Service": MEMBER_SERVICE}, "Action": "sts:AssumeRole"}
    iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    iam.attach_role_policy(_ADMIN, name)
