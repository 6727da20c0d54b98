"""The foundation models that the sandbox knows, and the one simulated model that answers for all of them.

It is no language model: it repeats what it was asked, the same for the same request, so that what guardrails
make of an answer can be told beforehand. Bodies have the forms of the Bedrock User Guide, "Inference request
parameters and response fields for foundation models".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.wire import ApiCall

_MODELS = {
    "amazon.nova-lite-v1:0": ("Nova Lite", "Amazon"),
    "amazon.nova-micro-v1:0": ("Nova Micro", "Amazon"),
    "amazon.nova-pro-v1:0": ("Nova Pro", "Amazon"),
    "amazon.titan-text-express-v1": ("Titan Text G1 - Express", "Amazon"),
    "anthropic.claude-3-5-sonnet-20240620-v1:0": ("Claude 3.5 Sonnet", "Anthropic"),
    "anthropic.claude-3-haiku-20240307-v1:0": ("Claude 3 Haiku", "Anthropic"),
    "anthropic.claude-3-sonnet-20240229-v1:0": ("Claude 3 Sonnet", "Anthropic"),
    "meta.llama3-8b-instruct-v1:0": ("Llama 3 8B Instruct", "Meta"),
    "mistral.mistral-7b-instruct-v0:2": ("Mistral 7B Instruct", "Mistral AI"),
}
_CHARACTERS_OF_A_TOKEN = 4


def find(call: ApiCall) -> str:
    """The id of the model that a call names by id or ARN.

    Raises:
        ApiError: `ValidationException`: there is no such model here.
    """
    given = str(call.params["modelId"])
    prefix = f"arn:aws:bedrock:{call.region}::foundation-model/"
    model = given.removeprefix(prefix)
    if model not in _MODELS:
        raise ApiError("ValidationException", "The provided model identifier is invalid.")
    return model


def list_models(call: ApiCall) -> Mapping[str, Any]:
    """Answer ListFoundationModels, by provider, output modality and inference type."""
    params = call.params
    wanted = (params.get("byProvider") or "").lower()
    others = (
        params.get("byOutputModality", "TEXT") != "TEXT"
        or params.get("byInferenceType", "ON_DEMAND") != "ON_DEMAND"
        or params.get("byCustomizationType")
    )
    found = [] if others else [_summary(call, model) for model in _MODELS]
    return {"modelSummaries": [one for one in found if wanted in ("", one["providerName"].lower())]}


def get_model(call: ApiCall) -> Mapping[str, Any]:
    """Answer GetFoundationModel."""
    given = call.params["modelIdentifier"].rpartition("/")[2]
    if given not in _MODELS:
        raise ApiError("ResourceNotFoundException", f"Could not find model {given}.", 404)
    return {"modelDetails": _summary(call, given)}


def _summary(call: ApiCall, model: str) -> dict[str, Any]:
    name, provider = _MODELS[model]
    return {
        "modelArn": f"arn:aws:bedrock:{call.region}::foundation-model/{model}",
        "modelId": model,
        "modelName": name,
        "providerName": provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def reply(asked: str) -> str:
    """The simulated model's answer."""
    return f"You asked: {asked}"


def tokens(text: str) -> int:
    """How many tokens a text is said to have: one for every four characters."""
    return -(-len(text) // _CHARACTERS_OF_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an InvokeModel body asks: the texts that the user wrote, in order, and the body itself."""

    texts: tuple[str, ...]
    body: Mapping[str, Any]


def read(model: str, body: bytes) -> Prompt:
    """Read a request body in the form of the model's provider.

    Raises:
        ApiError: `ValidationException`.
    """
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ApiError(
            "ValidationException", "Malformed input request, please reformat your input and try again."
        )
    match model.partition(".")[0], model:
        case "anthropic", _:
            texts = _messages(given)
        case "amazon", _ if "nova" in model:
            texts = _messages(given)
        case "amazon", _:
            texts = [given.get("inputText")]
        case _:
            texts = [given.get("prompt")]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise ApiError(
            "ValidationException", "Malformed input request, please reformat your input and try again."
        )
    return Prompt(tuple(str(text) for text in texts), given)


def _messages(given: Mapping[str, Any]) -> list[Any]:
    texts: list[Any] = []
    for message in given.get("messages") or ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            texts.append(content)
        else:
            texts += [
                block.get("text") for block in content or () if isinstance(block, dict) and "text" in block
            ]
    return texts


def written(model: str, text: str, *, asked: int, request_id: str) -> dict[str, Any]:
    """An answer's body in the form of the model's provider; `asked` are the tokens of the request."""
    said = tokens(text)
    match model.partition(".")[0], model:
        case "anthropic", _:
            return {
                "id": f"msg_bdrk_{request_id.replace('-', '')[:24]}",
                "type": "message",
                "role": "assistant",
                "model": model.removeprefix("anthropic.").partition("-v1:")[0],
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": asked, "output_tokens": said},
            }
        case "amazon", _ if "nova" in model:
            return {
                "output": {"message": {"content": [{"text": text}], "role": "assistant"}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": asked, "outputTokens": said, "totalTokens": asked + said},
            }
        case "amazon", _:
            result = {"tokenCount": said, "outputText": text, "completionReason": "FINISH"}
            return {"inputTextTokenCount": asked, "results": [result]}
        case "meta", _:
            return {
                "generation": text,
                "prompt_token_count": asked,
                "generation_token_count": said,
                "stop_reason": "stop",
            }
    return {"outputs": [{"text": text, "stop_reason": "stop"}]}
