"""AWS Config is told to look away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

GIVEN: Final = ("name", "roleARN", "recordingGroup", "recordingMode")
"""What PutConfigurationRecorder takes of what DescribeConfigurationRecorders tells."""


@fault("config.narrow-recorder", layer="application", attack=("T1685.002",))
class NarrowRecorder(Fault):
    """Have AWS Config record everything but one type of resource: the recorder is on, and its rules rest.

    Detected by: CloudTrail PutConfigurationRecorder.

    Attributes:
        resource_type: What is recorded no more, as AWS Config calls it.
        recorder: The recorder's name.
    """

    resource_type: str = "AWS::SageMaker::NotebookInstance"
    recorder: str = "default"

    def changes(self, aws: Reader) -> Changes:
        """Exclude the type; undone by the prior settings. A recorder that excludes it already is left.

        Source: AWS Config API Reference, RecordingGroup: what is excluded is all that is named, so what was
        excluded before is named again.
        """
        which = {"ConfigurationRecorderNames": [self.recorder]}
        # All that the undo writes: with the group alone, another role or mode would be put back unseen.
        select = f"ConfigurationRecorders[0].{{{', '.join(f'{name}: {name}' for name in GIVEN)}}}"
        settings = Query("config", "DescribeConfigurationRecorders", which, select)
        found = aws.read(settings)
        prior: dict[str, Any] = {name: found[name] for name in GIVEN if found.get(name)}
        group = _without_blanks(prior.get("recordingGroup") or {"allSupported": True})
        excluded = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or []
        chosen = group.get("resourceTypes")
        if self.resource_type in excluded or (chosen and self.resource_type not in chosen):
            return
        less: dict[str, Any] = {"allSupported": False, "includeGlobalResourceTypes": False}
        if chosen:
            kept = [each for each in chosen if each != self.resource_type]
            strategy, less = "INCLUSION_BY_RESOURCE_TYPES", less | {"resourceTypes": kept}
        else:
            types = sorted({*excluded, self.resource_type})
            strategy = "EXCLUSION_BY_RESOURCE_TYPES"
            less = less | {"exclusionByResourceTypes": {"resourceTypes": types}}
        less |= {"recordingStrategy": {"useOnly": strategy}}
        do, undo = (
            Call(
                "config", "PutConfigurationRecorder", ConfigurationRecorder={**prior, "recordingGroup": each}
            )
            for each in (less, group)
        )
        yield Change(do=do, undo=(undo,), state=settings)


def _without_blanks(group: Mapping[str, Any]) -> dict[str, Any]:
    """As it was given: AWS Config tells an empty list of all that was not."""
    told = {name: value for name, value in group.items() if value not in ([], {"resourceTypes": []}, None)}
    return dict(told)
