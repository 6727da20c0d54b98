"""Answers in parts: they join to what would have been answered at once, and guardrails block them alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import allow, deny, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
QUESTION = "Tell me at some length what the weather will be like"
ASKED = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 16,
        "messages": [{"role": "user", "content": QUESTION}],
    },
    "amazon.nova-lite-v1:0": {"messages": [{"role": "user", "content": [{"text": QUESTION}]}]},
    "amazon.titan-text-express-v1": {"inputText": QUESTION},
    "meta.llama3-8b-instruct-v1:0": {"prompt": QUESTION},
}
CONVERSATION = [{"role": "user", "content": [{"text": QUESTION}]}]


def chunks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


def texts(value: Any) -> str:
    """The model's words, wherever a provider's chunks have them."""
    if isinstance(value, dict):
        told = [
            inner if name in ("text", "outputText", "generation") else texts(inner)
            for name, inner in value.items()
        ]
        return "".join(told)
    return "".join(texts(inner) for inner in value) if isinstance(value, list) else ""


@pytest.mark.parametrize("model", ASKED)
def test_the_parts_of_an_answer_join_to_the_whole(aws: Aws, model: str) -> None:
    runtime = aws.client("bedrock-runtime")
    body = json.dumps(ASKED[model])
    whole = json.loads(runtime.invoke_model(modelId=model, body=body)["body"].read())
    parts = chunks(runtime.invoke_model_with_response_stream(modelId=model, body=body))
    assert texts(parts) == texts(whole)
    assert QUESTION in texts(parts)
    metrics = parts[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] > 0
    assert metrics["outputTokenCount"] > 0


def test_claude_begins_and_ends_a_message_around_its_words(aws: Aws) -> None:
    answer = aws.client("bedrock-runtime").invoke_model_with_response_stream(
        modelId=CLAUDE, body=json.dumps(ASKED[CLAUDE])
    )
    kinds = [part["type"] for part in chunks(answer)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds.count("content_block_delta") > 1
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_a_conversation_in_parts_has_its_usage_at_the_end(aws: Aws) -> None:
    runtime = aws.client("bedrock-runtime")
    whole = runtime.converse(modelId=CLAUDE, messages=CONVERSATION)
    events = list(runtime.converse_stream(modelId=CLAUDE, messages=CONVERSATION)["stream"])
    assert events[0] == {"messageStart": {"role": "assistant"}}
    assert events[-2] == {"messageStop": {"stopReason": "end_turn"}}
    assert events[-1]["metadata"]["usage"] == whole["usage"]
    assert texts(events) == whole["output"]["message"]["content"][0]["text"]


def test_a_guardrail_blocks_an_answer_in_parts_too(aws: Aws) -> None:
    made = aws.client("bedrock").create_guardrail(
        name="no-weather",
        blockedInputMessaging="not this",
        blockedOutputsMessaging="nor that",
        wordPolicyConfig={"wordsConfig": [{"text": "weather"}]},
    )["guardrailId"]
    runtime = aws.client("bedrock-runtime")
    named = {"guardrailIdentifier": made, "guardrailVersion": "DRAFT"}
    parts = chunks(
        runtime.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(ASKED[CLAUDE]), **named)
    )
    assert texts(parts) == "not this"
    assert parts[-1]["amazon-bedrock-guardrailAction"] == "INTERVENED"
    stream = runtime.converse_stream(modelId=CLAUDE, messages=CONVERSATION, guardrailConfig=named)["stream"]
    events = list(stream)
    assert texts(events) == "not this"
    assert {"messageStop": {"stopReason": "guardrail_intervened"}} in events


def test_a_stream_needs_a_permission_of_its_own(aws: Aws) -> None:
    statements = (allow("bedrock:*"), deny("bedrock:InvokeModelWithResponseStream"))
    runtime = aws.with_keys("bedrock-runtime", **aws.user("no-streams", *statements))
    assert runtime.converse(modelId=CLAUDE, messages=CONVERSATION)["stopReason"] == "end_turn"
    ask = {"modelId": CLAUDE, "messages": CONVERSATION}
    assert refusal(runtime.converse_stream, **ask)[0] == "AccessDeniedException"
    body = {"modelId": CLAUDE, "body": json.dumps(ASKED[CLAUDE])}
    assert refusal(runtime.invoke_model_with_response_stream, **body)[0] == "AccessDeniedException"
