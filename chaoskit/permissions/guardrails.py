"""The guardrail that a Bedrock call names, as its ARN and as the condition key that policies ask for.

Source: Amazon Bedrock User Guide, "Enforce the use of specific guardrails in model inference requests".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaoskit.permissions.call import Account, Call


def guardrail_arn(call: Call) -> str:
    """The guardrail that a call names by id or ARN, or empty."""
    config = call.params.get("guardrailConfig") or call.params
    given = str(config.get("guardrailIdentifier") or "")
    if not given or given.startswith("arn:"):
        return given
    return f"arn:aws:bedrock:{call.region}:{call.account}:guardrail/{given}"


def guardrail_keys(call: Call, _known: Account) -> dict[str, Any]:
    """`bedrock:GuardrailIdentifier` of an invocation: the ARN, with the version unless that is the draft."""
    arn = guardrail_arn(call)
    if not arn or "modelId" not in call.params:
        return {}
    version = (call.params.get("guardrailConfig") or call.params).get("guardrailVersion") or ""
    return {"bedrock:GuardrailIdentifier": f"{arn}:{version}" if version.isdigit() else arn}
