"""What a resource type is: how CloudFormation makes, changes and deletes one kind of resource."""

from __future__ import annotations

import json
import re
import secrets
import string
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_GONE = re.compile(r"NoSuch|NotFound|NonExistent|DoesNotExist")
_COULD_NOT_FIND = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Physical:
    """A resource that exists: `id` is what Ref returns, `attributes` what Fn::GetAtt returns."""

    NEVER_CHANGES: ClassVar = True

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One resource to make, change or delete.

    Attributes:
        properties: The template's properties, every function evaluated.
        before: On an update, the properties as they were deployed.
        tags: The stack's tags and the resource's own.
        client: A boto3 client by service name, acting as the stack's role or its caller.
        claimed: What `claim` was told of.
    """

    stack_name: str
    logical_id: str
    account: str
    region: str
    properties: Mapping[str, Any]
    before: Mapping[str, Any]
    tags: Mapping[str, str]
    client: Callable[[str], Any]
    claimed: list[Physical] = field(default_factory=list)

    def claim(self, physical: Physical) -> Physical:
        """Say that the resource exists although more calls follow, so that a failure removes it."""
        self.claimed.append(physical)
        return physical

    def generated_name(self, limit: int) -> str:
        """`stack-logical-RANDOM`, at most `limit` characters, as CloudFormation names what has no name."""
        alphabet = string.ascii_uppercase + string.digits
        suffix = "".join(secrets.choice(alphabet) for _ in range(12))
        return f"{f'{self.stack_name}-{self.logical_id}'[: limit - 13]}-{suffix}"

    def tag_list(self) -> list[dict[str, str]]:
        """The tags as `[{"Key": ..., "Value": ...}]`."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def changed(self, name: str) -> Any:
        """A property's value if it is given and not as it was deployed, else None."""
        value = self.properties.get(name)
        return value if value != self.before.get(name) else None

    def removed(self, name: str) -> bool:
        """Whether the template has ceased to give the property."""
        return name in self.before and name not in self.properties

    def pick(self, *names: str) -> dict[str, Any]:
        """Those of the named properties that the template gives."""
        return {name: self.properties[name] for name in names if name in self.properties}


class ResourceType(ABC):
    """How one resource type is made by API calls.

    Class attributes:
        name: The type's name, `AWS::IAM::Role`.
        properties: Every property that is honoured; a template with another one is refused.
        replaced_by: Properties whose change makes a new resource (`Update requires: Replacement`).
    """

    name: ClassVar[str]
    properties: ClassVar[frozenset[str]]
    replaced_by: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def create(self, job: Job) -> Physical:
        """Make the resource."""

    def update(self, job: Job, was: Physical) -> Physical:
        """Bring the resource from `job.before` to `job.properties` in place; by default, nothing."""
        del job
        return was

    @abstractmethod
    def delete(self, job: Job, was: Physical) -> None:
        """Delete the resource; one that is gone already is fine."""


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let a delete pass when the resource is not there any more, as CloudFormation does."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        if not (_GONE.search(said["Code"]) or _COULD_NOT_FIND.search(said.get("Message", ""))):
            raise


def document(value: Any) -> str:
    """A policy document as the text that an API takes."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def names(words: str) -> frozenset[str]:
    """Property names from a string of them."""
    return frozenset(words.split())
