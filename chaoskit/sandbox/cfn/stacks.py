"""A stack's state: what was asked for, what was made, and what happened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.sandbox.cfn.types.base import Physical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.cfn.template import Template

__all__ = ["Event", "Physical", "Properties", "Resource", "Stack"]


class Properties(dict[str, Any]):
    """A resource's properties, every function evaluated; nobody changes them."""

    NEVER_CHANGES: ClassVar = True


@dataclass(slots=True)
class Resource:
    """One resource of a stack, as it was last deployed."""

    logical_id: str
    type: str
    physical: Physical
    properties: Properties
    deletion_policy: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One line of DescribeStackEvents."""

    NEVER_CHANGES: ClassVar = True

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: datetime


@dataclass(slots=True)
class Stack:
    """A stack; `status` is one of CloudFormation's stack status codes.

    Attributes:
        parameters: The resolved values, defaults included.
        role_arn: The service role that CloudFormation acts as; empty to act as the caller.
        resources: By logical name, in the order in which they were made.
    """

    id: str
    name: str
    account: str
    region: str
    template: Template
    parameters: Mapping[str, Any]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    role_arn: str
    created: datetime
    status: str
    reason: str = ""
    updated: datetime | None = None
    deleted: datetime | None = None
    on_failure: str = "ROLLBACK"
    termination_protection: bool = False
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def record(self, at: datetime, status: str, reason: str = "") -> None:
        """Take on a status and note it among the events."""
        self.status = status
        self.reason = reason
        self.events.append(
            Event(_event_id(), self.name, self.id, "AWS::CloudFormation::Stack", status, reason, at)
        )

    def note(self, at: datetime, resource: Resource, status: str, reason: str = "") -> None:
        """Add what happened to a resource to the events."""
        resource.status, resource.at = status, at
        self.events.append(
            Event(_event_id(), resource.logical_id, resource.physical.id, resource.type, status, reason, at)
        )


def _event_id() -> str:
    return str(uuid.uuid4())
