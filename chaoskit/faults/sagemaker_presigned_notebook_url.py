"""A leaked access key opens a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.presigned-notebook-url",
    layer="application",
    attack=("T1098.001", "T1078.004", "T1550.001"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class PresignedNotebookUrl(Fault):
    """Create an access key for a user, and a URL with it that opens a notebook to whoever has it.

    The URL is neither used nor kept; it ends within minutes, and a session that it opened within an hour.

    Detected by: CloudTrail CreateAccessKey, CreatePresignedNotebookInstanceUrl.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        notebook: The notebook instance's name.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    user: str
    notebook: str
    source_ip: str = OUTSIDE

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        key = yield from leaked(self.user)
        yield used(
            key,
            self.source_ip,
            "sagemaker",
            "CreatePresignedNotebookInstanceUrl",
            NotebookInstanceName=self.notebook,
            SessionExpirationDurationInSeconds=1800,
        )
