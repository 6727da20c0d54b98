"""What the faults share that start a job of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE: Final = (
    "ResourceNotFound",
    "ValidationException: Requested resource not found",
    "ValidationException: Could not find",
)
"""SageMaker's words for a job that is not there."""
_ENDED: Final = "ValidationException: The request was rejected because the"
"""How it goes on: `training job is in status Stopped`."""
_ENDS_WITHIN_S: Final = 180.0


def started(aws: Reader, kind: str, name: str, **settings: Any) -> Changes:
    """Start a job; undone by stopping and deleting it. A job that has the name already is left alone.

    Only one that has ended can be deleted, and a container may take 120 s to end (SageMaker API Reference,
    "StopTrainingJob", "DeleteTrainingJob" and "DeleteProcessingJob"); the undo is tried again meanwhile.

    Args:
        aws: The account.
        kind: `TrainingJob` or `ProcessingJob`.
        name: The job's name.
        settings: What else the operation takes.
    """
    which: dict[str, Any] = {f"{kind}Name": name}
    listed = Query(
        "sagemaker",
        f"List{kind}s",
        {"NameContains": name},
        f"{kind}Summaries[?{kind}Name=='{name}'].{kind}Name",
    )
    if aws.read(listed):
        return
    yield Change(
        do=Call("sagemaker", f"Create{kind}", **which, **settings),
        undo=(
            Call("sagemaker", f"Stop{kind}", absent_ok=(*_GONE, _ENDED), **which),
            Call(
                "sagemaker",
                f"Delete{kind}",
                absent_ok=_GONE,
                not_yet=("ResourceInUse",),
                settles=_ENDS_WITHIN_S,
                **which,
            ),
        ),
        state=listed,
    )
