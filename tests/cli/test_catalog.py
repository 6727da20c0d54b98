from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.cli import main
from chaoskit.contract import FAULTS, LAYERS, PROBES

if TYPE_CHECKING:
    from pathlib import Path

ELEMENTS = FAULTS.names() + PROBES.names()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["catalog", *arguments])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    status, out, _ = run(capsys, "--json", *arguments)
    assert status == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_every_fault_and_probe_is_listed_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("  ")}
    assert list(lines) == ELEMENTS
    assert lines == {element.about.name: element.summary() for element in [*FAULTS, *PROBES]}


def test_as_json_every_element_has_its_kind_purpose_and_parameters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = {element["name"]: element for element in listed(capsys)}
    assert list(found) == ELEMENTS
    assert found["iam.attach-role-policy"] == {
        "name": "iam.attach-role-policy",
        "layer": "identity",
        "attack": ["T1098.003"],
        "owasp_ml": ["ML05"],
        "kind": "fault",
        "summary": "Attach a managed policy to a role, as an intruder widening a foothold would.",
        "parameters": {
            "role": {"type": "str"},
            "policy": {"type": "str", "default": "arn:aws:iam::aws:policy/AdministratorAccess"},
        },
    }
    assert found["cloudwatch.alarm"]["reads"] == ["cloudwatch:DescribeAlarms"]
    assert found["cloudwatch.alarm"]["kind"] == "probe"


@pytest.mark.parametrize("layer", LAYERS)
def test_only_the_faults_of_a_layer_are_listed(capsys: pytest.CaptureFixture[str], layer: str) -> None:
    names = [element["name"] for element in listed(capsys, "--layer", layer)]
    assert names == [fault.about.name for fault in FAULTS if fault.about.layer == layer]


def test_only_the_faults_of_a_technique_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    names = [element["name"] for element in listed(capsys, "--attack", "T1530")]
    assert "s3.public-bucket-acl" in names
    assert "iam.attach-role-policy" not in names


def test_a_technique_stands_for_its_parts_as_for_pytest(capsys: pytest.CaptureFixture[str]) -> None:
    names = [element["name"] for element in listed(capsys, "--attack", "T1098")]
    assert names == [
        fault.about.name
        for fault in FAULTS
        if any(each == "T1098" or each.startswith("T1098.") for each in fault.about.attack)
    ]
    assert "iam.attach-role-policy" in names  # T1098.003
    assert "iam.attach-role-policy" not in [
        element["name"] for element in listed(capsys, "--attack", "T1098.001")
    ]


def test_what_no_fault_is_of_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "--attack", "T1190", "--layer", "data")
    assert told == (0, "No fault of the layer data and T1190.\n", "")
    assert listed(capsys, "--attack", "T1190", "--layer", "data") == []


def test_a_folder_of_experiments_is_needed_only_where_it_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "iam.attach-role-policy")[0] == 0
    told = run(capsys, "--markdown", "catalog.md")
    assert told == (2, "", "chaoskit: experiments:1:1: there is no such file\n")


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_is_explained(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, _ = run(capsys, name)
    element = FAULTS.get(name) or PROBES.get(name)
    assert element is not None
    assert status == 0
    assert out.startswith(f"{name}\n\n{element.summary()}\n")
    assert "\n\n\n" not in out
    for technique in element.about.attack:
        assert f"ATT&CK: {', '.join(element.about.attack)}" in out, technique


def test_one_element_as_json_is_what_the_list_says_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    (in_list,) = [element for element in listed(capsys) if element["name"] == "call.denied"]
    status, out, _ = run(capsys, "call.denied", "--json")
    assert (status, json.loads(out)) == (0, in_list)


def test_an_unknown_name_is_told_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "iam.atach-role-policy")
    assert status == 5
    assert out == ""
    assert err == "chaoskit: There is no 'iam.atach-role-policy'; did you mean iam.attach-role-policy?\n"


def test_faults_are_listed_by_atlas_technique_and_owasp_risk(capsys: pytest.CaptureFixture[str]) -> None:
    names = [element["name"] for element in listed(capsys, "--atlas", "AML.T0040", "--owasp-ml", "ML05")]
    assert names == [
        f.about.name for f in FAULTS if "AML.T0040" in f.about.atlas and "ML05" in f.about.owasp_ml
    ]
    assert names


def test_a_technique_of_v18_lists_the_faults_of_its_successor(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "--attack", "T1562.008") == listed(capsys, "--attack", "T1685.002") != []


def test_an_unknown_technique_is_refused_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _, err = run(capsys, "--attack", "T1098.033")
    assert status == 5
    assert err == "chaoskit: MITRE ATT&CK has no 'T1098.033'; did you mean T1098.003?\n"


def test_a_navigator_layer_is_written_for_the_faults_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "layer.json"
    status, out, _ = run(capsys, "--layer", "network", "--attack-navigator", str(file))
    assert status == 0
    assert str(file) in out
    assert {each["techniqueID"] for each in json.loads(file.read_text())["techniques"]} >= {"T1686.001"}
