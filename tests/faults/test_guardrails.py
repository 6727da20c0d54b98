"""A guardrail's draft is put back whole, and never over what somebody else has written there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import jmespath
import pytest
from botocore.validate import ParamValidator

from chaoskit.faults._guardrails import draft, settings
from chaoskit.faults.bedrock_weaken_guardrail import WeakenGuardrail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.faults.between import Account

TOPIC = {"name": "advice", "definition": "Advice on investments", "type": "DENY"}
FILTERS = [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "MEDIUM"}]
MESSAGES = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}


@pytest.fixture
def guardrail(place: Account) -> Iterator[str]:
    bedrock = place.client("bedrock")
    made = bedrock.create_guardrail(
        name="theirs",
        **MESSAGES,
        contentPolicyConfig={"filtersConfig": FILTERS},
        topicPolicyConfig={"topicsConfig": [TOPIC]},
    )["guardrailId"]
    yield made
    bedrock.delete_guardrail(guardrailIdentifier=made)


def shown(place: Account, guardrail: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = place.read(draft(guardrail))
    return found


def test_a_draft_is_as_it_was(place: Account, tmp_path: Path, guardrail: str) -> None:
    before = shown(place, guardrail)

    def meanwhile() -> None:
        (found,) = shown(place, guardrail)["contentPolicy"]["filters"]
        assert (found["inputStrength"], found["outputStrength"]) == ("NONE", "NONE")

    (undone,) = place.undone(WeakenGuardrail(guardrail=guardrail), tmp_path, meanwhile)
    assert undone.ok, undone.note
    assert shown(place, guardrail) == before


@pytest.mark.parametrize(
    "theirs",
    [
        {"topicPolicyConfig": {"topicsConfig": [TOPIC, {**TOPIC, "name": "another"}]}},
        {"wordPolicyConfig": {"wordsConfig": [{"text": "secret"}]}},
        {"blockedInputMessaging": "Ask somebody else."},
        {"description": "of the platform team"},
    ],
    ids=["a denied topic", "a word", "a message", "a description"],
)
def test_what_somebody_adds_to_the_draft_meanwhile_is_not_destroyed(
    place: Account, tmp_path: Path, guardrail: str, theirs: dict[str, Any]
) -> None:
    written: list[Mapping[str, Any]] = []

    def meanwhile() -> None:
        now = settings(shown(place, guardrail))
        place.client("bedrock").update_guardrail(guardrailIdentifier=guardrail, **{**now, **theirs})
        written.append(shown(place, guardrail))

    (undone,) = place.undone(WeakenGuardrail(guardrail=guardrail), tmp_path, meanwhile)
    assert "somebody else has changed it since" in undone.note
    assert shown(place, guardrail) == written[0]


def test_an_undo_that_meets_an_update_of_the_draft_is_tried_again(
    place: Account, tmp_path: Path, guardrail: str
) -> None:
    before = shown(place, guardrail)

    def meanwhile() -> None:
        place.refusals["UpdateGuardrail"] = ["ConflictException"]

    (undone,) = place.undone(WeakenGuardrail(guardrail=guardrail), tmp_path, meanwhile)
    assert undone.ok, undone.note
    assert shown(place, guardrail) == before


def operation(name: str) -> Any:
    return botocore.session.get_session().get_service_model("bedrock").operation_model(name)


def filled(shape: Any) -> Any:
    """A value with every member that a shape has, at any depth."""
    match shape.type_name:
        case "structure":
            return {name: filled(member) for name, member in shape.members.items()}
        case "list":
            return [filled(shape.member)]
        case "boolean":
            return True
        case "double" | "integer":
            return 0.5
        case _:
            return (getattr(shape, "enum", None) or ["a-text-that-is-long-enough"])[0]


def members(shape: Any, before: str = "") -> set[str]:
    """Every member that a shape has, at any depth, as a path."""
    if shape.type_name == "list":
        return members(shape.member, before)
    found = set()
    for name, member in getattr(shape, "members", {}).items():
        found |= {f"{before}{name}"} | members(member, f"{before}{name}.")
    return found


def given(value: Any, before: str = "") -> set[str]:
    """Every member that a value has, at any depth, as a path."""
    if isinstance(value, list):
        return {path for each in value for path in given(each, before)}
    found = set()
    for name, member in value.items() if isinstance(value, dict) else ():
        found |= {f"{before}{name}"} | given(member, f"{before}{name}.")
    return found


def test_whatever_an_update_takes_is_read_and_written_back() -> None:
    takes = operation("UpdateGuardrail").input_shape
    shows = filled(operation("GetGuardrail").output_shape)
    state = jmespath.search(draft("g").select, shows)
    written = {"guardrailIdentifier": "g", **settings(state)}
    assert given(written) == members(takes)
    assert settings(state) == settings(shows)
    assert not ParamValidator().validate(written, takes).has_errors()
