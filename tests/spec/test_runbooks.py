from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import SpecError
from chaoskit.spec.runbooks import Runbook, runbooks

if TYPE_CHECKING:
    from pathlib import Path


def test_a_runbooks_purpose_is_the_first_paragraph_of_its_description(tmp_path: Path) -> None:
    text = "description: |-\n  ### Close it\n\n  Closes what\n  was opened.\n\n  More.\n"
    (tmp_path / "close-it.yaml").write_text(text)
    assert runbooks(tmp_path) == [Runbook("close-it", "Closes what was opened.")]


def test_a_runbook_without_a_description_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "mute.yaml").write_text("schemaVersion: '0.3'\n")
    with pytest.raises(SpecError, match=r"mute\.yaml:1:1: a runbook needs a `description`"):
        runbooks(tmp_path)
