"""Kill switches: what stops every run in an account, whoever started it and wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Reader

STOP_FILE: Final = "STOP"
PARAMETER: Final = "/chaoskit/stop"


@dataclass(frozen=True, slots=True)
class Switches:
    """Where a person or an alarm can say stop. What can't be read says stop too.

    Attributes:
        file: Its being there stops the runs of this machine's user; its first line is the reason.
        parameter: An SSM parameter whose being there stops every run in the account and region; its value
            is the reason.
        alarms: CloudWatch alarms that stop every run while they ring.
        safety_lever: Honour the lever of AWS Fault Injection Service (AWS FIS User Guide, "Safety levers
            for AWS FIS"): engaged, it stops FIS experiments, and so these.
    """

    file: Path | None = None
    parameter: str | None = None
    alarms: tuple[str, ...] = ()
    safety_lever: bool = False

    def queries(self) -> list[Query]:
        """What is read of the account, for the permissions that a run needs."""
        return [*self._parameter(), *self._alarms(), *self._lever()]

    def why_here(self) -> str | None:
        """Why this machine's runs must stop, or None. Reads the file only."""
        if self.file is None:
            return None
        try:
            reason = self.file.read_text("utf-8", errors="replace").partition("\n")[0].strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"the stop file {self.file} can't be read ({error.strerror}), which counts as stop"
        return f"the stop file {self.file} is there: {reason or 'no reason given'}"

    def why(self, aws: Reader) -> str | None:
        """Why every run in the account must stop, or None."""
        try:
            return self.why_here() or self._why_there(aws)
        except AwsError as error:
            return (
                f"a kill switch can't be read, which counts as stop: {error}. Allow the call, or say in "
                "chaoskit.toml that this switch is not used"
            )

    def _why_there(self, aws: Reader) -> str | None:
        for query in self._parameter():
            reason = aws.read(query)
            if reason is not None:
                return f"the parameter {self.parameter} says stop: {reason}"
        for query in self._alarms():
            states: dict[str, str] = dict(aws.read(query) or ())
            for name in self.alarms:
                if states.get(name, "not there") in ("ALARM", "not there"):
                    return f"alarm {name}, a kill switch, is {states.get(name, 'not there')}"
        for query in self._lever():
            state = aws.read(query) or {}
            if state.get("status") != "disengaged":
                return f"the FIS safety lever is {state.get('status')}: {state.get('reason', '')}"
        return None

    def _parameter(self) -> Iterator[Query]:
        if self.parameter:
            names = {"Names": [self.parameter]}  # GetParameter would answer with an error where there is none
            yield Query("ssm", "GetParameters", names, "Parameters[0].Value")

    def _alarms(self) -> Iterator[Query]:
        if self.alarms:
            found = "[MetricAlarms, CompositeAlarms][][].[AlarmName, StateValue]"
            yield Query("cloudwatch", "DescribeAlarms", {"AlarmNames": list(self.alarms)}, found)

    def _lever(self) -> Iterator[Query]:
        if self.safety_lever:
            yield Query("fis", "GetSafetyLever", {"id": "default"}, "safetyLever.state")
