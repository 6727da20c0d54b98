"""Packages that bring faults and probes of their own, installed as pip leaves them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from chaoskit.contract import About
from chaoskit.registry import PluginError, Registry
from tests.documents import ROOT, blocks
from tests.samples import SMALL

if TYPE_CHECKING:
    from pathlib import Path

FAULT = '''\
from __future__ import annotations
from chaoskit import Call, Change, Fault, fault


@fault("acme.tag-role", layer="identity", attack=("T1098",))
class TagRole(Fault):
    """Tag a role."""

    role: str

    def changes(self, aws):
        yield Change(do=Call("iam", "TagRole", RoleName=self.role, Tags=[]))
'''


def install(site: Path, entry: str, files: dict[str, str], group: str = "chaoskit.faults") -> None:
    """A package `acme_chaos` of these files, and the entry point `acme` that names what is in it."""
    for name, text in {"__init__.py": "", **files}.items():
        file = site / "acme_chaos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    about = site / "acme_chaos-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-chaos\nVersion: 1.0\n", "utf-8")
    with (about / "entry_points.txt").open("a", encoding="utf-8") as points:
        points.write(f"[{group}]\nacme = {entry}\n")


def install_page(site: Path, page: Path) -> Path:
    """The package that a page shows, each file by its first line; the file of its experiment."""
    files = {
        block.text.partition("\n")[0].removeprefix("# acme_chaos/"): block.text
        for block in blocks("python", pages=[page])
    }
    folders = {str(PurePath(name).parent) for name in files}
    (project,) = blocks("toml", pages=[page])
    groups = tomllib.loads(project.text)["project"]["entry-points"]
    assert {f"acme_chaos.{folder}" for folder in folders} == {each["acme"] for each in groups.values()}
    for group, named in groups.items():
        install(site, named["acme"], files | {f"{folder}/__init__.py": "" for folder in folders}, group)
    (shown,) = blocks("yaml", pages=[page])
    experiment = site / f"{yaml.safe_load(shown.text)['id']}.yaml"
    experiment.write_text(shown.text, "utf-8")
    return experiment


def chaoskit(site: Path, *arguments: str) -> tuple[int, str, str]:
    """Its exit status and what it says, with what is installed in `site`."""
    done = subprocess.run(
        [sys.executable, "-m", "chaoskit", *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("entry", "files"),
    [
        ("acme_chaos.faults", {"faults/__init__.py": "", "faults/acme_tag_role.py": FAULT}),
        ("acme_chaos.mine", {"mine.py": FAULT}),
    ],
    ids=["package", "module"],
)
def test_a_plug_in_is_a_package_or_a_module(entry: str, files: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path, entry, files)
    status, told, errors = chaoskit(tmp_path, "catalog", "acme.tag-role")
    assert (status, errors) == (0, "")
    assert told.startswith("acme.tag-role\n\nTag a role.")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"faults.py": "x = 1\ndef broken(:\n"}, r"\S+/acme_chaos/faults\.py:2: SyntaxError: invalid syntax"),
        ({}, r"ModuleNotFoundError: No module named 'acme_chaos\.faults'"),
        (
            {"faults/__init__.py": "", "faults/one.py": "import acme_nothing\n"},
            r"\S+/acme_chaos/faults/one\.py:1: ModuleNotFoundError: No module named 'acme_nothing'",
        ),
        ({"faults.py": "\n{}['zz']\n"}, r"\S+/acme_chaos/faults\.py:2: KeyError: 'zz'"),
        (
            {"faults.py": FAULT.replace("acme.tag-role", "iam.attach-role-policy")},
            r"\S+/faults\.py:5: ValueError: iam\.attach-role-policy is defined twice: by \S+ and acme\S+",
        ),
        (
            {"faults.py": FAULT.replace("role: str", "role: Strr")},
            r"TypeError: acme_chaos\.faults\.TagRole has an annotation that means nothing: name 'Strr' .*",
        ),
    ],
    ids=["syntax", "no-module", "no-import", "raises", "twice", "annotation"],
)
def test_a_plug_in_that_can_not_be_loaded_is_named_with_the_line_and_the_error(
    files: dict[str, str], why: str, tmp_path: Path
) -> None:
    install(tmp_path, "acme_chaos.faults", files)
    status, told, errors = chaoskit(tmp_path, "catalog")
    assert (status, told) == (5, "")
    said = rf"chaoskit: the plug-in acme \(acme_chaos\.faults\) can't be loaded: {why}\n"
    assert re.fullmatch(said, errors), errors


def test_a_plug_in_that_can_not_be_loaded_keeps_none_of_chaoskits_own_from_being_used(tmp_path: Path) -> None:
    install(tmp_path, "acme_chaos.faults", {"faults.py": "import acme_nothing\n"})
    small = tmp_path / "small.yaml"
    small.write_text(SMALL, "utf-8")
    assert chaoskit(tmp_path, "validate", str(small))[0] == 0


def test_why_a_plug_in_can_not_be_loaded_is_the_same_when_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Known:
        about = About("acme.one")

    registry: Registry[Any] = Registry("acme_own")
    (tmp_path / "acme_own.py").write_text("", "utf-8")
    install(tmp_path, "acme_chaos.once", {"once.py": "raise OSError('half way')\n"}, "acme_own")
    monkeypatch.syspath_prepend(tmp_path)
    registry.add(Known)
    said = []
    for _ in range(2):
        with pytest.raises(PluginError) as raised:
            registry.names()
        said.append(str(raised.value))
    assert said[0] == said[1]
    assert said[0].endswith("acme_chaos/once.py:1: OSError: half way")
    assert registry.get("acme.one") is Known


@pytest.mark.long
def test_the_package_that_the_docs_show_is_found_and_its_experiment_passes(tmp_path: Path) -> None:
    experiment = install_page(tmp_path, ROOT / "docs" / "plugins.md")
    status, told, errors = chaoskit(tmp_path, "run", str(experiment))
    assert status == 0, told + errors
    assert "1 PASSED; everything restored" in told + errors
    assert chaoskit(tmp_path, "catalog", "acme.tagging-recorded")[0] == 0


@pytest.mark.long
def test_a_faulty_fault_keeps_no_other_experiment_from_being_predicted(tmp_path: Path) -> None:
    faulty = FAULT.replace("        yield Change(", "        return Change(")
    install(tmp_path, "acme_chaos.faults", {"faults.py": faulty})
    experiments = tmp_path / "several"
    experiments.mkdir()
    small = SMALL.replace("role: training", 'role: "${workload.training_role}"')
    (experiments / "small.yaml").write_text(small, "utf-8")
    other = small.replace("id: small", "id: faulty").replace("iam.attach-role-policy", "acme.tag-role")
    (experiments / "faulty.yaml").write_text(other, "utf-8")
    status, told, errors = chaoskit(tmp_path, "predict", str(experiments))
    assert (status, errors) == (0, "")
    assert "the fault acme.tag-role is wrong at " in told
    assert "iam:AttachRolePolicy: " in told
