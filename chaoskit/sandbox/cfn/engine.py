"""Carries out stack operations: makes, changes and deletes resources in order, and rolls back."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.cfn.intrinsics import Scope
from chaoskit.sandbox.cfn.stacks import Properties, Resource
from chaoskit.sandbox.cfn.template import invalid
from chaoskit.sandbox.cfn.types import TYPES
from chaoskit.sandbox.cfn.types.base import Job, Physical
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cfn.stacks import Stack
    from chaoskit.sandbox.cfn.template import Template
    from chaoskit.sandbox.cfn.types.base import ResourceType

RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})


class ResourceFailed(Exception):  # noqa: N818 - CloudFormation's word is CREATE_FAILED
    """A resource could not be made, changed or deleted; the reason is in CloudFormation's words."""


@dataclass(slots=True)
class Engine:
    """One operation on one stack.

    Attributes:
        client: A boto3 client by service name, acting as the stack's role or its caller.
        now: The sandbox's clock.
        exports: Values that other stacks export.
        replaced: What this operation has replaced and not yet deleted, oldest first.
    """

    stack: Stack
    client: Callable[[str], Any]
    now: Callable[[], datetime]
    exports: Mapping[str, str] = field(default_factory=dict)
    replaced: list[Resource] = field(default_factory=list)

    def create(self) -> None:
        """CREATE_IN_PROGRESS to CREATE_COMPLETE; on failure what OnFailure says, ROLLBACK by default."""
        stack = self.stack
        try:
            self._apply(stack.template, stack.parameters)
        except ResourceFailed as failure:
            stack.record(self.now(), "CREATE_FAILED", str(failure))
            if stack.on_failure == "DO_NOTHING":
                return
            word = "DELETE" if stack.on_failure == "DELETE" else "ROLLBACK"
            stack.record(self.now(), f"{word}_IN_PROGRESS", str(failure))
            self._remove_all(f"{word}_COMPLETE", f"{word}_FAILED", retaining=False)
            return
        stack.record(self.now(), "CREATE_COMPLETE")

    def update(self, template: Template, parameters: Mapping[str, Any]) -> None:
        """UPDATE_IN_PROGRESS to UPDATE_COMPLETE, or back to what was to UPDATE_ROLLBACK_COMPLETE."""
        stack, was = self.stack, (self.stack.template, self.stack.parameters)
        try:
            self._apply(template, parameters)
        except ResourceFailed as failure:
            stack.record(self.now(), "UPDATE_ROLLBACK_IN_PROGRESS", str(failure))
            try:
                self._restore_replaced()
                self._apply(*was)
            except ResourceFailed as again:
                stack.record(self.now(), "UPDATE_ROLLBACK_FAILED", str(again))
            else:
                stack.record(self.now(), "UPDATE_ROLLBACK_COMPLETE", str(failure))
            return
        stack.record(self.now(), "UPDATE_COMPLETE")

    def delete(self) -> None:
        """DELETE_IN_PROGRESS to DELETE_COMPLETE, or DELETE_FAILED with what is left."""
        self._remove_all("DELETE_COMPLETE", "DELETE_FAILED", retaining=True)

    def _apply(self, template: Template, parameters: Mapping[str, Any]) -> None:
        """Bring the stack's resources to the template, then its outputs."""
        stack, scope = self.stack, self._scope(template, parameters)
        wanted = [name for name in template.order if _included(template.resources[name], scope)]
        for logical_id in wanted:
            self._bring(logical_id, template.resources[logical_id], scope)
        outputs = _outputs(template, scope)
        unwanted = [each for each in self._newest_first() if each.logical_id not in wanted]
        stack.template, stack.parameters, stack.outputs = template, parameters, outputs
        while self.replaced:
            self._delete(self.replaced.pop())
        for old in unwanted:
            self._delete(old)
            del stack.resources[old.logical_id]

    def _bring(self, logical_id: str, given: Mapping[str, Any], scope: Scope) -> None:
        """Make, change or replace one resource, or leave it as it is."""
        kind, old = TYPES[given["Type"]], self.stack.resources.get(logical_id)
        try:
            wanted = Properties(scope.resolve(given.get("Properties", {})))
        except ApiError as error:
            raise ResourceFailed(f"[{logical_id}] {error.message}") from error
        policy = given.get("DeletionPolicy", "Delete")
        changed = _changed(old.properties, wanted) if old else set()
        if old is None or old.type != kind.name or changed & kind.replaced_by:
            self._make(
                Resource(logical_id, kind.name, Physical(""), wanted, policy, "", self.now()), kind, old
            )
            return
        old.deletion_policy = policy
        if changed:
            before, old.properties = old.properties, wanted
            with self._noting(old, "UPDATE"):
                old.physical = kind.update(self._job(old, before), old.physical)

    def _make(self, resource: Resource, kind: ResourceType, old: Resource | None) -> None:
        job = self._job(resource, {})
        with self._noting(resource, "UPDATE" if old else "CREATE"):
            try:
                resource.physical = kind.create(job)
            except BaseException:
                # What exists already although its creation did not get to its end must not stay.
                for physical in job.claimed:
                    with suppress(ClientError, BotoCoreError):
                        kind.delete(job, physical)
                raise
        self.stack.resources[resource.logical_id] = resource
        if old:
            self.replaced.append(old)

    def _restore_replaced(self) -> None:
        while self.replaced:
            old = self.replaced.pop()
            self._delete(self.stack.resources[old.logical_id])
            self.stack.resources[old.logical_id] = old

    def _remove_all(self, done: str, failed: str, *, retaining: bool) -> None:
        stack, left = self.stack, list[str]()
        for resource in self._newest_first():
            if retaining and resource.deletion_policy in RETAINING:
                stack.note(self.now(), resource, "DELETE_SKIPPED")
                del stack.resources[resource.logical_id]
                continue
            try:
                self._delete(resource)
            except ResourceFailed:
                left.append(resource.logical_id)
            else:
                del stack.resources[resource.logical_id]
        if left:
            names = ", ".join(left)
            stack.record(self.now(), failed, f"The following resource(s) failed to delete: [{names}].")
            return
        stack.outputs = {}
        if done == "DELETE_COMPLETE":
            stack.deleted = self.now()
        stack.record(self.now(), done)

    def _newest_first(self) -> list[Resource]:
        """The stack's resources, each before all that it refers to."""
        place = {name: index for index, name in enumerate(self.stack.template.order)}
        resources = self.stack.resources.values()
        return sorted(resources, key=lambda each: place.get(each.logical_id, -1), reverse=True)

    def _delete(self, resource: Resource) -> None:
        with self._noting(resource, "DELETE"):
            TYPES[resource.type].delete(self._job(resource, {}), resource.physical)

    @contextmanager
    def _noting(self, resource: Resource, verb: str) -> Iterator[None]:
        """Note how one resource goes: IN_PROGRESS, then COMPLETE, or FAILED and ResourceFailed."""
        note = self.stack.note
        note(self.now(), resource, f"{verb}_IN_PROGRESS")
        try:
            yield
        except (ClientError, BotoCoreError, ApiError, KeyError, ValueError) as error:
            reason = f"missing property {error}" if isinstance(error, KeyError) else str(error)
            note(self.now(), resource, f"{verb}_FAILED", reason)
            name = resource.logical_id
            raise ResourceFailed(
                f"The following resource(s) failed to {verb.lower()}: [{name}]. {reason}"
            ) from error
        note(self.now(), resource, f"{verb}_COMPLETE")

    def _job(self, resource: Resource, before: Mapping[str, Any]) -> Job:
        stack, given = self.stack, resource.properties.get("Tags", {})
        own = given if isinstance(given, dict) else {tag["Key"]: str(tag["Value"]) for tag in given}
        return Job(
            stack_name=stack.name,
            logical_id=resource.logical_id,
            account=stack.account,
            region=stack.region,
            properties=resource.properties,
            before=before,
            tags={**stack.tags, **own},
            client=self.client,
        )

    def _scope(self, template: Template, parameters: Mapping[str, Any]) -> Scope:
        stack = self.stack

        def resource(name: str) -> Physical:
            if name not in stack.resources:
                raise invalid(f"Unresolved resource dependencies [{name}]")
            return stack.resources[name].physical

        def attribute(name: str, asked: str) -> Any:
            made = resource(name).attributes
            if asked not in made:
                raise invalid(
                    f"Template error: resource {name} does not support attribute type {asked} in Fn::GetAtt"
                )
            return made[asked]

        pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Partition": "aws",
            "AWS::Region": stack.region,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }
        return Scope(
            values={**parameters, **pseudo},
            mappings=template.mappings,
            conditions=template.conditions,
            reference=lambda name: resource(name).id,
            attribute=attribute,
            exports=self.exports,
        )


def _included(given: Mapping[str, Any], scope: Scope) -> bool:
    return "Condition" not in given or scope.holds(given["Condition"])


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _outputs(template: Template, scope: Scope) -> dict[str, Mapping[str, str]]:
    outputs: dict[str, Mapping[str, str]] = {}
    for key, given in template.outputs.items():
        if not _included(given, scope):
            continue
        try:
            output = {"OutputKey": key, "OutputValue": str(scope.resolve(given["Value"]))}
            if "Export" in given:
                output["ExportName"] = str(scope.resolve(given["Export"]["Name"]))
        except ApiError as error:
            raise ResourceFailed(f"[/Outputs/{key}] {error.message}") from error
        if "Description" in given:
            output["Description"] = given["Description"]
        outputs[key] = output
    return outputs
