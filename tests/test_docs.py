"""README and docs say what is so: each block is read by what would read it. tests/e2e runs them."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from chaoskit import spec
from chaoskit.cli import cli, reference
from chaoskit.places import AwsSettings
from chaoskit.spec import fleet, gameday
from tests.documents import PAGES, ROOT, blocks
from tests.samples import SHIPPED, SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.documents import Block

NOTES = ("", "not-run: ", "exit=", "of: ")
COMMAND = re.compile(r'^(?:eval "\$\()?(chaoskit [^#\n]*?)(?:\)")?\s*(?:#.*)?(?:>.*)?$', re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def as_written(text: str) -> dict[str, Any]:
    """Every scalar as its text, as the spec reader has it."""
    read: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes nothing but texts
    return read


def parse(command: click.Command, arguments: list[str]) -> None:
    """Read a command line as click would, without calling it."""
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        inner = command.get_command(click.Context(command), arguments[0])
        assert inner is not None, arguments[0]
        command, arguments = inner, arguments[1:]
    command.make_context(command.name, list(arguments))


@pytest.mark.parametrize("block", blocks("sh", "yaml", "python", "toml", "json", "text"), ids=str)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    assert block.note == "" or block.note.startswith(NOTES[1:])
    assert block.runs or len(block.note) > len("not-run: ")


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_every_command_is_one_that_there_is(block: Block) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in block.text.replace("\\\n", "").splitlines():
        if found := COMMAND.fullmatch(line):
            parse(cli, shlex.split(found[1])[1:])
        elif line.startswith("make "):
            assert line.split()[1] in targets
        else:
            assert not line.startswith("chaoskit"), line


@pytest.mark.parametrize("block", [each for each in blocks("yaml") if not each.note], ids=str)
def test_every_experiment_is_valid_and_so_is_every_part_of_one(block: Block, tmp_path: Path) -> None:
    shown, text = as_written(block.text), block.text
    if "injects" in shown:
        file = tmp_path / "gamedays" / f"{shown['id']}.yaml"
        file.parent.mkdir()
        file.write_text(text, "utf-8")
        shutil.copytree(SHIPPED, tmp_path / "experiments")
        assert gameday.load(file).id == shown["id"]
        return
    if "experiments" in shown:
        file = tmp_path / f"{shown['id']}.yaml"
        file.write_text(text, "utf-8")
        shutil.copytree(SHIPPED, tmp_path / "experiments")
        assert fleet.load(file).id == shown["id"]
        return
    if "id" not in shown:  # a part is read within the smallest experiment
        whole = {**as_written(SMALL), **shown}
        whole["blast_radius"]["max_duration"] = "1h"
        text = yaml.safe_dump(whole)
    file = tmp_path / f"{shown.get('id', 'small')}.yaml"
    file.write_text(text, "utf-8")
    assert len(spec.load([file])) == 1


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_setting_is_one_that_there_is(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "chaoskit.toml"
    file.write_text(block.text, "utf-8")
    if block.page.name not in ("mutation.md", "plugins.md"):  # those are other settings: see pyproject.toml
        assert AwsSettings.read(file).accounts


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_block_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= linked


def test_every_picture_is_shown_and_small() -> None:
    shown = "".join(page.read_text("utf-8") for page in PAGES)
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    assert [each.name for each in pictures if each.name not in shown] == []
    assert [each.name for each in pictures if each.stat().st_size > 300_000] == []


def test_the_reference_of_commands_is_what_the_code_says_now() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == reference.page(), "run `make docs`"
