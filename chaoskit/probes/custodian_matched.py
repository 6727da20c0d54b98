"""Looks whether a Cloud Custodian policy finds what the fault did."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._tools import Tool, judged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

CUSTODIAN: Final = Tool("custodian", "CHAOSKIT_CUSTODIAN", "pipx install c7n")


@probe("custodian.matched")
class CustodianMatched(Probe):
    """The Cloud Custodian policy matches the resource that the fault touched.

    Custodian is run here, with the run's own credentials and `--dryrun`, so its filters are evaluated and
    its actions are not: this proves the policy, not what runs it elsewhere. A look takes some seconds.

    Attributes:
        policies: The policy file.
        policy: The policy's name in it.
        resource: The resource's name, id or ARN.
        calls: The reads that the policy makes, as `service:Operation`, for the run's least privilege.
    """

    policies: str
    policy: str
    resource: str
    calls: tuple[str, ...] = ()

    example: ClassVar = {"policies": "policies/iam.yml"}

    def lends(self) -> tuple[str, ...]:
        """What the policy reads."""
        return self.calls

    def ready(self, aws: Reader) -> Observation:
        """Custodian is installed, and the policy file is there."""
        del aws
        return CUSTODIAN.ready(self.policies)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Run the policy once, without its actions."""
        with TemporaryDirectory(prefix="chaoskit-custodian-") as folder:
            code, said = CUSTODIAN.run(self._arguments(folder, aws.region), aws)
            output = Path(folder) / self.policy / "resources.json"
            if code != 0 or not output.is_file():
                return Observation(holds=None, summary=f"custodian could not run {self.policy}: {said}")
            matched = json.loads(output.read_text())
        found = next((one for one in matched if self.resource in _names(one)), None)
        evidence = {"policy": self.policy, "resource": self.resource, "matched": len(matched)}
        return judged(
            f"Custodian policy {self.policy}", self.resource, None if found is None else evidence, trace
        )

    def _arguments(self, folder: str, region: str) -> list[str]:
        where = ["--output-dir", folder, "--cache-period", "0", "--region", region]
        return ["run", "--dryrun", *where, "--policies", self.policy, self.policies]


def _names(resource: Mapping[str, Any]) -> set[str]:
    """What a resource is called: the texts at the top of its description, an ARN's last part among them."""
    texts = {value for value in resource.values() if isinstance(value, str)}
    return texts | {text.rpartition("/")[2] for text in texts if text.startswith("arn:")}
