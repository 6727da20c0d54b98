"""What each action does, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.automation.actions import api, control, script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.automation.task import Result, Task

RUN: Mapping[str, Callable[[Task], Result]] = {
    "aws:executeAwsApi": api.execute,
    "aws:assertAwsResourceProperty": api.assert_property,
    "aws:waitForAwsResourceProperty": api.wait_for_property,
    "aws:branch": control.branch,
    "aws:sleep": control.sleep,
    "aws:loop": control.loop,
    "aws:executeScript": script.execute,
}
