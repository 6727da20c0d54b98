"""Which resources a call acts on, where the published patterns alone do not tell.

Names become ARNs; aliases, paths and suffixes are what only the account knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.permissions import arns
from chaoskit.permissions.guardrails import guardrail_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.permissions.call import Account, Call


def resources(call: Call, action: str, known: Account) -> list[str]:
    """The ARNs that authorization of a call is about; `["*"]` when it names none."""
    service = action.partition(":")[0]
    special = _SPECIAL.get(service)
    if special is not None:
        found = special(call, action, known)
        if found is not None:
            return found
    found = arns.resources(action, call.params, account=call.account, region=call.region)
    return [_lowered(arn) for arn in found] if service == "sagemaker" else found


def _lowered(arn: str) -> str:
    """SageMaker's ARNs carry names in lower case (SageMaker API Reference, e.g. `EndpointArn`)."""
    head, separator, tail = arn.rpartition("/")
    return f"{head}{separator}{tail.lower()}"


def _s3(call: Call, _action: str, _known: Account) -> list[str] | None:
    bucket = call.params.get("Bucket", "")
    if call.service != "s3" or not bucket:
        return None if call.service != "s3" else ["*"]
    if bucket.startswith("arn:"):
        bucket = bucket.rpartition(":")[2]
    base = f"arn:aws:s3:::{bucket}"
    if call.operation == "DeleteObjects":
        doomed = (call.params.get("Delete") or {}).get("Objects", [])
        return [f"{base}/{each['Key']}" for each in doomed] or [base]
    key = call.params.get("Key", "")
    return [f"{base}/{key}"] if key else [base]


def _iam(call: Call, action: str, known: Account) -> list[str] | None:
    params = call.params
    if "PolicySourceArn" in params:
        return [params["PolicySourceArn"]]
    path = params.get("Path") or "/"
    kinds = {each.name.lower() for each in arns.resource_types(action)}
    if "role" in kinds and params.get("RoleName"):
        return _named("role", params["RoleName"], path, call.account, known)
    if "user" in kinds:
        name = params.get("UserName") or call.principal.user_name
        return _named("user", name, path, call.account, known) if name else None
    if "group" in kinds and params.get("GroupName"):
        return _named("group", params["GroupName"], path, call.account, known)
    if "policy" in kinds and params.get("PolicyName"):
        return [f"arn:aws:iam::{call.account}:policy{path}{params['PolicyName']}"]
    return None


def _named(kind: str, name: str, path: str, account: str, known: Account) -> list[str]:
    return list(known.principals(kind, name, account)) or [f"arn:aws:iam::{account}:{kind}{path}{name}"]


def _kms(call: Call, _action: str, known: Account) -> list[str] | None:
    given = call.params.get("KeyId") or call.params.get("SourceKeyId") or call.params.get("TargetKeyId")
    if call.operation in {"CreateAlias", "UpdateAlias", "DeleteAlias"}:
        alias = f"arn:aws:kms:{call.region}:{call.account}:{call.params.get('AliasName', '')}"
        target = call.params.get("TargetKeyId")
        return [alias, key_arn(target, call.account, call.region, known)] if target else [alias]
    if call.operation == "RetireGrant" and call.params.get("GrantToken"):
        return [known.key_of_grant(call.params["GrantToken"]) or "*"]
    if call.operation == "Decrypt" and not given:
        given = known.key_of_ciphertext(call.params.get("CiphertextBlob"))
    return [key_arn(given, call.account, call.region, known)] if given else None


def key_arn(given: str, account: str, region: str, known: Account) -> str:
    """The ARN of a key that is given by id, ARN, alias or alias ARN."""
    if given.startswith("arn:"):
        parts = given.split(":", 5)
        account, region, given = parts[4], parts[3], parts[5]
    if given.startswith("alias/"):
        key = known.key_of_alias(given, account, region)
        if not key:
            return f"arn:aws:kms:{region}:{account}:{given}"
        given = key
    return f"arn:aws:kms:{region}:{account}:key/{given.removeprefix('key/')}"


def _secret(call: Call, _action: str, known: Account) -> list[str] | None:
    given = call.params.get("SecretId")
    if given is None:
        name = call.params.get("Name")
        return [f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:{name}"] if name else None
    account, region = call.account, call.region
    if given.startswith("arn:"):
        region, account = given.split(":")[3:5]
    found = known.secret(given, account, region)
    if found:
        return [found]
    return [
        given if given.startswith("arn:") else f"arn:aws:secretsmanager:{region}:{account}:secret:{given}"
    ]


def _sqs(call: Call, _action: str, _known: Account) -> list[str] | None:
    url = call.params.get("QueueUrl")
    if url:
        parts = url.rstrip("/").split("/")
        account = parts[-2] if len(parts) > 1 and parts[-2].isdigit() else call.account
        return [f"arn:aws:sqs:{call.region}:{account}:{parts[-1]}"]
    name = call.params.get("QueueName")
    owner = call.params.get("QueueOwnerAWSAccountId") or call.account
    return [f"arn:aws:sqs:{call.region}:{owner}:{name}"] if name else None


def _sns(call: Call, _action: str, _known: Account) -> list[str] | None:
    if call.operation == "CreateTopic":
        return [f"arn:aws:sns:{call.region}:{call.account}:{call.params.get('Name', '')}"]
    given = call.params.get("TopicArn") or call.params.get("TargetArn") or call.params.get("ResourceArn")
    if not given and call.params.get("SubscriptionArn"):
        given = call.params["SubscriptionArn"].rpartition(":")[0]
    return [given] if given else None


def _lambda(call: Call, _action: str, _known: Account) -> list[str] | None:
    given = call.params.get("FunctionName")
    if not given:
        return None
    qualifier = call.params.get("Qualifier", "")
    if given.startswith("arn:"):
        arn = given
    else:
        parts = given.split(":")
        account = parts[0] if parts[0].isdigit() and len(parts) > 1 else call.account
        name = given.partition("function:")[2] if "function:" in given else given
        arn = f"arn:aws:lambda:{call.region}:{account}:function:{name}"
    qualified = arn.count(":") > 6  # noqa: PLR2004 - a seventh colon comes before the qualifier
    return [f"{arn}:{qualifier}" if qualifier and not qualified else arn]


def _ec2(call: Call, action: str, _known: Account) -> list[str] | None:
    """What the parameters call by another name than the ARNs do."""
    found: list[str] = []
    if call.operation == "CreateFlowLogs":
        kind_of = _EC2_LOGGED.get(str(call.params.get("ResourceType")), "")
        ids = [f"{kind_of}/{each}" for each in call.params.get("ResourceIds", ()) if kind_of]
        return [f"arn:aws:ec2:{call.region}:{call.account}:{each}" for each in (*ids, "vpc-flow-log/*")]
    for kind in arns.resource_types(action):
        given = call.params.get(_EC2_NAMES.get(kind.name, ""), [])
        ids = [given] if isinstance(given, str) else given
        found.extend(f"arn:aws:ec2:{call.region}:{call.account}:{kind.name}/{each}" for each in ids)
        # What a call makes has no id yet (Service Authorization Reference, "Actions ... for Amazon EC2").
        if call.operation.lower() == f"create{kind.name.replace('-', '')}":
            found.append(kind.any_of(call.account, call.region))
    more = arns.resources(action, call.params, account=call.account, region=call.region)
    return [*found, *(arn for arn in more if arn != "*" and arn not in found)] or None


def _events(call: Call, _action: str, _known: Account) -> list[str] | None:
    params = call.params
    if call.operation == "PutEvents":
        buses = dict.fromkeys(each.get("EventBusName") or "default" for each in params.get("Entries", ()))
        return [_bus(bus, call) for bus in buses] or [_bus("default", call)]
    rule = params.get("Rule") or (params.get("Name") if "Rule" in call.operation else "")
    if not rule:
        return None
    bus = (params.get("EventBusName") or "default").rpartition("/")[2]
    path = rule if bus == "default" else f"{bus}/{rule}"
    return [f"arn:aws:events:{call.region}:{call.account}:rule/{path}"]


def _bus(given: str, call: Call) -> str:
    return (
        given
        if given.startswith("arn:")
        else f"arn:aws:events:{call.region}:{call.account}:event-bus/{given}"
    )


def _logs(call: Call, _action: str, _known: Account) -> list[str] | None:
    """A log group's ARN ends in `:log-stream:` and the stream, if any, as denials show it."""
    given = (
        call.params.get("logGroupName")
        or call.params.get("logGroupIdentifier")
        or call.params.get("logGroupArn")
    )
    if not given:
        return None
    group = given.partition(":log-group:")[2].removesuffix(":*") if given.startswith("arn:") else given
    stream = call.params.get("logStreamName", "")
    return [f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}:log-stream:{stream}"]


def _ssm(call: Call, _action: str, _known: Account) -> list[str] | None:
    params, home = call.params, f"arn:aws:ssm:{call.region}:{call.account}"
    name = params.get("DocumentName") or (params.get("Name", "") if "Document" in call.operation else "")
    if call.operation == "StartAutomationExecution":
        version = params.get("DocumentVersion") or "$DEFAULT"
        owner = "" if name.startswith("AWS-") else call.account
        return [f"arn:aws:ssm:{call.region}:{owner}:automation-definition/{name}:{version}"]
    if name and not name.startswith("arn:"):
        owner = "" if name.startswith("AWS-") else call.account
        return [f"arn:aws:ssm:{call.region}:{owner}:document/{name}"]
    if "Parameter" in call.operation:
        names = params.get("Names") or [params.get("Name") or params.get("Path") or ""]
        return [f"{home}:parameter/{each.removeprefix('/')}" for each in names if each] or None
    return None


def _sts(call: Call, _action: str, _known: Account) -> list[str] | None:
    role = call.params.get("RoleArn")
    if call.operation == "GetFederationToken":
        return [f"arn:aws:sts::{call.account}:federated-user/{call.params.get('Name', '')}"]
    return [role] if role else None


def _dynamodb(call: Call, _action: str, _known: Account) -> list[str] | None:
    items = call.params.get("RequestItems")
    names = list(items) if isinstance(items, dict) else [call.params.get("TableName") or ""]
    tables = [
        name if name.startswith("arn:") else f"arn:aws:dynamodb:{call.region}:{call.account}:table/{name}"
        for name in dict.fromkeys(names)
        if name
    ]
    index = call.params.get("IndexName")
    return [f"{tables[0]}/index/{index}"] if index and tables else tables or None


def _ecr(call: Call, _action: str, _known: Account) -> list[str] | None:
    """A repository, in the registry of the account that is named."""
    name = call.params.get("repositoryName")
    registry = call.params.get("registryId") or call.account
    return [f"arn:aws:ecr:{call.region}:{registry}:repository/{name}"] if name else None


def _cloudtrail(call: Call, _action: str, _known: Account) -> list[str] | None:
    name = call.params.get("Name") or call.params.get("TrailName") or call.params.get("ResourceId")
    if not name:
        return None
    return [
        name if name.startswith("arn:") else f"arn:aws:cloudtrail:{call.region}:{call.account}:trail/{name}"
    ]


def _cloudformation(call: Call, _action: str, _known: Account) -> list[str] | None:
    name = call.params.get("StackName")
    if not name:
        return None
    home = f"arn:aws:cloudformation:{call.region}:{call.account}"
    return [name if name.startswith("arn:") else f"{home}:stack/{name}/*"]


def _apigateway(call: Call, _action: str, _known: Account) -> list[str] | None:
    return [f"arn:aws:apigateway:{call.region}::{call.path}"]


def _wafv2(call: Call, _action: str, _known: Account) -> list[str] | None:
    """A web ACL by name, id and scope; what protects or is protected by its ARN."""
    params = call.params
    named = [params[key] for key in ("ResourceArn", "WebACLArn") if isinstance(params.get(key), str)]
    if "WebACL" in call.operation and {"Name", "Id", "Scope"} <= params.keys():
        scope = "global" if params["Scope"] == "CLOUDFRONT" else "regional"
        path = f"{scope}/webacl/{params['Name']}/{params['Id']}"
        named.append(f"arn:aws:wafv2:{call.region}:{call.account}:{path}")
    return named or None


def _bedrock(call: Call, _action: str, _known: Account) -> list[str] | None:
    model = call.params.get("modelId")
    if not model:
        guardrail = guardrail_arn(call)
        return [guardrail] if guardrail else None
    if model.startswith("arn:"):
        return [model]
    return [f"arn:aws:bedrock:{call.region}::foundation-model/{model}"]


def _organizations(call: Call, _action: str, known: Account) -> list[str] | None:
    """Policies, OUs, roots and accounts by their ids, which do not show the organization's."""
    wanted = frozenset(value for value in call.params.values() if isinstance(value, str))
    return list(known.organization_arns(wanted, call.account)) or None


_EC2_LOGGED = {"VPC": "vpc", "Subnet": "subnet", "NetworkInterface": "network-interface"}
_EC2_NAMES = {
    "network-acl": "NetworkAclId",
    "security-group": "GroupId",
    "vpc-flow-log": "FlowLogIds",
}

_SPECIAL: dict[str, Callable[[Call, str, Account], list[str] | None]] = {
    "apigateway": _apigateway,
    "bedrock": _bedrock,
    "cloudformation": _cloudformation,
    "cloudtrail": _cloudtrail,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "ecr": _ecr,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "organizations": _organizations,
    "s3": _s3,
    "secretsmanager": _secret,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
    "wafv2": _wafv2,
}
