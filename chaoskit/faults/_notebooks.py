"""What the faults that make a notebook instance share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE: Final = "ValidationException"  # SageMaker's word for RecordNotFound, too


def created(aws: Reader, notebook: str, **request: Any) -> Changes:
    """Create the instance; undone by stopping and deleting it. One that exists already is left alone."""
    which: dict[str, Any] = {"NotebookInstanceName": notebook}
    there = Query("sagemaker", "DescribeNotebookInstance", which, "NotebookInstanceName", absent=(_GONE,))
    if aws.read(there) == notebook:
        return
    yield Change(
        do=Call("sagemaker", "CreateNotebookInstance", **which, **request),
        undo=(
            Call("sagemaker", "StopNotebookInstance", absent_ok=(_GONE,), **which),
            Call("sagemaker", "DeleteNotebookInstance", absent_ok=(_GONE,), **which),
        ),
        state=there,
    )
