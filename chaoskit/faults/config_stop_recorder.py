"""AWS Config records no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("config.stop-recorder", layer="application", attack=("T1685.002",))
class StopRecorder(Fault):
    """Stop AWS Config's recorder, so that its rules rest and no change of a resource is kept.

    Detected by: CloudTrail `StopConfigurationRecorder`.

    Attributes:
        recorder: The recorder's name.
    """

    recorder: str = "default"

    def changes(self, aws: Reader) -> Changes:
        """Stop; undone by starting. A recorder that is stopped already is not ours to start."""
        recording = Query(
            "config",
            "DescribeConfigurationRecorderStatus",
            {"ConfigurationRecorderNames": [self.recorder]},
            "ConfigurationRecordersStatus[0].recording",
        )
        if not aws.read(recording):
            return
        named: dict[str, Any] = {"ConfigurationRecorderName": self.recorder}
        yield Change(
            do=Call("config", "StopConfigurationRecorder", **named),
            undo=(Call("config", "StartConfigurationRecorder", **named),),
            state=recording,
        )
