from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from chaoskit.cli import _COMMANDS, cli
from chaoskit.version import __version__
from tests.samples import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

# Modules that cost more time than a quick command may take.
HEAVY = ("boto3", "botocore", "moto", "rich", "tenacity", "structlog", "sqlite3", "pytest", "jmespath")


def chaoskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaoskit", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [("--help",), ("validate", str(SHIPPED)), ("catalog",), ("status",)])
def test_a_quick_command_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom chaoskit.cli import main\n"
        f"try:\n    main({list(arguments)!r})\n"
        "finally:\n    loaded = {module.split('.')[0] for module in sys.modules}\n"
        f"    print(sorted(loaded & set({HEAVY!r})), file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The journal is SQLite's; experiments hold JMESPath expressions, which `validate` reads.
    allowed = {"status": ["sqlite3"], "validate": ["jmespath"]}.get(arguments[0], [])
    assert told.stderr.strip() == repr(allowed)


def test_help_lists_every_command_with_its_purpose() -> None:
    told = chaoskit("--help")
    assert (told.returncode, told.stderr) == (0, "")
    for name, purpose in _COMMANDS.items():
        assert any(line.split() == [name, *purpose.split()] for line in told.stdout.splitlines()), name


@cache
def help_of(command: str) -> Result:
    return CliRunner().invoke(cli, [command, "--help"], prog_name="chaoskit")


@pytest.mark.parametrize("command", sorted(_COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    told = help_of(command)
    assert told.exit_code == 0
    assert told.stdout.startswith(f"Usage: chaoskit {command} ")


@pytest.mark.parametrize("command", sorted(_COMMANDS))
def test_a_commands_purpose_is_the_same_in_the_list_and_in_its_own_help(command: str) -> None:
    told = help_of(command).stdout
    first = told.split("\n\n")[1]
    assert " ".join(first.split()).startswith(_COMMANDS[command].rstrip("."))


def test_the_version_is_told() -> None:
    assert chaoskit("--version").stdout.strip().endswith(__version__)


def test_without_a_command_the_usage_is_shown() -> None:
    told = chaoskit()
    assert told.returncode == 2
    assert "Usage: chaoskit" in told.stderr + told.stdout


def test_without_open_faults_status_says_so_and_makes_nothing() -> None:
    told = chaoskit("status")
    assert (told.returncode, told.stdout, told.stderr) == (0, "No faults are open.\n", "")


def test_a_state_folder_that_is_a_file_is_no_traceback(chaoskit_home: Path) -> None:
    chaoskit_home.touch()
    assert chaoskit("status").stderr == ""
