from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.cli.terminal import plain_console

if TYPE_CHECKING:
    import pytest

ARN = "arn:aws:secretsmanager:us-east-1:444455556666:secret:ml/research/model-hub-AbCdEf"


def test_the_name_of_a_secret_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    plain_console().print(ARN, soft_wrap=True)
    plain_console(stderr=True).print(ARN, soft_wrap=True)
    told = capsys.readouterr()
    assert (told.out, told.err) == (f"{ARN}\n", f"{ARN}\n")
