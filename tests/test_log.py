from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chaoskit.log import Logger

if TYPE_CHECKING:
    import pytest


def test_a_line_carries_what_is_bound_and_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "chaoskit"):
        Logger(run="r-1").info("applied", detail="iam:AttachRolePolicy")
    assert caplog.messages == ["event='applied' run='r-1' detail='iam:AttachRolePolicy'"]


def test_an_error_brings_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "chaoskit"):
        Logger().error("crash", exc_info=ValueError("no such thing"))
    (line,) = caplog.messages
    assert "ValueError: no such thing" in line


def test_nothing_is_written_that_nobody_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "chaoskit"):
        Logger().info("applied")
        Logger().warning("not kept", reason="full")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
