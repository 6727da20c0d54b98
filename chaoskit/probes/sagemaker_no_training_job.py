"""Looks whether a training job runs that should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("sagemaker.no-training-job")
class NoTrainingJob(Probe):
    """No training job is in progress whose name contains these words.

    Attributes:
        name: What the names contain.
    """

    name: str

    reads = ("sagemaker:ListTrainingJobs",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the jobs in progress."""
        del trace
        where = {"NameContains": self.name, "StatusEquals": "InProgress"}
        query = Query("sagemaker", "ListTrainingJobs", where, "TrainingJobSummaries[].TrainingJobName")
        running = aws.read(query) or []
        return Observation(
            holds=not running,
            summary=f"training jobs in progress: {', '.join(running)}"
            if running
            else f"no training job named {self.name} is in progress",
            evidence={"running": running},
        )
