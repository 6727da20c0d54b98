"""What the faults that change a Bedrock guardrail share: its draft, and that as UpdateGuardrail takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

# How GetGuardrail and UpdateGuardrail call the same (Amazon Bedrock API Reference).
_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "topicPolicy": {"topics": "topicsConfig"},
    "contentPolicy": {"filters": "filtersConfig"},
    "wordPolicy": {"words": "wordsConfig", "managedWordLists": "managedWordListsConfig"},
    "sensitiveInformationPolicy": {"piiEntities": "piiEntitiesConfig", "regexes": "regexesConfig"},
    "contextualGroundingPolicy": {"filters": "filtersConfig"},
}
_SAME: Final = ("name", "description", "blockedInputMessaging", "blockedOutputsMessaging")

_REST: Final = ("automatedReasoningPolicy", "crossRegionDetails", "kmsKeyArn")


def draft(guardrail: str) -> Query:
    """A guardrail's working draft: all of it that UpdateGuardrail writes, and nothing else."""
    shown = ", ".join(f"{name}: {name}" for name in (*_SAME, *_PARTS, *_REST))
    return Query("bedrock", "GetGuardrail", {"guardrailIdentifier": guardrail}, f"{{{shown}}}")


def settings(found: Mapping[str, Any]) -> dict[str, Any]:
    """A guardrail that GetGuardrail shows, as the parameters of UpdateGuardrail."""
    made = {name: found[name] for name in _SAME if found.get(name) is not None}
    for policy, parts in _PARTS.items():
        if shown := found.get(policy):
            made[f"{policy}Config"] = {
                given: shown[name] for name, given in parts.items() if shown.get(name)
            } | ({"tierConfig": shown["tier"]} if shown.get("tier") else {})
    if found.get("automatedReasoningPolicy"):
        made["automatedReasoningPolicyConfig"] = found["automatedReasoningPolicy"]
    if found.get("crossRegionDetails"):
        profile = found["crossRegionDetails"]["guardrailProfileId"]
        made["crossRegionConfig"] = {"guardrailProfileIdentifier": profile}
    if found.get("kmsKeyArn"):
        made["kmsKeyId"] = found["kmsKeyArn"]
    return made
