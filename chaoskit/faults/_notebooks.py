"""What the faults that make a notebook instance share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_REFUSED: Final = "ValidationException"
"""SageMaker's word for an instance that is not there, and for one that its status keeps from what is asked:
`Status (Pending) not in ([InService]). Unable to transition to (Stopping) for Notebook Instance (...)`."""
_GONE: Final = f"{_REFUSED}: RecordNotFound"
_IN_STATUS: Final = f"{_REFUSED}: Status ("
_DELETING: Final = f"{_IN_STATUS}Deleting)"
_NOT_RUNNING: Final = (
    f"{_IN_STATUS}Stopping)",
    f"{_IN_STATUS}Stopped)",
    f"{_IN_STATUS}Failed)",
    _DELETING,
)
_SETTLES_S: Final = 900.0
"""An instance takes minutes to start and minutes to stop; AWS gives no figure."""


def created(aws: Reader, notebook: str, **request: Any) -> Changes:
    """Create the instance; undone by stopping and deleting it. One that exists already is left alone.

    It can be stopped once it is in service, and deleted once it has stopped or failed (Amazon SageMaker AI
    API Reference, "StopNotebookInstance", "DeleteNotebookInstance"); both are tried again until then.
    """
    which: dict[str, Any] = {"NotebookInstanceName": notebook}
    there = Query("sagemaker", "DescribeNotebookInstance", which, "NotebookInstanceName", absent=(_REFUSED,))
    if aws.read(there) == notebook:
        return
    yield Change(
        do=Call("sagemaker", "CreateNotebookInstance", **which, **request),
        undo=(
            Call(
                "sagemaker",
                "StopNotebookInstance",
                absent_ok=(_GONE, *_NOT_RUNNING),
                not_yet=(_IN_STATUS,),
                settles=_SETTLES_S,
                **which,
            ),
            Call(
                "sagemaker",
                "DeleteNotebookInstance",
                absent_ok=(_GONE, _DELETING),
                not_yet=(_IN_STATUS,),
                settles=_SETTLES_S,
                **which,
            ),
        ),
        state=there,
    )
