"""The JSON Schema for editors, held against the reader: what the one takes, the other does."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from chaoskit.cli import main
from chaoskit.contract import FAULTS, PROBES
from chaoskit.spec.schema import gameday_schema, schema
from tests.samples import ROOT, SHIPPED, SMALL
from tests.spec.test_builder import MISTAKES, changed

SCHEMA = schema()
CHECK = Draft202012Validator(SCHEMA)
# What needs the file's name or folder, other values of the file, a catalog's ids, or YAML's own text.
BEYOND = (
    "id 'small' must be the file's name",
    "id 'smalls' must be the file's name",
    "layer is data, but the file lies in",
    "'owner' is given twice",
    "nothing is called",
    "detection within 6m is longer than",
    "MITRE ATT&CK has no",
    "compliance controls has no",
)


class AsEditors(yaml.SafeLoader):
    """Reads a date as the text that it is in YAML 1.2, which is what editors read."""


def _text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


AsEditors.add_constructor("tag:yaml.org,2002:timestamp", _text)


def errors(text: str) -> list[str]:
    return [error.message for error in CHECK.iter_errors(yaml.load(text, AsEditors))]  # noqa: S506 - a SafeLoader


def test_it_is_a_schema_of_draft_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


def test_every_shipped_experiment_is_valid_by_it() -> None:
    found = {path.stem: errors(path.read_text("utf-8")) for path in SHIPPED.rglob("*.yaml")}
    assert len(found) > 100
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize(
    ("old", "new", "message"), [row for row in MISTAKES if not row[2].startswith(BEYOND)]
)
def test_it_refuses_what_the_reader_refuses(old: str, new: str, message: str) -> None:
    assert errors(changed(old, new).replace("»", "")), message


@pytest.mark.parametrize(("old", "new", "message"), [row for row in MISTAKES if row[2].startswith(BEYOND)])
def test_what_it_can_not_tell_is_listed_only_while_it_can_not(old: str, new: str, message: str) -> None:
    assert not errors(changed(old, new).replace("»", "")), message


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL.replace("within: 60s", "within: ${env.SLO}"),
        SMALL.replace("max_changes: 1", 'max_changes: "${sandbox.changes}"'),
        SMALL.replace('["444455556666"]', "[444455556666]"),
        SMALL.replace("{eventbridge.matched: {rule: chaoskit-permissive-policy}}", "call.denied"),
        SMALL + "schedule: {every: rate(7 days), window: {hours: 09:00-17:00}, jitter: 5m}\n",
    ],
)
def test_it_takes_what_the_reader_takes(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize("element", [*FAULTS, *PROBES], ids=lambda each: each.about.name)
def test_an_editor_shows_what_an_element_and_its_parameters_are(element: Any) -> None:
    kind = "fault" if element in list(FAULTS) else "probe"
    form = SCHEMA["$defs"][kind]["anyOf"][0]["properties"][element.about.name]
    assert form["description"] == element.summary()
    assert all(each["description"] for each in form["properties"].values())


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"rolls": {"facilitator": "Ada"}},
        {"roles": {"leader": "Ada"}},
        {"max_duration": "soon"},
        {"injects": []},
        {"injects": [{"experiment": "small", "att": "1m"}]},
        {"abort": {"verdicts": ["PASSED"]}},
        {"abort": {"conditions": ["iam.nope"]}},
    ],
    ids=str,
)
def test_a_game_day_is_valid_by_its_schema_until_something_is_wrong(wrong: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(gameday_schema())
    (file,) = (ROOT / "gamedays").glob("*.yaml")
    shown = {**yaml.safe_load(file.read_text("utf-8")), **wrong}
    assert bool(list(Draft202012Validator(gameday_schema()).iter_errors(shown))) is bool(wrong)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == schema()  # other tests may have added faults of their own
