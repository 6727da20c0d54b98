"""The resources that rules look at, by AWS Config's type, read from moto's state under the sandbox's lock.

Source of types and ids: AWS Config Developer Guide, Supported Resource Types; a resource's id is what AWS
names it by: a bucket's name, an IAM user's unique id, a key's id, a secret's ARN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from chaoskit.sandbox import bucket_access, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.config.rule import Place

Found: TypeAlias = "Iterator[tuple[str, str, Any]]"
ACCOUNT = "AWS::::Account"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        place: Its account, and the region that asks.
        type: AWS Config's type.
        id: AWS Config's id.
        name: What people call it.
        state: moto's object; for a bucket `bucket_access.Bucket`, None for an account.
    """

    place: Place
    type: str
    id: str
    name: str
    state: Any


def resources(place: Place, resource_type: str) -> list[Resource]:
    """The resources of a type in an account's region; none of a type that is not known here."""
    reader = _READERS.get(resource_type)
    if reader is None:
        return []
    return [Resource(place, resource_type, *found) for found in reader(place)]


def resource_types() -> tuple[str, ...]:
    """The types that are known here."""
    return tuple(sorted(_READERS))


def _account(place: Place) -> Found:
    yield place[0], place[0], None


def _buckets(place: Place) -> Found:
    account, region = place
    held = state.backend("s3", account)
    for name, stored in list(held.buckets.items()) if held is not None else ():
        found = bucket_access.find(name)
        if found is not None and stored.region_name == region:
            yield name, name, found


def _users(place: Place) -> Found:
    held = state.backend("iam", place[0])
    for user in list(held.users.values()) if held is not None else ():
        yield user.id, user.name, user


def _policies(place: Place) -> Found:
    """Customer managed policies: AWS's own are not a resource of the account."""
    held = state.backend("iam", place[0])
    for arn, policy in list(held.managed_policies.items()) if held is not None else ():
        if f"::{place[0]}:" in arn:
            yield policy.id, policy.name, policy


def _of(service: str, store: str, identify: Callable[[Any], tuple[str, str]]) -> Callable[[Place], Found]:
    """A reader of what a backend keeps in a mapping."""

    def read(place: Place) -> Found:
        held = state.backend(service, *place)
        for each in list(getattr(held, store).values()) if held is not None else ():
            yield (*identify(each), each)

    return read


def _trails(place: Place) -> Found:
    """The trails of the region, and those of other regions that log it too."""
    account, region = place
    held = state.backends("cloudtrail")
    for name, home in list(held[account].items()) if account in held else ():
        for trail in list(home.trails.values()):
            if name == region or trail.is_multi_region:
                yield trail.arn, trail.trail_name, trail


def _functions(place: Place) -> Found:
    held = state.backend("lambda", *place)
    known = held._lambdas._functions if held is not None else {}  # noqa: SLF001 - its lookups raise or create
    for name, versions in list(known.items()):
        if versions.get("latest") is not None:
            yield name, name, versions["latest"]


def _groups(place: Place) -> Found:
    held = state.backend("ec2", *place)
    for groups in list(held.groups.values()) if held is not None else ():
        for group in list(groups.values()):
            yield group.id, group.name, group


_READERS: dict[str, Callable[[Place], Found]] = {
    ACCOUNT: _account,
    "AWS::CloudTrail::Trail": _trails,
    "AWS::EC2::SecurityGroup": _groups,
    "AWS::EC2::VPC": _of("ec2", "vpcs", lambda vpc: (vpc.id, vpc.id)),
    "AWS::IAM::Policy": _policies,
    "AWS::IAM::User": _users,
    "AWS::KMS::Key": _of("kms", "keys", lambda key: (key.id, key.id)),
    "AWS::Lambda::Function": _functions,
    "AWS::S3::Bucket": _buckets,
    "AWS::SageMaker::EndpointConfig": _of(
        "sagemaker", "endpoint_configs", lambda one: (one.endpoint_config_name, one.endpoint_config_name)
    ),
    "AWS::SageMaker::NotebookInstance": _of(
        "sagemaker",
        "notebook_instances",
        lambda one: (one.notebook_instance_name, one.notebook_instance_name),
    ),
    "AWS::SecretsManager::Secret": _of("secretsmanager", "secrets", lambda secret: (secret.arn, secret.name)),
}
