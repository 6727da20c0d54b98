"""A notebook's start script is replaced."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SCRIPT: Final = "#!/bin/bash\n# chaoskit: an intruder's script would stand here, and run as root.\ntrue\n"


@fault(
    "sagemaker.swap-lifecycle-script",
    layer="application",
    attack=("T1037", "T1059.004"),
    atlas=("AML.T0050",),
    owasp_ml=("ML06",),
)
class SwapLifecycleScript(Fault):
    """Replace the script that notebook instances run as root at each start, with the notebook's role at hand.

    The new script does nothing.

    Detected by: CloudTrail UpdateNotebookInstanceLifecycleConfig.

    Attributes:
        config: The lifecycle configuration's name.
    """

    config: str

    def changes(self, aws: Reader) -> Changes:
        """Write the script; undone by the prior one. Ours already, it is not ours to take off.

        The script that runs when an instance is made is written as it is: AWS does not say whether one that
        is left out would stay.
        """
        which: dict[str, Any] = {"NotebookInstanceLifecycleConfigName": self.config}
        # None is told as nothing, or as an empty list.
        told = (f"{name}: not_null({name}[].{{Content: Content}}, `[]`)" for name in ("OnCreate", "OnStart"))
        select = f"{{{', '.join(told)}}}"
        scripts = Query("sagemaker", "DescribeNotebookInstanceLifecycleConfig", which, select)
        prior = aws.read(scripts)
        ours = [{"Content": base64.b64encode(_SCRIPT.encode()).decode()}]
        if prior["OnStart"] == ours:
            return
        update = "UpdateNotebookInstanceLifecycleConfig"
        made: dict[str, Any] = {"OnCreate": prior["OnCreate"]} if prior["OnCreate"] else {}
        yield Change(
            do=Call("sagemaker", update, **which, **made, OnStart=ours),
            undo=(Call("sagemaker", update, **which, **made, OnStart=prior["OnStart"]),),
            state=scripts,
        )
