"""Bedrock's control plane: guardrails and their versions, and the foundation models there are.

Source: Bedrock API Reference, CreateGuardrail, UpdateGuardrail, CreateGuardrailVersion, GetGuardrail,
ListGuardrails, DeleteGuardrail, ListFoundationModels, GetFoundationModel.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.bedrock import models
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

DRAFT = "DRAFT"
_ALPHABET = string.ascii_lowercase + string.digits
# The request's name of a policy -> the answer's, and the same of its list.
_POLICIES = {
    "topicPolicyConfig": ("topicPolicy", {"topicsConfig": "topics"}),
    "contentPolicyConfig": ("contentPolicy", {"filtersConfig": "filters"}),
    "wordPolicyConfig": (
        "wordPolicy",
        {"wordsConfig": "words", "managedWordListsConfig": "managedWordLists"},
    ),
    "sensitiveInformationPolicyConfig": (
        "sensitiveInformationPolicy",
        {"piiEntitiesConfig": "piiEntities", "regexesConfig": "regexes"},
    ),
}
_UNSUPPORTED = ("contextualGroundingPolicyConfig", "automatedReasoningPolicyConfig", "crossRegionConfig")
_MOST_TOPICS, _LONGEST_DEFINITION = 30, 1000


@dataclass(slots=True)
class Guardrail:
    """A guardrail: what GetGuardrail answers, for each of its versions."""

    arn: str
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbered: int = 0


class Guardrails:
    """Keeps guardrails and answers for them."""

    service = "bedrock"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud
        self._kept: dict[str, Guardrail] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateGuardrail": self._create,
            "UpdateGuardrail": self._update,
            "GetGuardrail": self._get,
            "ListGuardrails": self._list,
            "CreateGuardrailVersion": self._create_version,
            "DeleteGuardrail": self._delete,
            "ListFoundationModels": models.list_models,
            "GetFoundationModel": models.get_model,
        }

    def version(self, call: ApiCall, identifier: str, version: str) -> Mapping[str, Any]:
        """A version of a guardrail as GetGuardrail shows it.

        Raises:
            ApiError: `ResourceNotFoundException`.
        """
        with self._cloud.lock:
            found = self._guardrail(call, identifier).versions.get(version)
        if found is None:
            raise ApiError(
                "ResourceNotFoundException", f"Guardrail {identifier} has no version {version}.", 404
            )
        return found

    def _guardrail(self, call: ApiCall, identifier: str) -> Guardrail:
        arn = identifier if identifier.startswith("arn:") else _arn(call, identifier)
        found = self._kept.get(arn)
        if found is None or not arn.startswith(_arn(call, "")):
            raise ApiError("ResourceNotFoundException", f"Guardrail {identifier} does not exist.", 404)
        return found

    def _create(self, call: ApiCall) -> Mapping[str, Any]:
        identity = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        made = Guardrail(_arn(call, identity))
        now = self._cloud.now()
        with self._cloud.lock:
            self._check_name(call, call.params["name"], made.arn)
            made.versions[DRAFT] = {
                **_settings(call.params),
                "guardrailId": identity,
                "guardrailArn": made.arn,
                "version": DRAFT,
                "status": "READY",
                "createdAt": now,
                "updatedAt": now,
            }
            self._kept[made.arn] = made
        return {"guardrailId": identity, "guardrailArn": made.arn, "version": DRAFT, "createdAt": now}

    def _update(self, call: ApiCall) -> Mapping[str, Any]:
        with self._cloud.lock:
            kept = self._guardrail(call, call.params["guardrailIdentifier"])
            self._check_name(call, call.params["name"], kept.arn)
            was = kept.versions[DRAFT]
            same = {name: was[name] for name in ("guardrailId", "guardrailArn", "version", "status")}
            made = {**_settings(call.params), **same, "createdAt": was["createdAt"]}
            kept.versions[DRAFT] = {**made, "updatedAt": self._cloud.now()}
            now = kept.versions[DRAFT]
        return {name: now[name] for name in ("guardrailId", "guardrailArn", "version", "updatedAt")}

    def _get(self, call: ApiCall) -> Mapping[str, Any]:
        version = call.params.get("guardrailVersion") or DRAFT
        return self.version(call, call.params["guardrailIdentifier"], version)

    def _list(self, call: ApiCall) -> Mapping[str, Any]:
        """The drafts, or every version of the one that is named."""
        with self._cloud.lock:
            if call.params.get("guardrailIdentifier"):
                kept = self._guardrail(call, call.params["guardrailIdentifier"])
                shown = list(kept.versions.values())
            else:
                shown = [
                    one.versions[DRAFT] for arn, one in self._kept.items() if arn.startswith(_arn(call, ""))
                ]
        same = ("name", "description", "status", "version", "createdAt", "updatedAt")
        found = [
            {"id": one["guardrailId"], "arn": one["guardrailArn"]}
            | {name: one[name] for name in same if name in one}
            for one in shown
        ]
        token = call.params.get("nextToken") or "0"
        if not token.isdigit():
            raise _invalid("The nextToken is not valid.")
        start, size = int(token), int(call.params.get("maxResults") or len(found) or 1)
        page: dict[str, Any] = {"guardrails": found[start : start + size]}
        return {**page, "nextToken": str(start + size)} if start + size < len(found) else page

    def _create_version(self, call: ApiCall) -> Mapping[str, Any]:
        with self._cloud.lock:
            kept = self._guardrail(call, call.params["guardrailIdentifier"])
            kept.numbered += 1
            number = str(kept.numbered)
            kept.versions[number] = {**kept.versions[DRAFT], "version": number}
            if call.params.get("description"):
                kept.versions[number]["description"] = call.params["description"]
            return {"guardrailId": kept.versions[DRAFT]["guardrailId"], "version": number}

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        identifier, version = call.params["guardrailIdentifier"], call.params.get("guardrailVersion")
        with self._cloud.lock:
            kept = self._guardrail(call, identifier)
            if not version:
                del self._kept[kept.arn]
            elif version == DRAFT or version not in kept.versions:
                raise ApiError(
                    "ResourceNotFoundException", f"Guardrail {identifier} has no version {version}.", 404
                )
            else:
                del kept.versions[version]
        return {}

    def _check_name(self, call: ApiCall, name: str, own: str) -> None:
        for arn, one in self._kept.items():
            if arn != own and arn.startswith(_arn(call, "")) and one.versions[DRAFT]["name"] == name:
                raise ApiError(
                    "ConflictException", "Another guardrail in your account already has this name.", 400
                )


def _arn(call: ApiCall, identity: str) -> str:
    return f"arn:aws:bedrock:{call.region}:{call.account}:guardrail/{identity}"


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a guardrail, as GetGuardrail shows it.

    Raises:
        ApiError: `ValidationException`.
    """
    for name in _UNSUPPORTED:
        if params.get(name):
            raise _invalid(f"The embedded sandbox does not support {name}.")
    made = {
        name: params[name]
        for name in ("name", "description", "blockedInputMessaging", "blockedOutputsMessaging")
        if name in params
    }
    if params.get("kmsKeyId"):
        made["kmsKeyArn"] = params["kmsKeyId"]
    for given, (shown, parts) in _POLICIES.items():
        policy = params.get(given)
        if policy:
            made[shown] = {parts[name]: value for name, value in policy.items() if name in parts}
    if not any(shown in made for shown, _ in _POLICIES.values()):
        raise _invalid("A guardrail needs at least one policy.")
    _check(made)
    return made


def _check(made: Mapping[str, Any]) -> None:
    topics = (made.get("topicPolicy") or {}).get("topics") or ()
    if len(topics) > _MOST_TOPICS:
        raise _invalid(f"A guardrail has at most {_MOST_TOPICS} denied topics.")
    for topic in topics:
        if not 1 <= len(topic["definition"]) <= _LONGEST_DEFINITION:
            raise _invalid(
                f"The definition of topic {topic['name']} has 1 to {_LONGEST_DEFINITION} characters."
            )
    for one in (made.get("contentPolicy") or {}).get("filters") or ():
        if one["type"] == "PROMPT_ATTACK" and one["outputStrength"] != "NONE":
            raise _invalid("The output strength of the filter PROMPT_ATTACK must be NONE.")
    for one in (made.get("sensitiveInformationPolicy") or {}).get("regexes") or ():
        try:
            re.compile(one["pattern"])
        except re.error as error:
            raise _invalid(f"The pattern of regex {one['name']} is not valid: {error}.") from None
