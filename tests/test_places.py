"""Settings of the AWS target; opening a target needs an account and is tested end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.aws.session import default_region
from chaoskit.cli.common import aws_settings
from chaoskit.embedded import Sandboxes
from chaoskit.engine import PlaceGoneError
from chaoskit.errors import TargetError
from chaoskit.places import AwsSettings, reopen

if TYPE_CHECKING:
    from pathlib import Path

FULL = """
[aws]
profile = "sandbox"
region = "eu-west-1"
accounts = ["444455556666", "123456789012"]
regions = ["eu-west-1"]
role = "arn:aws:iam::444455556666:role/harness"
stack = "my-workload"
variables = {"workload.bucket" = "my-bucket"}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, in the current folder; not made yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "chaoskit.toml"


def test_without_a_file_no_account_may_be_experimented_on(config: Path) -> None:
    assert not config.exists()
    assert AwsSettings.read() == AwsSettings()
    assert AwsSettings().accounts == ()


def test_the_file_in_the_current_folder_is_read(config: Path) -> None:
    config.write_text(FULL, "utf-8")
    assert AwsSettings.read() == AwsSettings(
        profile="sandbox",
        region="eu-west-1",
        accounts=("444455556666", "123456789012"),
        regions=("eu-west-1",),
        role="arn:aws:iam::444455556666:role/harness",
        stack="my-workload",
        variables={"workload.bucket": "my-bucket"},
    )


@pytest.mark.parametrize("text", ["", "[aws]\n"])
def test_a_file_that_says_nothing_of_aws_leaves_the_defaults(config: Path, text: str) -> None:
    config.write_text(text, "utf-8")
    assert AwsSettings.read() == AwsSettings()


def test_unknown_settings_are_refused_together_with_those_there_are(config: Path) -> None:
    config.write_text('[aws]\nacounts = ["444455556666"]\nzone = "a"\n', "utf-8")
    with pytest.raises(
        TargetError, match=r"chaoskit\.toml: \[aws\] has no acounts, zone; known are profile, "
    ):
        AwsSettings.read()


@pytest.mark.parametrize("raw", [b"[aws\n", b"[aws]\naccounts = [012345678901]\n", b'[aws]\nrole = "\xff"\n'])
def test_a_file_that_is_no_toml_is_told_in_one_sentence(config: Path, raw: bytes) -> None:
    config.write_bytes(raw)
    with pytest.raises(TargetError, match=r"^chaoskit\.toml can't be read: [^\n]+$"):
        AwsSettings.read()


def test_a_folder_in_place_of_the_file_is_told_in_one_sentence(config: Path) -> None:
    config.mkdir()
    with pytest.raises(TargetError, match=r"^chaoskit\.toml can't be read: "):
        AwsSettings.read()


def test_the_command_line_overrules_the_file(config: Path) -> None:
    config.write_text(FULL, "utf-8")
    settings = aws_settings(
        profile="other", region=None, allow_account=("111122223333",), role=None, stack=None
    )
    assert (settings.profile, settings.accounts) == ("other", ("111122223333",))
    assert (settings.region, settings.stack) == ("eu-west-1", "my-workload")


def test_a_fault_in_a_sandbox_that_is_gone_is_gone_with_it(tmp_path: Path) -> None:
    place = {"kind": "embedded", "folder": str(tmp_path), "instance": "run-1", "account": "444455556666"}
    with pytest.raises(PlaceGoneError, match=r"the sandbox run-1 is gone, and the fault with it"):
        next(reopen(place))


def test_a_sandbox_that_never_was_is_not_found_and_not_made(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path / "sandboxes")
    assert sandboxes.find() is None
    assert sandboxes.is_gone("up")
    assert not sandboxes.down()
    assert not sandboxes.folder.exists()


@pytest.mark.parametrize(("boto", "found"), [("eu-west-1", "eu-west-1"), (None, "eu-central-1")])
def test_the_region_may_be_named_as_other_sdks_have_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, boto: str | None, found: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    if boto:
        monkeypatch.setenv("AWS_DEFAULT_REGION", boto)
    else:
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert default_region(None) == found
