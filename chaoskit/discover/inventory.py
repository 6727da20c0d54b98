"""The resources of an account that serverless ML is made of, read and never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from chaoskit.aws import Query
from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader

ML_SERVICES: Final = ("sagemaker", "lambda", "states", "bedrock")
"""Who assumes the roles that are looked at."""

_LISTS: Final[Mapping[str, Query]] = {
    "iam.group": Query("iam", "ListGroups", {}, "Groups[].GroupName"),
    "iam.policy": Query("iam", "ListPolicies", {"Scope": "Local"}, "Policies[].Arn"),
    "bucket": Query("s3", "ListBuckets", {}, "Buckets[].Name"),
    "function": Query("lambda", "ListFunctions", {}, "Functions[].FunctionName"),
    "sagemaker.endpoint": Query("sagemaker", "ListEndpoints", {}, "Endpoints[].EndpointName"),
    "notebook": Query("sagemaker", "ListNotebookInstances", {}, "NotebookInstances[].NotebookInstanceName"),
    "secret": Query("secretsmanager", "ListSecrets", {}, "SecretList[].ARN"),
    "key": Query("kms", "ListKeys", {}, "Keys[].KeyId"),
    "trail": Query("cloudtrail", "DescribeTrails", {}, "trailList[].Name"),
    "rule": Query("events", "ListRules", {}, "Rules[].Name"),
    "alarm": Query("cloudwatch", "DescribeAlarms", {}, "MetricAlarms[].AlarmName"),
    "detector": Query("guardduty", "ListDetectors", {}, "DetectorIds"),
    "vpc": Query("ec2", "DescribeVpcs", {}, "Vpcs[?IsDefault==`false`].VpcId"),
    "subnet": Query("ec2", "DescribeSubnets", {}, "Subnets[?DefaultForAz==`false`].SubnetId"),
    "acl": Query("ec2", "DescribeNetworkAcls", {}, "NetworkAcls[?IsDefault==`false`].NetworkAclId"),
    "ec2.group": Query("ec2", "DescribeSecurityGroups", {}, "SecurityGroups[?GroupName!='default'].GroupId"),
    "ec2.endpoint": Query("ec2", "DescribeVpcEndpoints", {}, "VpcEndpoints[].VpcEndpointId"),
}
"""How to list each kind, by what a fault's parameter calls it; `service.name` where services differ."""
_USERS: Final = Query("iam", "ListUsers", {}, "Users[].{name: UserName, arn: Arn}")
_ROLES: Final = Query(
    "iam", "ListRoles", {}, "Roles[].{name: RoleName, arn: Arn, trust: AssumeRolePolicyDocument}"
)
_FUNCTIONS: Final = Query(
    "lambda", "ListFunctions", {}, "Functions[].{name: FunctionName, role: Role, arn: FunctionArn}"
)
_MACHINES: Final = Query(
    "stepfunctions", "ListStateMachines", {}, "stateMachines[].{name: name, arn: stateMachineArn}"
)
_ENDPOINTS: Final = Query(
    "sagemaker", "ListEndpoints", {}, "Endpoints[].{name: EndpointName, arn: EndpointArn}"
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role, and who may become it.

    Attributes:
        services: The AWS services that its trust policy names.
        principals: The AWS principals likewise.
    """

    name: str
    arn: str
    services: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()

    @property
    def is_ml(self) -> bool:
        """Whether a service of the ML stack becomes it."""
        return any(service.partition(".")[0] in ML_SERVICES for service in self.services)


@dataclass(frozen=True, slots=True)
class Runs:
    """Something that runs as a role: a function or a state machine.

    Attributes:
        calls: The ARNs that its definition names, for a state machine.
    """

    name: str
    arn: str
    role_arn: str
    calls: tuple[str, ...] = ()


@dataclass(slots=True)
class Inventory:
    """What was found, and what could not be read.

    Attributes:
        users: Their ARNs by name.
        endpoints: Those of SageMaker likewise.
        found: Names by kind; the kinds are those that parameters of faults are called.
        unread: A sentence for each kind that could not be listed.
    """

    roles: tuple[Role, ...] = ()
    functions: tuple[Runs, ...] = ()
    machines: tuple[Runs, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def of(self, service: str, parameter: str) -> list[str]:
        """What could be given for a fault's parameter; empty when nothing is known of it."""
        return self.found.get(f"{service}.{parameter}") or self.found.get(parameter) or []

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "resources": self.found,
            "roles": [
                {"name": r.name, "services": list(r.services), "principals": list(r.principals)}
                for r in self.roles
            ],
            "state_machines": [
                {"name": m.name, "role": m.role_arn, "calls": list(m.calls)} for m in self.machines
            ],
            "functions": [{"name": f.name, "role": f.role_arn} for f in self.functions],
            "unread": self.unread,
        }


def inventory(aws: Reader) -> Inventory:
    """List an account's resources; what may not be read is left out, and said."""
    made = Inventory()
    for kind, query in _LISTS.items():
        names = _ask(aws, query, made)
        if names:
            made.found[kind] = sorted(names)
    made.roles = tuple(sorted(map(_role, _ask(aws, _ROLES, made)), key=lambda role: role.name))
    made.functions = tuple(Runs(f["name"], f["arn"], f["role"]) for f in _ask(aws, _FUNCTIONS, made))
    made.machines = tuple(_machines(aws, made))
    made.users = {each["name"]: each["arn"] for each in _ask(aws, _USERS, made)}
    made.endpoints = {each["name"]: each["arn"] for each in _ask(aws, _ENDPOINTS, made)}
    own = [role for role in made.roles if role.is_ml]
    made.found |= {"user": sorted(made.users)} if made.users else {}
    made.found |= {"role": [role.name for role in own], "role_arn": [role.arn for role in own]}
    return made


def _machines(aws: Reader, made: Inventory) -> Iterator[Runs]:
    for each in _ask(aws, _MACHINES, made):
        query = Query(
            "stepfunctions", "DescribeStateMachine", {"stateMachineArn": each["arn"]}, "[roleArn, definition]"
        )
        told = _ask(aws, query, made)
        if told:
            role, definition = told
            yield Runs(each["name"], each["arn"], role, tuple(sorted(_arns(json.loads(definition)))))


def _arns(value: Any) -> set[str]:
    """The ARNs that a definition names, at any depth; a task's resource is one of them."""
    if isinstance(value, dict):
        return set[str]().union(*map(_arns, value.values()))
    if isinstance(value, list):
        return set[str]().union(*map(_arns, value))
    return {value} if isinstance(value, str) and value.startswith("arn:") else set()


def _role(told: Mapping[str, Any]) -> Role:
    trust = told["trust"]
    document = json.loads(unquote(trust)) if isinstance(trust, str) else trust
    services, principals = set[str](), set[str]()
    for statement in _listed((document or {}).get("Statement")):
        principal = statement.get("Principal") or {}
        if statement.get("Effect") != "Allow":
            continue
        if isinstance(principal, str):
            principals.add(principal)
            continue
        services |= set(_listed(principal.get("Service")))
        principals |= set(_listed(principal.get("AWS"))) | set(_listed(principal.get("Federated")))
    return Role(told["name"], told["arn"], tuple(sorted(services)), tuple(sorted(principals)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _ask(aws: Reader, query: Query, made: Inventory) -> list[Any]:
    try:
        return list(aws.read(query) or [])
    except AwsError as error:
        made.unread.append(str(error))
        return []
