"""What the fixtures are: an account to change as one likes, and faults that are always put back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit import spec
from chaoskit.api import InjectionError
from chaoskit.contract import Probe
from chaoskit.errors import ChaoskitError
from chaoskit.experiment import BlastRadius, Expectation, Experiment, Role
from chaoskit.places import sandboxes
from chaoskit.pytest_plugin.laboratory import ExperimentFailedError
from chaoskit.report.text import story
from chaoskit.result import Verdict
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.api import Lab
    from chaoskit.contract import Fault
    from chaoskit.result import ExpectationResult, Result

_ENDINGS: Final = (".yaml", ".yml")
_LONGEST_CHANGES: Final = 10
_SPARE: Final = 60.0
"""Seconds that a run has beyond the SLO of what it looks for."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An embedded AWS account to change as one likes."""

    _lab: Lab

    @property
    def account(self) -> str:
        """Its id."""
        return self._lab.place.account

    @property
    def region(self) -> str:
        """The region in use."""
        return self._lab.place.connection.region

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self._lab.place.connection.endpoint_url)

    @property
    def variables(self) -> Mapping[str, str]:
        """What `${...}` stands for, e.g. `workload.training_role`."""
        return self._lab.place.variables

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point other tools at it: aws-cli, Terraform, boto3."""
        keys = self._lab.place.connection.credentials
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": keys.access_key_id if keys else "",
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key if keys else "",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str, *, management: bool = False) -> Any:
        """A boto3 client of its administrator, or of the organization's management account."""
        return self._lab.client(service, management=management)

    def control(self, what: str, within_s: float) -> None:
        """Make a control call of the sandbox, see `chaoskit.embedded.Instance.control`.

        Raises:
            TargetError: It refuses or does not answer.
            ChaoskitError: It is gone.
        """
        name = str(self._lab.place.place["instance"])
        instance = sandboxes().find(name)
        if instance is None:
            raise ChaoskitError(f"The sandbox {name} is gone.")
        instance.control(what, within_s)


class Chaos:
    """Runs experiments and injects faults; whatever a test does, they are rolled back, verifiably."""

    def __init__(self, lab: Lab, root: Path) -> None:
        """In `lab`, with the experiments below `root`."""
        self._lab = lab
        self._root = root

    def fault(self, name: str, **parameters: Any) -> Fault:
        """The fault of that name (`chaoskit catalog` lists them); texts may hold `${workload.training_role}`.

        Raises:
            SpecError: There is no such fault, or something is wrong with a parameter.
        """
        return self._lab.fault(name, **parameters)

    def probe(self, name: str, **parameters: Any) -> Probe:
        """The probe of that name, as a detector for `assert_detected`; see `fault`.

        Raises:
            SpecError: There is no such probe, or something is wrong with a parameter.
        """
        return spec.probe(name, parameters, self._lab.place.variables)

    def run(self, experiment: str | Path, *, verdict: str | None = "PASSED") -> Result:
        """Run an experiment of this project.

        Args:
            experiment: Its id or its file.
            verdict: What it must come to, e.g. `FAILED` while the detector is away; None for whatever.

        Raises:
            ExperimentFailedError: It came to something else; the message tells hypothesis, expectations,
                latencies against SLOs, and evidence.
            SpecError: Something is wrong in the file.
        """
        __tracebackhide__ = True
        result = self._lab.run(self._lab.load(self._file(experiment))).results[0]
        if verdict is not None and result.verdict is not Verdict(verdict):
            raise ExperimentFailedError(story(result))
        return result

    @contextmanager
    def inject(self, fault: Fault | str, *, max_duration: str = "5m", **parameters: Any) -> Iterator[Result]:
        """Keep a fault in for a block: `with chaos.inject("iam.attach-role-policy", role="..."):`.

        The block gets the run's result so far, with the `trace_id` that is in the user agent of its calls.

        Args:
            fault: Of `fault`, or a name with its parameters.
            max_duration: When it is rolled back in any case, e.g. `5m`.
            parameters: Of the fault, when it is given by name.

        Raises:
            ExperimentFailedError: It can't be injected or shows no effect, was rolled back before the block
                ended, or is not restored.
        """
        __tracebackhide__ = True
        made = self._fault(fault, parameters)
        try:
            with self._lab.inject(made, max_duration=max_duration) as result:
                yield result
        except InjectionError as error:
            raise ExperimentFailedError(story(error.result)) from error

    def assert_detected(
        self, rule: str | Path | Probe, *, by: Fault | str, within: str = "60s", **parameters: Any
    ) -> ExpectationResult:
        """Inject a fault, and see that a rule reports just this fault in time; then roll back.

        The rule must be on, and silent before; what it reports must stem from a call of this very run.

        Args:
            rule: The name of an EventBridge rule that has an SQS target; a Sigma rule's file; or any probe,
                of `probe` or of its class, e.g. one that asks a SIEM.
            by: The fault, of `fault`; or a name with its parameters.
            within: The SLO, counted from the fault's call.
            parameters: Of the fault, when it is given by name.

        Returns:
            What was seen, with `latency_s` in seconds and the evidence.

        Raises:
            ExperimentFailedError: It was not detected in time, it can't be told, or it is not restored.
        """
        __tracebackhide__ = True
        fault = self._fault(by, parameters)
        slo = Duration.parse(within)
        probe = self._detector(rule)
        name = rule if isinstance(rule, str) else getattr(rule, "name", probe.about.name)
        experiment = Experiment(
            id=f"detected-{fault.about.name.replace('.', '-')}",
            title=f"{fault.about.name} is detected",
            owner="pytest",
            layer=fault.about.layer or "application",
            hypothesis=f"{fault.summary().rstrip('.')}: {name} reports it within {slo}.",
            blast_radius=BlastRadius(
                (self._lab.place.account,),
                (self._lab.place.connection.region,),
                Duration(slo + _SPARE),
                _LONGEST_CHANGES,
            ),
            faults=(fault,),
            expect=(Expectation(Role.DETECTION, probe, slo),),
            path=Path("<assert_detected>"),
        )
        result = self._lab.run([experiment]).results[0]
        if result.verdict is not Verdict.PASSED:
            raise ExperimentFailedError(story(result))
        return result.expectations[0]

    def _fault(self, fault: Fault | str, parameters: Mapping[str, Any]) -> Fault:
        if isinstance(fault, str):
            return self._lab.fault(fault, **parameters)
        return spec.filled(fault, self._lab.place.variables)

    def _detector(self, rule: str | Path | Probe) -> Probe:
        if isinstance(rule, Probe):
            return spec.filled(rule, self._lab.place.variables)
        if isinstance(rule, Path) or rule.endswith(_ENDINGS):
            return self.probe("sigma.matched", rule=str(self._root / rule))
        return self.probe("eventbridge.matched", rule=rule)

    def _file(self, experiment: str | Path) -> Path:
        path = Path(experiment)
        if path.suffix in _ENDINGS:
            return path if path.is_absolute() else self._root / path
        folders = self._root.rglob("experiments")
        found = [
            file for folder in folders for end in _ENDINGS for file in folder.rglob(f"{experiment}{end}")
        ]
        if not found:
            raise ChaoskitError(
                f"There is no experiment {experiment} in a folder experiments of {self._root}."
            )
        return found[0]
