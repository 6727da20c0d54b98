"""Finds what stands around calls: policies of the organization, boundaries, trust, endpoints, guardrails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.faults._guardrails import settings
from chaoskit.mutate.control import Control
from chaoskit.mutate.statements import ORGANIZATION, denials, sid_of, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader

_DEFAULT: Final = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
"""AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint policies"."""
_HEARS_NOTHING: Final = {"wordPolicyConfig": {"wordsConfig": [{"text": "chaoskit-nobody"}]}}
"""UpdateGuardrail needs one policy at least."""


def organization(aws: Reader, account: str) -> Iterator[Control]:
    """Each statement that denies, of the policies on the account's path in the organization.

    Args:
        aws: The management account.
        account: The account that is guarded.
    """
    for policy, kind in attached(aws, account):
        read = Query("organizations", "DescribePolicy", {"PolicyId": policy}, "Policy")
        found = aws.read(read)
        name = found["PolicySummary"]["Name"]

        def put(document: Mapping[str, Any] | None, policy: str = policy) -> list[Call]:
            if document:
                return [Call("organizations", "UpdatePolicy", PolicyId=policy, Content=json.dumps(document))]
            where = {"PolicyId": policy}
            targets = aws.read(Query("organizations", "ListTargetsForPolicy", where, "Targets[].TargetId"))
            return [Call("organizations", "DetachPolicy", PolicyId=policy, TargetId=each) for each in targets]

        document = json.loads(found["Content"])
        yield from denials(kind, name, document, put, kind, (policy,))


def attached(aws: Reader, account: str) -> list[tuple[str, str]]:
    """The ids of the policies on an account's path, each once, with their kind; those of AWS are left out."""
    path, found = [account], dict[str, str]()
    while not path[-1].startswith("r-"):
        path.append(aws.read(Query("organizations", "ListParents", {"ChildId": path[-1]}, "Parents[0].Id")))
    for target in path:
        for kind, wanted in ORGANIZATION.items():
            where = {"TargetId": target, "Filter": wanted}
            own = Query("organizations", "ListPoliciesForTarget", where, "Policies[?!AwsManaged].Id")
            found |= dict.fromkeys(aws.read(own) or (), kind)
    return list(found.items())


def boundaries(aws: Reader) -> Iterator[Control]:
    """Each permissions boundary of a role or user."""
    for what in ("Role", "User"):
        listed = Query("iam", f"List{what}s", {}, f"{what}s[].{what}Name")
        for name in aws.read(listed) or ():
            where = {f"{what}Name": name}
            arn = f"{what}.PermissionsBoundary.PermissionsBoundaryArn"
            boundary = aws.read(Query("iam", f"Get{what}", where, arn))
            if boundary:
                yield Control(
                    "boundary",
                    name,
                    (Call("iam", f"Delete{what}PermissionsBoundary", **where),),
                    (Call("iam", f"Put{what}PermissionsBoundary", **where, PermissionsBoundary=boundary),),
                    layer="boundary",
                    words=frozenset({name, boundary}),
                    protects=frozenset({name}),
                )


def trust(aws: Reader) -> Iterator[Control]:
    """Each condition in a role's trust policy: its statement is put again without."""
    for name, arn in aws.read(Query("iam", "ListRoles", {}, "Roles[].[RoleName, Arn]")) or ():
        where: dict[str, Any] = {"RoleName": name}
        document = aws.read(Query("iam", "GetRole", where, "Role.AssumeRolePolicyDocument"))
        statements = statements_of(document)
        back = Call("iam", "UpdateAssumeRolePolicy", **where, PolicyDocument=json.dumps(document))
        for number, statement in enumerate(statements):
            if statement["Effect"] != "Allow" or not statement.get("Condition"):
                continue
            bare = {key: value for key, value in statement.items() if key != "Condition"}
            left = [bare if each is statement else each for each in statements]
            policy = json.dumps({**document, "Statement": left})
            sid = sid_of(statement, number)
            yield Control(
                "trust-condition",
                f"{name}/{sid}",
                (Call("iam", "UpdateAssumeRolePolicy", **where, PolicyDocument=policy),),
                (back,),
                layer="trust",
                words=frozenset({f"{name}/{sid}", f"{arn}/{sid}"}),
                protects=frozenset({name, arn}),
            )


def endpoints(aws: Reader) -> Iterator[Control]:
    """Each VPC endpoint's policy, put back to AWS's default, which lets everything through."""
    found = "VpcEndpoints[].[VpcEndpointId, ServiceName, VpcId, PolicyDocument, Tags]"
    names: dict[str, int] = {}
    for endpoint, service, vpc, policy, tags in sorted(
        aws.read(Query("ec2", "DescribeVpcEndpoints", {}, found)) or (), key=lambda each: str(each[4])
    ):
        if not policy or _lets_all_through(json.loads(policy)):
            continue
        # Ids are drawn at random, and two sandboxes that are alike must find the same names.
        own = [tag["Value"] for tag in tags or () if not tag["Key"].startswith("aws:")]
        name = "/".join([*sorted(own), service.split(".", 3)[-1]])
        names[name] = names.get(name, 0) + 1
        where = {"VpcEndpointId": endpoint}
        yield Control(
            "endpoint-policy",
            name if names[name] == 1 else f"{name}/{names[name]}",
            (Call("ec2", "ModifyVpcEndpoint", **where, PolicyDocument=json.dumps(_DEFAULT)),),
            (Call("ec2", "ModifyVpcEndpoint", **where, PolicyDocument=policy),),
            layer="endpoint",
            words=frozenset({endpoint}),
            protects=frozenset({endpoint, vpc}),
        )


def drafts(aws: Reader) -> Iterator[Control]:
    """Each Bedrock guardrail's working draft, made deaf: it blocks one word, which nobody says.

    A numbered version is a snapshot that no call changes (Amazon Bedrock API Reference,
    CreateGuardrailVersion), so who asks through one is not reached by this.
    """
    listed = Query("bedrock", "ListGuardrails", {}, "guardrails[].[id, arn, name]")
    for guardrail, arn, name in aws.read(listed) or ():
        where: dict[str, Any] = {"guardrailIdentifier": guardrail}
        found = settings(aws.read(Query("bedrock", "GetGuardrail", where)))
        same = {each: value for each, value in found.items() if not each.endswith("PolicyConfig")}
        deaf = same | _HEARS_NOTHING
        yield Control(
            "guardrail",
            f"{name}/DRAFT",
            (Call("bedrock", "UpdateGuardrail", **where, **deaf),),
            (Call("bedrock", "UpdateGuardrail", **where, **found),),
            layer="guardrail",
            words=frozenset({guardrail, arn}),
            protects=frozenset({guardrail, arn}),
        )


def _lets_all_through(document: Mapping[str, Any]) -> bool:
    """Whether it is the default, or says the same."""
    return any(
        each["Effect"] == "Allow"
        and (each.get("Action"), each.get("Resource")) == ("*", "*")
        and not each.get("Condition")
        for each in statements_of(document)
    )
