"""Answers in parts: an answer that is complete, cut into the events that a client would have read one by one.

Source: Bedrock API Reference, "InvokeModelWithResponseStream" and "ConverseStream"; Bedrock User Guide,
"Inference request parameters and response fields for foundation models" (the chunks of each provider).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Event = dict[str, Any]

_PART = 24
_PREFIX = "amazon-bedrock-"


def chunks(model: str, body: Mapping[str, Any], metrics: Mapping[str, int]) -> list[Event]:
    """The events of `InvokeModelWithResponseStream`; the last has the metrics and what a guardrail did.

    Args:
        model: The model's id.
        body: What InvokeModel would have answered.
        metrics: `amazon-bedrock-invocationMetrics`.
    """
    told = {name: value for name, value in body.items() if name.startswith(_PREFIX)}
    plain = {name: value for name, value in body.items() if name not in told}
    parts = list(_claude(plain) if model.startswith("anthropic.") else _others(model, plain))
    parts[-1] = {**parts[-1], **told, f"{_PREFIX}invocationMetrics": dict(metrics)}
    return [{"chunk": {"bytes": json.dumps(part).encode()}} for part in parts]


def conversation(answer: Mapping[str, Any]) -> list[Event]:
    """The events of `ConverseStream` for what Converse would have answered."""
    metadata = {name: answer[name] for name in ("usage", "metrics", "trace") if name in answer}
    return [*_message(answer["output"]["message"], answer["stopReason"]), {"metadata": metadata}]


def _message(message: Mapping[str, Any], stop: str) -> Iterator[Event]:
    yield {"messageStart": {"role": message["role"]}}
    for index, block in enumerate(message["content"]):
        for part in _cut(block["text"]):
            yield {"contentBlockDelta": {"delta": {"text": part}, "contentBlockIndex": index}}
        yield {"contentBlockStop": {"contentBlockIndex": index}}
    yield {"messageStop": {"stopReason": stop}}


def _claude(body: Mapping[str, Any]) -> Iterator[Event]:
    usage = body["usage"]
    begun = {**body, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(body["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        for part in _cut(block["text"]):
            delta = {"type": "text_delta", "text": part}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": body["stop_reason"], "stop_sequence": body["stop_sequence"]}
    yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": usage["output_tokens"]}}
    yield {"type": "message_stop"}


def _others(model: str, body: Mapping[str, Any]) -> Iterator[Event]:
    if "nova" in model:
        yield from _message(body["output"]["message"], body["stopReason"])
        yield {"metadata": {"usage": body["usage"], "metrics": {}}}
    elif model.startswith("amazon."):
        result = body["results"][0]
        yield {
            "outputText": result["outputText"],
            "index": 0,
            "totalOutputTextTokenCount": result["tokenCount"],
            "completionReason": result["completionReason"],
            "inputTextTokenCount": body["inputTextTokenCount"],
        }
    else:
        yield dict(body)


def _cut(text: str) -> list[str]:
    return [text[at : at + _PART] for at in range(0, len(text), _PART)]
