"""Bedrock Runtime: `InvokeModel`, `Converse`, both also in parts, and `ApplyGuardrail`; guardrails block.

Source: Bedrock API Reference, InvokeModel, Converse, ApplyGuardrail; Bedrock User Guide, "Include a guardrail
with the Converse API" and "Apply tags to user input to filter content".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.bedrock import models, streams
from chaoskit.sandbox.bedrock.assessment import assess
from chaoskit.sandbox.bedrock.telemetry import Invocation, Telemetry
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.bedrock.assessment import Assessment
    from chaoskit.sandbox.bedrock.guardrails import Guardrails
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.metrics import CloudWatch
    from chaoskit.sandbox.wire import ApiCall

_UNIT = 1000
_LATENCY_MS = 100
"""What every invocation is said to take, so that the same calls give the same metrics."""


@dataclass(slots=True)
class Passage:
    """One exchange with the model and what a guardrail made of it."""

    text: str
    guardrail: Mapping[str, Any] | None = None
    asked: Assessment | None = None
    answered: Assessment | None = None
    said: str = ""
    in_tokens: int = 0
    out_tokens: int = 0

    @property
    def blocked(self) -> bool:
        """Whether what the caller gets is not what the model said."""
        return bool((self.asked and self.asked.blocked) or (self.answered and self.answered.intervened))


class Runtime:
    """Answers invocations of foundation models."""

    service = "bedrock-runtime"

    def __init__(self, cloud: Sandbox, cloudwatch: CloudWatch, guardrails: Guardrails) -> None:
        self._guardrails = guardrails
        self._telemetry = Telemetry(cloud, cloudwatch)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "InvokeModel": lambda call: self._measured(call, self._invoke),
            "Converse": lambda call: self._measured(call, self._converse),
            "ApplyGuardrail": self._apply,
            "InvokeModelWithResponseStream": lambda call: self._measured(call, self._invoke_in_parts),
            "ConverseStream": lambda call: self._measured(call, self._converse_in_parts),
            "StartAsyncInvoke": _refuse,
        }

    def _measured(self, call: ApiCall, answer: Callable[[ApiCall], Mapping[str, Any]]) -> Mapping[str, Any]:
        try:
            return answer(call)
        except ApiError:
            self._telemetry.client_error(call)
            raise

    def _invoke(self, call: ApiCall) -> Mapping[str, Any]:
        _, body, _ = self._said(call)
        return {"body": json.dumps(body).encode(), "contentType": "application/json"}

    def _invoke_in_parts(self, call: ApiCall) -> Mapping[str, Any]:
        model, body, passage = self._said(call)
        metrics = {
            "inputTokenCount": passage.in_tokens,
            "outputTokenCount": passage.out_tokens,
            "invocationLatency": _LATENCY_MS,
            "firstByteLatency": _LATENCY_MS,
        }
        return {"body": streams.chunks(model, body, metrics), "contentType": "application/json"}

    def _converse_in_parts(self, call: ApiCall) -> Mapping[str, Any]:
        return {"stream": streams.conversation(self._converse(call))}

    def _said(self, call: ApiCall) -> tuple[str, dict[str, Any], Passage]:
        """The model of an InvokeModel call, the body that it answers with, and how that came about."""
        model = models.find(call)
        prompt = models.read(model, _bytes(call.params.get("body", b"")))
        guardrail = self._asked_for(call, call.params, prompt.body)
        tagged = _tagged(prompt)
        guarded = tagged or prompt.texts
        passage = self._pass(call, prompt.texts, guarded, guardrail, attacks=bool(tagged))
        body = models.written(model, passage.text, asked=passage.in_tokens, request_id=call.request_id)
        if guardrail is not None:
            body["amazon-bedrock-guardrailAction"] = "INTERVENED" if passage.blocked else "NONE"
            if str(call.params.get("trace", "")).startswith("ENABLED"):
                body["amazon-bedrock-trace"] = {"guardrail": _trace(passage, "input", "outputs")}
        self._tell(call, model, passage, dict(prompt.body), body)
        return model, body, passage

    def _converse(self, call: ApiCall) -> Mapping[str, Any]:
        model = models.find(call)
        config = call.params.get("guardrailConfig") or {}
        guardrail = self._asked_for(call, config, {})
        messages = call.params.get("messages") or []
        texts, marked = _blocks(messages)
        system, marked_system = _blocks([{"content": call.params.get("system") or []}])
        if not texts:
            raise ApiError(
                "ValidationException", "The messages have no text; other content is not simulated."
            )
        guarded = (*marked_system, *marked) if marked or marked_system else texts
        passage = self._pass(call, (*system, *texts), guarded, guardrail, attacks=True)
        answer: dict[str, Any] = {
            "output": {"message": {"role": "assistant", "content": [{"text": passage.text}]}},
            "stopReason": "guardrail_intervened" if passage.blocked else "end_turn",
            "usage": {
                "inputTokens": passage.in_tokens,
                "outputTokens": passage.out_tokens,
                "totalTokens": passage.in_tokens + passage.out_tokens,
            },
            "metrics": {"latencyMs": _LATENCY_MS},
        }
        if str(config.get("trace", "")).startswith("enabled"):
            answer["trace"] = {"guardrail": _trace(passage, "inputAssessment", "outputAssessments")}
        asked = {name: value for name, value in call.params.items() if name != "modelId"}
        self._tell(call, model, passage, asked, answer)
        return answer

    def _apply(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        guardrail = self._guardrails.version(call, params["guardrailIdentifier"], params["guardrailVersion"])
        source = params["source"]
        texts = [block["text"]["text"] for block in params["content"] if "text" in block]
        text = "\n".join(texts)
        found = assess(guardrail, text, source)
        self._telemetry.guardrail(call, guardrail, source, found)
        usage = _usage(guardrail, len(text))
        outputs = []
        if found.blocked:
            outputs = [{"text": guardrail[_MESSAGING[source]]}]
        elif found.masks:
            outputs = [{"text": found.masked(text)}]
        return {
            "usage": usage,
            "action": "GUARDRAIL_INTERVENED" if found.intervened else "NONE",
            "outputs": outputs,
            "assessments": [_shown(guardrail, found)] if found.found else [],
        }

    def _asked_for(
        self, call: ApiCall, config: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """The guardrail that a call names; ApiError as InvokeModel's reference lists."""
        identifier, version = config.get("guardrailIdentifier"), config.get("guardrailVersion")
        if not identifier:
            if "amazon-bedrock-guardrailConfig" in body:
                raise ApiError(
                    "ValidationException",
                    "amazon-bedrock-guardrailConfig in the body needs a guardrail identifier.",
                )
            return None
        if not version:
            raise ApiError("ValidationException", "A guardrail identifier needs a guardrailVersion.")
        return self._guardrails.version(call, identifier, version)

    def _pass(
        self,
        call: ApiCall,
        texts: tuple[str, ...],
        guarded: tuple[str, ...],
        guardrail: Mapping[str, Any] | None,
        *,
        attacks: bool,
    ) -> Passage:
        """Let the model answer, unless the guardrail blocks what it is asked or what it says."""
        asked = "\n".join(texts)
        if guardrail is None:
            said = models.reply(asked)
            return Passage(said, said=said, in_tokens=models.tokens(asked), out_tokens=models.tokens(said))
        before = assess(guardrail, "\n".join(guarded), "INPUT", attacks=attacks)
        self._telemetry.guardrail(call, guardrail, "INPUT", before)
        if before.blocked:
            return Passage(guardrail["blockedInputMessaging"], guardrail, before)
        for part in guarded:
            asked = asked.replace(part, before.masked(part))
        said = models.reply(asked)
        after = assess(guardrail, said, "OUTPUT")
        self._telemetry.guardrail(call, guardrail, "OUTPUT", after)
        text = guardrail["blockedOutputsMessaging"] if after.blocked else after.masked(said)
        return Passage(text, guardrail, before, after, said, models.tokens(asked), models.tokens(said))

    def _tell(
        self,
        call: ApiCall,
        model: str,
        passage: Passage,
        asked: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> None:
        invocation = Invocation(
            call, model, asked, answer, passage.in_tokens, passage.out_tokens, _LATENCY_MS
        )
        self._telemetry.invoked(invocation)


_MESSAGING = {"INPUT": "blockedInputMessaging", "OUTPUT": "blockedOutputsMessaging"}


def _refuse(call: ApiCall) -> Mapping[str, Any]:
    raise ApiError(
        "NotImplemented", f"The embedded sandbox does not have bedrock-runtime {call.operation}.", 501
    )


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _tagged(prompt: models.Prompt) -> tuple[str, ...]:
    """The parts of an InvokeModel request that are tagged as the user's input."""
    suffix = (prompt.body.get("amazon-bedrock-guardrailConfig") or {}).get("tagSuffix")
    if not suffix:
        return ()
    tag = f"amazon-bedrock-guardrails-guardContent_{re.escape(str(suffix))}"
    marked = re.compile(rf"<{tag}>(.*?)</{tag}>", re.DOTALL)
    return tuple(found for text in prompt.texts for found in marked.findall(text))


def _blocks(messages: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts of Converse messages, and those of them that are marked to be guarded."""
    texts: list[str] = []
    marked: list[str] = []
    for message in messages:
        for block in message.get("content") or ():
            guarded = ((block.get("guardContent") or {}).get("text") or {}).get("text")
            if guarded:
                marked.append(guarded)
            if guarded or block.get("text"):
                texts.append(guarded or block["text"])
    return tuple(texts), tuple(marked)


def _usage(guardrail: Mapping[str, Any], length: int) -> dict[str, int]:
    """Text units by policy, each of 1,000 characters."""
    units = -(-length // _UNIT)
    sensitive = guardrail.get("sensitiveInformationPolicy") or {}
    return {
        "topicPolicyUnits": units if guardrail.get("topicPolicy") else 0,
        "contentPolicyUnits": units if guardrail.get("contentPolicy") else 0,
        "wordPolicyUnits": units if guardrail.get("wordPolicy") else 0,
        "sensitiveInformationPolicyUnits": units if sensitive.get("piiEntities") else 0,
        "sensitiveInformationPolicyFreeUnits": units if sensitive.get("regexes") else 0,
        "contextualGroundingPolicyUnits": 0,
    }


def _shown(guardrail: Mapping[str, Any], found: Assessment) -> dict[str, Any]:
    details = {
        "guardrailId": guardrail["guardrailId"],
        "guardrailVersion": guardrail["version"],
        "guardrailArn": guardrail["guardrailArn"],
        "guardrailOrigin": ["REQUEST"],
        "guardrailOwnership": "SELF",
    }
    return {**found.found, "appliedGuardrailDetails": details}


def _trace(passage: Passage, asked: str, answered: str) -> dict[str, Any]:
    """The trace of a guardrail, under the names that the API gives its two sides."""
    if passage.guardrail is None:
        return {}
    identity = passage.guardrail["guardrailId"]
    trace: dict[str, Any] = {}
    if passage.asked is not None:
        trace[asked] = {identity: _shown(passage.guardrail, passage.asked)}
    if passage.answered is not None and passage.answered.intervened:
        one = {identity: [_shown(passage.guardrail, passage.answered)]}
        trace[answered] = one if answered == "outputAssessments" else [{identity: one[identity][0]}]
        trace["modelOutput"] = [passage.said]
    return trace
