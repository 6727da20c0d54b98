"""What hangs on a resource: its owner, its policy and its tags, read from moto's state by ARN."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.state import backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHORTEST_ARN = 6
_STATEMENT = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})


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
    if not account.isdigit() and service not in ("s3", "ec2"):
        return NOTHING  # AWS's own, such as its managed policies: every account's own policies decide
    reader = _READERS.get(service)
    if reader is None:
        return Attached(owner=account)
    return reader(account, region, name, arn) or Attached(owner=account)


def _s3(_account: str, _region: str, name: str, _arn: str) -> Attached | None:
    bucket_name, _, key = name.partition("/")
    owner, bucket = state.bucket(bucket_name)
    if bucket is None:
        return None
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else (bucket.policy or "")
    tags: Mapping[str, str] = {}
    if key and key in bucket.keys:
        tags = backend("s3", owner).tagger.get_tag_dict_for_resource(bucket.keys[key].arn)
    return Attached(owner, policy, tags)


def _sqs(account: str, region: str, name: str, _arn: str) -> Attached | None:
    held = backend("sqs", account, region)
    queue = held.queues.get(name) if held is not None else None
    if queue is None:
        return None
    return Attached(account, _as_text(queue.policy), dict(queue.tags or {}))


def _as_text(policy: Any) -> str:
    if not policy:
        return ""
    return policy if isinstance(policy, str) else json.dumps(policy)


def _sns(account: str, region: str, name: str, arn: str) -> Attached | None:
    held = backend("sns", account, region)
    if held is None:
        return None
    topic = held.topics.get(arn.removesuffix(f":{name}") + f":{name.split(':', maxsplit=1)[0]}")
    return None if topic is None else Attached(account, topic.policy, dict(topic._tags))  # noqa: SLF001 - moto offers no other way


def _kms(account: str, region: str, name: str, _arn: str) -> Attached | None:
    held = backend("kms", account, region)
    if held is None:
        return None
    key_id = name.removeprefix("key/")
    key = held.keys.get(key_id)
    if key is None:
        return None
    return Attached(account, key.policy, held.tagger.get_tag_dict_for_resource(key.id))


def _secret(account: str, region: str, _name: str, arn: str) -> Attached | None:
    held = backend("secretsmanager", account, region)
    secret = held.secrets.get(arn) if held is not None else None
    if secret is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in getattr(secret, "tags", None) or ()}
    return Attached(account, getattr(secret, "policy", None) or "", tags)


def _lambda(account: str, region: str, name: str, _arn: str) -> Attached | None:
    kind, _, function = name.partition(":")
    held = backend("lambda", account, region)
    if kind != "function" or held is None:
        return None
    functions = held._lambdas._functions  # noqa: SLF001 - its lookups raise or create
    known = functions.get(function.partition(":")[0])
    latest = known["latest"] if known else None
    if latest is None:
        return None
    statements = [_function_statement(each) for each in latest.policy.statements]
    policy = _as_text({"Version": "2012-10-17", "Statement": statements}) if statements else ""
    return Attached(account, policy, dict(latest.tags or {}))


def _function_statement(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A permission as Lambda writes it; moto leaves accounts as they were given."""
    statement = {name: value for name, value in stored.items() if name in _STATEMENT}
    principal = stored.get("Principal")
    if isinstance(principal, str) and principal != "*":
        statement["Principal"] = {"AWS": principal}
    return statement


def _iam(account: str, _region: str, name: str, arn: str) -> Attached | None:
    held = backend("iam", account)
    if held is None:
        return None
    kind = name.partition("/")[0]
    if kind == "role":
        role = next((each for each in held.roles.values() if each.arn == arn), None)
        if role is None:
            return None
        return Attached(account, _as_text(role.assume_role_policy_document), _pairs(role.tags))
    if kind == "user":
        user = next((each for each in held.users.values() if each.arn == arn), None)
        return None if user is None else Attached(account, "", _pairs(user.tags))
    return None


def _pairs(tags: Any) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}


def _sagemaker(account: str, region: str, name: str, _arn: str) -> Attached | None:
    kind, _, wanted = name.partition("/")
    if kind == "model-package":
        return _model_package(account, region, wanted)
    store = _SAGEMAKER.get(kind)
    held = backend("sagemaker", account, region)
    if store is None or held is None:
        return None
    known = getattr(held, store, {})
    found = known.get(wanted) or next((v for k, v in known.items() if k.lower() == wanted), None)
    if found is None:
        return None
    return Attached(
        account, _as_text(getattr(found, "resource_policy", "")), _pairs(getattr(found, "tags", ()))
    )


def _model_package(account: str, region: str, name: str) -> Attached | None:
    """A version of a model stands under the policy of its group."""
    held = backend("sagemaker", account, region)
    known = held.model_package_groups if held is not None else {}
    group = next((v for k, v in known.items() if k.lower() == name.partition("/")[0].lower()), None)
    if group is None:
        return None
    return Attached(account, _as_text(getattr(group, "resource_policy", "")), _pairs(group.tags))


def _bus(account: str, region: str, name: str, arn: str) -> Attached | None:
    """A bus with its policy; rules have tags only."""
    held = backend("events", account, region)
    if held is None:
        return None
    kind, _, bus_name = name.partition("/")
    bus = held.event_buses.get(bus_name) if kind == "event-bus" else None
    policy = bus.policy or "" if bus is not None else ""
    return Attached(account, policy, held.tagger.get_tag_dict_for_resource(arn))


def _repository(account: str, region: str, name: str, arn: str) -> Attached | None:
    held = backend("ecr", account, region)
    found = held.repositories.get(name.partition("/")[2]) if held is not None else None
    if found is None:
        return None
    return Attached(account, found.policy or "", held.tagger.get_tag_dict_for_resource(arn))


def _table(account: str, region: str, name: str, arn: str) -> Attached | None:
    """A table or its stream, each under a policy of its own; an index stands under the table's."""
    held = backend("dynamodb", account, region)
    if held is None:
        return None
    stored = held.resource_policies.get(arn.partition("/index/")[0])
    table = held.tables.get(name.split("/")[1]) if "/" in name else None
    tags = getattr(table, "tags", None) or ()
    return Attached(account, stored.policy_doc if stored is not None else "", _pairs(tags))


def _logs(account: str, region: str, _name: str, arn: str) -> Attached | None:
    """A log group; its account's resource policies stand together as one."""
    held = backend("logs", account, region)
    if held is None:
        return None
    statements: list[Any] = []
    for each in held.resource_policies.values():
        stored = json.loads(each.policy_document).get("Statement", [])
        statements.extend(stored if isinstance(stored, list) else [stored])
    policy = _as_text({"Version": "2012-10-17", "Statement": statements}) if statements else ""
    group = arn.partition(":log-stream:")[0]
    return Attached(account, policy, held.tagger.get_tag_dict_for_resource(group))


def _ec2(account: str, region: str, name: str, _arn: str) -> Attached | None:
    """A VPC or a part of one, by the id that its ARN ends in; the ARN of a snapshot names no account."""
    thing = name.rpartition("/")[2]
    for owner in [account] if account else list(state.backends("ec2")):
        held = backend("ec2", owner, region)
        if held is not None and (account or thing in held.tags):
            return Attached(owner, "", held.tags.get(thing, {}))
    return None


def _api(account: str, region: str, name: str, _arn: str) -> Attached | None:
    """A REST API's own policy stands over each of its stages and methods."""
    held = backend("apigateway", account, region)
    found = held.apis.get(name.partition("/")[0]) if held is not None else None
    return None if found is None else Attached(account, found.policy or "", dict(found.tags or {}))


def _tagged(service: str) -> Callable[[str, str, str, str], Attached | None]:
    """A reader for services whose backend tags its resources by ARN and that have no policy here."""

    def read(account: str, region: str, _name: str, arn: str) -> Attached | None:
        held = backend(service, account, region or "aws")
        if held is None:
            return None
        tagger: Any = held.tagger
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
    "dynamodb": _table,
    "ec2": _ec2,
    "ecr": _repository,
    "events": _bus,
    "execute-api": _api,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "sagemaker": _sagemaker,
    "secretsmanager": _secret,
    "sns": _sns,
    "sqs": _sqs,
    "states": _tagged("stepfunctions"),
}
