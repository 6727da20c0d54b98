"""What hangs on a resource: its owner, its policy and its tags, read from moto's state by ARN."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHORTEST_ARN = 6


@dataclass(frozen=True, slots=True)
class Attached:
    """A resource as authorization sees it.

    Attributes:
        owner: The account that owns it; empty when there is no such resource.
        policy: Its resource policy as JSON text, or empty.
        tags: Its tags.
    """

    owner: str = ""
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


NOTHING = Attached()


def attached(arn: str) -> Attached:
    """Read what hangs on a resource; `NOTHING` for `*`, for unknown services and for what is not there."""
    parts = arn.split(":", 5)
    if len(parts) < _SHORTEST_ARN:
        return NOTHING
    _, _, service, region, account, name = parts
    reader = _READERS.get(service)
    if reader is None:
        return Attached(owner=account)
    return reader(account, region, name, arn) or Attached(owner=account)


def _s3(_account: str, _region: str, name: str, _arn: str) -> Attached | None:
    bucket_name, _, key = name.partition("/")
    _, owner = backends("s3").bucket_accounts.get(bucket_name, ("", ""))
    bucket = backends("s3")[owner]["aws"].buckets.get(bucket_name) if owner else None
    if bucket is None:
        return None
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else (bucket.policy or "")
    tags: Mapping[str, str] = {}
    if key and key in bucket.keys:
        tags = backends("s3")[owner]["aws"].tagger.get_tag_dict_for_resource(bucket.keys[key].arn)
    return Attached(owner, policy, tags)


def _sqs(account: str, region: str, name: str, _arn: str) -> Attached | None:
    queue = backends("sqs")[account][region].queues.get(name) if account in backends("sqs") else None
    if queue is None:
        return None
    return Attached(account, _as_text(queue.policy), dict(queue.tags or {}))


def _as_text(policy: Any) -> str:
    if not policy:
        return ""
    return policy if isinstance(policy, str) else json.dumps(policy)


def _sns(account: str, region: str, name: str, arn: str) -> Attached | None:
    if account not in backends("sns"):
        return None
    topic = backends("sns")[account][region].topics.get(
        arn.removesuffix(f":{name}") + f":{name.split(':', maxsplit=1)[0]}"
    )
    return None if topic is None else Attached(account, topic.policy, dict(topic._tags))  # noqa: SLF001 - moto offers no other way


def _kms(account: str, region: str, name: str, _arn: str) -> Attached | None:
    if account not in backends("kms"):
        return None
    backend = backends("kms")[account][region]
    key_id = name.removeprefix("key/")
    key = backend.keys.get(key_id)
    if key is None:
        return None
    return Attached(account, key.policy, backend.tagger.get_tag_dict_for_resource(key.id))


def _secret(account: str, region: str, _name: str, arn: str) -> Attached | None:
    if account not in backends("secretsmanager"):
        return None
    secret = backends("secretsmanager")[account][region].secrets.get(arn)
    if secret is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in getattr(secret, "tags", None) or ()}
    return Attached(account, getattr(secret, "policy", None) or "", tags)


def _lambda(account: str, region: str, name: str, _arn: str) -> Attached | None:
    kind, _, function = name.partition(":")
    if kind != "function" or account not in backends("lambda"):
        return None
    functions = backends("lambda")[account][region]._lambdas._functions  # noqa: SLF001 - its lookups raise or create
    known = functions.get(function.partition(":")[0])
    latest = known["latest"] if known else None
    if latest is None:
        return None
    policy = (
        _as_text({"Version": "2012-10-17", "Statement": latest.policy.statements})
        if latest.policy.statements
        else ""
    )
    return Attached(account, policy, dict(latest.tags or {}))


def _iam(account: str, _region: str, name: str, arn: str) -> Attached | None:
    if account not in backends("iam"):
        return None
    backend = backends("iam")[account]["aws"]
    kind = name.partition("/")[0]
    if kind == "role":
        role = next((each for each in backend.roles.values() if each.arn == arn), None)
        if role is None:
            return None
        return Attached(account, _as_text(role.assume_role_policy_document), _pairs(role.tags))
    if kind == "user":
        user = next((each for each in backend.users.values() if each.arn == arn), None)
        return None if user is None else Attached(account, "", _pairs(user.tags))
    return None


def _pairs(tags: Any) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}


def _sagemaker(account: str, region: str, name: str, _arn: str) -> Attached | None:
    kind, _, wanted = name.partition("/")
    store = _SAGEMAKER.get(kind)
    if store is None or account not in backends("sagemaker"):
        return None
    known = getattr(backends("sagemaker")[account][region], store, {})
    found = known.get(wanted) or next((v for k, v in known.items() if k.lower() == wanted), None)
    if found is None:
        return None
    return Attached(
        account, _as_text(getattr(found, "resource_policy", "")), _pairs(getattr(found, "tags", ()))
    )


def _tagged(service: Any) -> Callable[[str, str, str, str], Attached | None]:
    """A reader for services whose backend tags its resources by ARN and that have no policy here."""

    def read(account: str, region: str, _name: str, arn: str) -> Attached | None:
        stores = backends(service)
        if account not in stores:
            return None
        tagger: Any = stores[account][region or "aws"].tagger
        return Attached(account, "", tagger.get_tag_dict_for_resource(arn))

    return read


_SAGEMAKER = {
    "endpoint": "endpoints",
    "endpoint-config": "endpoint_configs",
    "model": "_models",
    "model-package-group": "model_package_groups",
    "notebook-instance": "notebook_instances",
    "pipeline": "pipelines",
    "processing-job": "processing_jobs",
    "training-job": "training_jobs",
    "transform-job": "transform_jobs",
}

_READERS: dict[str, Callable[[str, str, str, str], Attached | None]] = {
    "events": _tagged("events"),
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _tagged("logs"),
    "s3": _s3,
    "sagemaker": _sagemaker,
    "secretsmanager": _secret,
    "sns": _sns,
    "sqs": _sqs,
    "states": _tagged("stepfunctions"),
}
