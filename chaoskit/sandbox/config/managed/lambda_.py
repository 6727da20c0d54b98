"""Rules about functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.public_policy import is_public
from chaoskit.sandbox.attached import attached
from chaoskit.sandbox.config.managed import managed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_FUNCTION = "AWS::Lambda::Function"
_S3 = "s3.amazonaws.com"


@managed("LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED", _FUNCTION, "lambda", on_change=True)
def not_public(found: Resource, parameters: Parameters) -> str | None:
    """The function's policy opens it neither to everyone nor, through S3, to every account."""
    del parameters
    account, region = found.place
    policy = attached(f"arn:aws:lambda:{region}:{account}:function:{found.name}").policy
    statements = json.loads(policy)["Statement"] if policy else []
    if any(is_public(json.dumps({"Statement": [each]})) for each in statements):
        return "The Lambda function policy allows public access."
    if any(_any_bucket(each) for each in statements):
        return "The Lambda function policy lets Amazon S3 invoke it for any account."
    return ""


def _any_bucket(statement: Mapping[str, Any]) -> bool:
    """Whether S3 may invoke without the bucket's account being fixed."""
    principal = statement.get("Principal")
    named = principal.get("Service") if isinstance(principal, dict) else None
    keys = {key.lower() for tested in (statement.get("Condition") or {}).values() for key in tested}
    return named == _S3 and statement.get("Effect") == "Allow" and "aws:sourceaccount" not in keys


@managed("LAMBDA_INSIDE_VPC", _FUNCTION, "lambda", on_change=True, parameters="subnetIds")
def in_vpc(found: Resource, parameters: Parameters) -> str | None:
    """The function runs in a VPC, in one of `subnetIds` if these are given."""
    subnets = set((found.state.vpc_config or {}).get("SubnetIds") or [])
    if not subnets:
        return "The Lambda function is not in a VPC."
    wanted = {each.strip() for each in parameters.get("subnetIds", "").split(",") if each.strip()}
    return "The Lambda function is not in one of subnetIds." if wanted and not subnets & wanted else ""
