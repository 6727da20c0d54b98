"""Looks whether a Prowler check fails on what the fault did."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._tools import Tool, judged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

PROWLER: Final = Tool("prowler", "CHAOSKIT_PROWLER", "pipx install prowler")


@probe("prowler.failed")
class ProwlerFailed(Probe):
    """The Prowler check fails on the resource that the fault touched.

    Prowler is run here, with the run's own credentials, for this check and this region only. A look takes
    some ten seconds or more: give it an SLO of minutes. What Prowler can't read is unknown.

    Attributes:
        check: The check's id, such as `iam_role_administratoraccess_policy`.
        resource: The resource's name, id or ARN.
        calls: The reads that the check makes, as `service:Operation`, for the run's least privilege.
    """

    check: str
    resource: str
    calls: tuple[str, ...] = ()

    def lends(self) -> tuple[str, ...]:
        """What the check reads."""
        return self.calls

    def ready(self, aws: Reader) -> Observation:
        """Prowler is installed."""
        del aws
        return PROWLER.ready()

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Run the check once."""
        with TemporaryDirectory(prefix="chaoskit-prowler-") as folder:
            code, said = PROWLER.run(self._arguments(folder, aws.region), aws)
            reports = sorted(Path(folder).rglob("*.ocsf.json"))
            if code != 0 or not reports:
                return Observation(holds=None, summary=f"prowler could not run {self.check}: {said}")
            findings = json.loads(reports[0].read_text())
        failed = [one for one in findings if one.get("status_code") == "FAIL"]
        found = next((one for one in failed if self.resource in _names(one)), None)
        evidence = None if found is None else {"check": self.check, "says": found.get("status_detail")}
        return judged(f"Prowler check {self.check}", self.resource, evidence, trace)

    def _arguments(self, folder: str, region: str) -> list[str]:
        report = [
            "--output-formats",
            "json-ocsf",
            "--output-directory",
            folder,
            "--output-filename",
            "report",
        ]
        quiet = ["--ignore-exit-code-3", "--no-banner", "--no-color"]
        return ["aws", "--checks", self.check, "--region", region, *report, *quiet]


def _names(finding: Mapping[str, Any]) -> set[str]:
    """The names and ARNs of the resources that a finding is about."""
    texts = {str(one.get(key)) for one in finding.get("resources") or [] for key in ("uid", "name")}
    return texts | {text.rpartition("/")[2] for text in texts} | {text.rpartition(":::")[2] for text in texts}
