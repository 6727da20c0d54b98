"""Looks whether notebooks start with the approved script."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("sagemaker.lifecycle-script-approved")
class LifecycleScriptApproved(Probe):
    """The lifecycle configuration runs one script at each start, and it is the approved one.

    Attributes:
        config: The lifecycle configuration's name.
        sha256: SHA-256 of the approved script, in hexadecimal.
    """

    config: str
    sha256: str

    reads = ("sagemaker:DescribeNotebookInstanceLifecycleConfig",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Hash the scripts."""
        del trace
        which = {"NotebookInstanceLifecycleConfigName": self.config}
        query = Query("sagemaker", "DescribeNotebookInstanceLifecycleConfig", which, "OnStart[].Content")
        found = [_hashed(content) for content in aws.read(query) or ()]
        holds = found == [self.sha256.lower()]
        return Observation(
            holds=holds,
            summary=f"lifecycle configuration {self.config} starts notebooks with "
            + ("the approved script" if holds else "another script than approved"),
            evidence={"sha256": found},
        )


def _hashed(content: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(content, validate=True)).hexdigest()
    except binascii.Error:
        return "not base64"
