"""What a guardrail makes of a text: what it found, and the text that is left.

Source: Amazon Bedrock User Guide, "How Amazon Bedrock Guardrails works" and "Components of a guardrail";
Bedrock API Reference, GuardrailAssessment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chaoskit.sandbox.bedrock import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Config = Mapping[str, Any]

Source = Literal["INPUT", "OUTPUT"]

# "Filter classification and blocking levels": what a filter of a strength blocks.
_BLOCKED_AT = {
    "NONE": frozenset[str](),
    "LOW": frozenset({"HIGH"}),
    "MEDIUM": frozenset({"HIGH", "MEDIUM"}),
    "HIGH": frozenset({"HIGH", "MEDIUM", "LOW"}),
}
_ACTED = {"BLOCK": "BLOCKED", "ANONYMIZE": "ANONYMIZED", "NONE": "NONE"}


@dataclass(slots=True)
class Assessment:
    """What was found in a text.

    Attributes:
        found: The API's GuardrailAssessment; empty when nothing was found.
        blocked: Whether something found blocks the text.
        masks: What is to be masked in it, and by what.
    """

    found: dict[str, Any] = field(default_factory=dict)
    blocked: bool = False
    masks: dict[str, str] = field(default_factory=dict)

    @property
    def intervened(self) -> bool:
        """Whether the text may not pass as it was."""
        return self.blocked or bool(self.masks)

    def masked(self, text: str) -> str:
        """The text with what is to be masked masked."""
        for match, mask in self.masks.items():
            text = text.replace(match, mask)
        return text

    def note(self, policy: str, part: str, item: Mapping[str, Any]) -> None:
        """Take a finding in."""
        self.found.setdefault(policy, _EMPTY[policy]()).setdefault(part, []).append(dict(item))
        self.blocked = self.blocked or item["action"] == "BLOCKED"


_EMPTY: Mapping[str, Any] = {
    "topicPolicy": lambda: {"topics": []},
    "contentPolicy": lambda: {"filters": []},
    "wordPolicy": lambda: {"customWords": [], "managedWordLists": []},
    "sensitiveInformationPolicy": lambda: {"piiEntities": [], "regexes": []},
}


def assess(guardrail: Config, text: str, source: Source, *, attacks: bool = True) -> Assessment:
    """Judge a text by a guardrail's policies, as GetGuardrail shows them.

    `attacks` is False for text that is not marked as the user's: it is not looked at for prompt attacks.
    """
    made = Assessment()
    for topic in _active(guardrail, "topicPolicy", "topics", source):
        if lexicon.is_about(text, topic["definition"], topic.get("examples") or ()):
            item = {"name": topic["name"], "type": "DENY", "action": _action(topic, source), "detected": True}
            made.note("topicPolicy", "topics", item)
    for harmful in _content(guardrail, text, source, attacks=attacks):
        made.note("contentPolicy", "filters", harmful)
    for part, word in _words(guardrail, text, source):
        made.note("wordPolicy", part, word)
    for part, personal, mask in _sensitive(guardrail, text, source):
        made.note("sensitiveInformationPolicy", part, personal)
        if personal["action"] == "ANONYMIZED":
            made.masks[personal["match"]] = f"{{{mask}}}"
    return made


def _active(guardrail: Config, policy: str, part: str, source: Source) -> Iterator[Config]:
    """The entries of a policy that look at this side."""
    for entry in (guardrail.get(policy) or {}).get(part) or ():
        if entry.get(f"{source.lower()}Enabled", True):
            yield entry


def _action(entry: Config, source: Source, default: str = "BLOCK") -> str:
    return _ACTED[entry.get(f"{source.lower()}Action") or default]


def _content(guardrail: Config, text: str, source: Source, *, attacks: bool) -> Iterator[Config]:
    for entry in _active(guardrail, "contentPolicy", "filters", source):
        kind, strength = entry["type"], entry[f"{source.lower()}Strength"]
        if kind == "PROMPT_ATTACK" and (source == "OUTPUT" or not attacks):
            continue
        confidence = lexicon.content(text, kind)
        if confidence is not None and confidence in _BLOCKED_AT[strength]:
            yield {
                "type": kind,
                "confidence": confidence,
                "filterStrength": strength,
                "action": _action(entry, source),
                "detected": True,
            }


def _words(guardrail: Config, text: str, source: Source) -> Iterator[tuple[str, Config]]:
    for entry in _active(guardrail, "wordPolicy", "words", source):
        phrase = re.escape(entry["text"])
        for found in re.finditer(rf"(?<!\w){phrase}(?!\w)", text, re.IGNORECASE):
            yield (
                "customWords",
                {"match": found.group(), "action": _action(entry, source), "detected": True},
            )
    for entry in _active(guardrail, "wordPolicy", "managedWordLists", source):
        for found in lexicon.PROFANITY.finditer(text):
            item = {"match": found.group(), "type": entry["type"], "action": _action(entry, source)}
            yield "managedWordLists", {**item, "detected": True}


def _sensitive(guardrail: Config, text: str, source: Source) -> Iterator[tuple[str, Config, str]]:
    for entry in _active(guardrail, "sensitiveInformationPolicy", "piiEntities", source):
        action = _action(entry, source, entry["action"])
        for match in lexicon.personal(text, entry["type"]):
            item = {"match": match, "type": entry["type"], "action": action, "detected": True}
            yield "piiEntities", item, entry["type"]
    for entry in _active(guardrail, "sensitiveInformationPolicy", "regexes", source):
        action = _action(entry, source, entry["action"])
        for found in re.finditer(entry["pattern"], text):
            if found.group():
                item = {"name": entry["name"], "match": found.group(), "regex": entry["pattern"]}
                yield "regexes", {**item, "action": action, "detected": True}, entry["name"]
