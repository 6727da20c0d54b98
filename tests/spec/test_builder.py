"""Everything that can be wrong with one experiment, each with its place and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from chaoskit import spec
from chaoskit.errors import SpecError
from chaoskit.experiment import BlastRadius, Role
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.probes.call_denied import CallDenied
from chaoskit.probes.cloudwatch_alarm import Alarm
from chaoskit.probes.eventbridge_matched import Matched
from chaoskit.probes.iam_policy_not_attached import PolicyNotAttached
from chaoskit.probes.lambda_responder_succeeded import ResponderSucceeded
from chaoskit.probes.ssm_runbook_succeeded import RunbookSucceeded
from chaoskit.probes.stepfunctions_execution_succeeded import ExecutionSucceeded
from chaoskit.schedules import Schedule
from chaoskit.slo import Duration
from tests.samples import SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.contract import Probe
    from chaoskit.experiment import Experiment

VARIABLES = {"sandbox.account": "444455556666", "workload.training_role": "training"}
TOP = "id: small\ntitle: A small experiment\n"
FAULT = "  - iam.attach-role-policy: {role: training}\n"
DETECTION = "  - detection: {eventbridge.matched: {rule: chaoskit-permissive-policy}}\n    within: 60s\n"
RADIUS = (
    'blast_radius: {accounts: ["444455556666"], regions: [us-east-1], max_duration: 5m, max_changes: 1}\n'
)
# » stands before the place that the problem must name.
MISTAKES = [
    # The frame
    ("id: small\n", "id: small\n»notes: x\n", "an experiment has no 'notes'; known are "),
    ("title: ", "»tilte: ", "an experiment has no 'tilte'; did you mean title?"),
    (TOP + "owner: tests\n", "»" + TOP, "an experiment lacks owner"),
    ("owner: tests", "owner:»", "owner must be a text, not empty"),
    ("owner: tests", "owner: »[a]", "owner must be a text, not a sequence"),
    ("id: small", "id: »Small One", "id 'Small One' must be lower-case words joined by hyphens"),
    ("id: small", "id: »smalls", "id 'smalls' must be the file's name, small"),
    ("layer: identity", "layer: »identiti", "layer can't be 'identiti'; did you mean identity?"),
    ("layer: identity", "layer: »data", "layer is data, but the file lies in identity/"),
    ("owner: tests", "owner: tests\n»owner: me", "'owner' is given twice, first in line 3"),
    (
        "owner: tests",
        "owner: »'${workload.training_rol}'",
        "nothing is called ${workload.training_rol}; did you mean workload.training_role?",
    ),
    # Limits
    ("max_changes: 1", "max_changes: »0", "blast_radius.max_changes must be at least 1"),
    ("max_changes: 1", "max_changes: »one", "blast_radius.max_changes must be a whole number, not 'one'"),
    (
        "max_duration: 5m",
        "max_duration: »5",
        "blast_radius.max_duration must be a duration such as 60s or 1h30m, not '5'",
    ),
    (
        "max_duration: 5m",
        "»max_durations: 5m",
        "blast_radius has no 'max_durations'; did you mean max_duration?",
    ),
    (RADIUS, RADIUS.replace("{", "»{").replace(", max_changes: 1", ""), "blast_radius lacks max_changes"),
    ("regions: [us-east-1]", "regions: »[]", "blast_radius.regions must name at least one"),
    (
        'accounts: ["444455556666"]',
        "accounts: »444455556666",
        "blast_radius.accounts must be a list: put `- ` before each item",
    ),
    (RADIUS, "blast_radius: »small\n", "blast_radius must be a mapping of `key: value` lines"),
    # Faults
    (FAULT, "  »[]\n", "faults must name at least one"),
    (
        FAULT,
        "  »iam.attach-role-policy: {role: training}\n",
        "faults must be a list: put `- ` before each item",
    ),
    (
        FAULT,
        "  - »iam.attach-role-polic: {role: x}\n",
        "there is no fault 'iam.attach-role-polic'; did you mean iam.attach-role-policy?",
    ),
    (FAULT, "  - »call.denied\n", "there is no fault 'call.denied'; known are "),
    (
        FAULT,
        "  - iam.attach-role-policy: {»rol: x}\n",
        "iam.attach-role-policy has no 'rol'; did you mean role?",
    ),
    (FAULT, "  - iam.attach-role-policy: »{}\n", "iam.attach-role-policy lacks role"),
    (
        FAULT,
        "  - iam.attach-role-policy: »x\n",
        "iam.attach-role-policy must be a mapping of `key: value` lines",
    ),
    (
        FAULT,
        "  - iam.attach-role-policy: {role: »[x]}\n",
        "iam.attach-role-policy.role must be a text, not a sequence",
    ),
    (FAULT, "  - »{a: {}, b: {}}\n", "a fault is written `name: {parameter: value, ...}`"),
    (FAULT, "  - »[a]\n", "a fault is written `name: {parameter: value, ...}`"),
    # Expectations
    (DETECTION, "  »[]\n", "expect must name at least one expectation"),
    (
        DETECTION,
        DETECTION.replace("detection", "»detection", 1).partition("    ")[0],
        "a detection needs its SLO: add for example `within: 60s`",
    ),
    (
        DETECTION,
        DETECTION.replace("- ", "»- ").replace("60s", "6m"),
        "detection within 6m is longer than blast_radius.max_duration 5m",
    ),
    ("within: 60s", "within: »60", "within must be a duration such as 60s or 1h30m, not '60'"),
    ("within: 60s", "within: »0s", "within must be more than zero: nothing is seen in no time"),
    (
        "max_duration: 5m",
        "max_duration: »0ms",
        "blast_radius.max_duration must be more than zero: nothing is seen in no time",
    ),
    ("within: 60s", "within: 60s\n    »slo: 1m", "an expectation has no 'slo'; known are "),
    ("- detection:", "- »detecton:", "an expectation has no 'detecton'; did you mean detection?"),
    (
        DETECTION,
        DETECTION.replace("detection", "»detection", 1) + "    guardrail: call.denied\n",
        "an expectation needs one of guardrail, detection, response",
    ),
    (
        "eventbridge.matched",
        "»eventbridge.match",
        "there is no probe 'eventbridge.match'; did you mean eventbridge.matched?",
    ),
    (
        "within: 60s",
        "within: 60s\n    runbook: »detach-permissive-policy",
        "runbook belongs to a response, not to a detection",
    ),
    # The rest
    (
        "owner: tests",
        "owner: tests\nschedule: »weekly",
        "schedule 'weekly' must be like rate(7 days) or cron(0 8 ? * MON *)",
    ),
    ("owner: tests", "owner: tests\nmaps: {»atack: [T1]}", "maps has no 'atack'; did you mean attack?"),
    (
        "owner: tests",
        "owner: tests\nmaps: {attack: »T1}",
        "maps.attack must be a list: put `- ` before each item",
    ),
    (
        "owner: tests",
        "owner: tests\nmaps: {attack: [T1098.003, »T1562.088]}",
        "MITRE ATT&CK has no 'T1562.088'; did you mean T1562.008?",
    ),
    (
        "owner: tests",
        "owner: tests\nmaps: {compliance: [»SOC2-CC61]}",
        "compliance controls has no 'SOC2-CC61'; did you mean SOC2-CC6.1?",
    ),
    ("owner: tests", "owner: tests\nsteady_state: [»iam.nope]", "there is no probe 'iam.nope'; "),
    (
        "owner: tests",
        "owner: tests\nstop_conditions: »{}",
        "stop_conditions must be a list: put `- ` before each item",
    ),
]


@dataclass(frozen=True)
class Bench:
    """A project with an `identity` folder for the file and a runbook."""

    project: Path

    @property
    def file(self) -> Path:
        return self.project / "experiments" / "identity" / "small.yaml"

    def load(self, text: str) -> Experiment:
        self.file.write_text(text, "utf-8")
        (experiment,) = spec.load([self.file], VARIABLES)
        return experiment

    def problems(self, text: str) -> list[tuple[int, int, str]]:
        with pytest.raises(SpecError) as refused:
            self.load(text)
        assert {problem.path for problem in refused.value.problems} == {str(self.file)}
        return [(problem.line, problem.column, problem.message) for problem in refused.value.problems]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for folder in ("experiments/identity", "runbooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "runbooks" / "detach-permissive-policy.yaml").touch()
    return Bench(tmp_path)


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


def test_the_smallest_experiment_is_read(bench: Bench) -> None:
    small = bench.load(SMALL)
    assert (small.id, small.title, small.owner, small.layer) == (
        "small",
        "A small experiment",
        "tests",
        "identity",
    )
    assert small.hypothesis == "It is noticed."
    assert small.blast_radius == BlastRadius(("444455556666",), ("us-east-1",), Duration(300), 1)
    assert small.faults == (AttachRolePolicy(role="training"),)
    (expectation,) = small.expect
    assert expectation.role is Role.DETECTION
    assert expectation.probe == Matched(rule="chaoskit-permissive-policy")
    assert expectation.within == Duration(60)
    assert (expectation.runbook, expectation.repaired_by) == (None, None)
    assert (small.path, small.maps, small.schedule) == (bench.file, {}, None)
    assert (small.steady_state, small.stop_conditions) == ((), ())


def test_everything_that_may_be_given_is_read(bench: Bench) -> None:
    full = bench.load(
        SMALL
        + "  - response: {iam.policy-not-attached: {role: training}}\n"
        + "    runbook: detach-permissive-policy\n"
        + "    within: 5m\n"
        + "  - guardrail: {call.denied: {by: boundary}}\n"
        + "maps: {attack: [T1098.003], atlas: [AML.T0012], owasp_ml: [ML05], compliance: [SOC2-CC6.1]}\n"
        + 'steady_state:\n  - iam.policy-not-attached: {role: "${workload.training_role}"}\n'
        + "stop_conditions:\n  - cloudwatch.alarm: {name: errors}\n"
        + "schedule: cron(0 8 ? * MON *)\n"
    )
    _, response, guardrail = full.expect
    assert response.repaired_by == RunbookSucceeded(document="detach-permissive-policy")
    assert (response.runbook, response.within) == ("detach-permissive-policy", Duration(300))
    assert (guardrail.probe, guardrail.within) == (CallDenied(by="boundary"), None)
    assert full.maps["compliance"] == ("SOC2-CC6.1",)
    assert full.steady_state == (PolicyNotAttached(role="training"),)
    assert full.stop_conditions == (Alarm(name="errors"),)
    assert full.schedule == Schedule("cron(0 8 ? * MON *)")


def test_a_fault_without_parameters_may_be_written_as_a_word(bench: Bench) -> None:
    assert bench.problems(changed(FAULT, "  - iam.attach-role-policy\n")) == [
        (8, 5, "iam.attach-role-policy lacks role")
    ]
    with_word = SMALL.replace("{eventbridge.matched: {rule: chaoskit-permissive-policy}}", "call.denied")
    assert bench.load(with_word).expect[0].probe == CallDenied()


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_is_told_where_it_is_with_what_is_right(
    bench: Bench, old: str, new: str, message: str
) -> None:
    marked = changed(old, new)
    before = marked.partition("»")[0]
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    problems = bench.problems(marked.replace("»", ""))
    told = [said for *found, said in problems if tuple(found) == place]
    assert any(said.startswith(message) for said in told), problems


@pytest.mark.parametrize(
    ("given", "named", "probe"),
    [
        ("{state_machine: tidy-up}", "state_machine: tidy-up", ExecutionSucceeded(state_machine="tidy-up")),
        ("{function: tidy-up}", "function: tidy-up", ResponderSucceeded(function="tidy-up")),
    ],
)
def test_a_runbook_may_be_a_state_machine_or_a_function(
    bench: Bench, given: str, named: str, probe: Probe
) -> None:
    text = f"  - response: {{iam.policy-not-attached: {{role: r}}}}\n    runbook: {given}\n    within: 5m\n"
    response = bench.load(SMALL + text).expect[1]
    assert (response.runbook, response.repaired_by) == (named, probe)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{machine: tidy}", "runbook has no 'machine'; did you mean state_machine?"),
        (
            "{state_machine: a, function: b}",
            "a runbook is a document's name or one of state_machine, function",
        ),
        ("{function: 'tidy up'}", "'tidy up' can't be a function's name"),
        ("{function: [a]}", "runbook.function must be a text, not a sequence"),
    ],
)
def test_a_runbook_of_another_kind_is_told(bench: Bench, given: str, told: str) -> None:
    text = f"  - response: {{iam.policy-not-attached: {{role: r}}}}\n    runbook: {given}\n    within: 5m\n"
    assert told in [message for _, _, message in bench.problems(SMALL + text)]


def test_a_runbook_that_is_not_there_is_told_with_the_one_that_was_meant(bench: Bench) -> None:
    text = SMALL + (
        "  - response: {iam.policy-not-attached: {role: training}}\n"
        "    runbook: detach-permissive-polic\n    within: 5m\n"
    )
    assert bench.problems(text) == [
        (
            13,
            14,
            "there is no runbooks/detach-permissive-polic.yaml; did you mean detach-permissive-policy?",
        )
    ]


def test_the_nearest_runbooks_folder_above_the_file_counts(bench: Bench) -> None:
    nearer = bench.project / "experiments" / "runbooks"
    nearer.mkdir()
    text = SMALL + (
        "  - response: {iam.policy-not-attached: {role: training}}\n"
        "    runbook: detach-permissive-policy\n    within: 5m\n"
    )
    assert bench.problems(text) == [(13, 14, "there is no runbooks/detach-permissive-policy.yaml")]
    (nearer / "detach-permissive-policy.yaml").touch()
    assert bench.load(text).expect[1].runbook == "detach-permissive-policy"


def test_a_layers_name_binds_only_its_own_folder(bench: Bench) -> None:
    other = bench.project / "experiments" / "drafts"
    other.mkdir()
    (other / "small.yaml").write_text(SMALL.replace("layer: identity", "layer: data"), "utf-8")
    assert spec.load([other / "small.yaml"], VARIABLES)[0].layer == "data"


def test_a_guardrail_needs_no_slo(bench: Bench) -> None:
    guarded = changed(DETECTION, "  - guardrail: {call.denied: {by: scp}}\n")
    assert bench.load(guarded).expect[0].within is None


def test_an_slo_may_be_as_long_as_the_run(bench: Bench) -> None:
    assert bench.load(changed("within: 60s", "within: 5m")).expect[0].within == Duration(300)


def test_everything_that_is_wrong_in_a_file_is_told_at_once_in_order(bench: Bench) -> None:
    text = """\
id: Small
titel: x
owner: ~
layer: identify
hypothesis: h
blast_radius: {accounts: [a], regions: [us-east-1], max_duration: soon, max_changes: 1}
faults:
  - iam.attach-role-polic: {role: training}
  - iam.attach-role-policy: {rolle: "${workload.role}"}
expect:
  - detection: {eventbridge.matched: {rule: a, rule: b}}
  - response: {iam.policy-not-attached: {policy: x}}
    within: 5 minutes
    runbook: detach
schedule: daily
extra: 1
"""
    problems = bench.problems(text)
    assert problems == sorted(problems)
    assert [(line, message.partition(";")[0]) for line, _, message in problems] == [
        (1, "an experiment lacks title"),
        (1, "id 'Small' must be lower-case words joined by hyphens"),
        (2, "an experiment has no 'titel'"),
        (3, "owner must be a text, not '~'"),
        (4, "layer can't be 'identify'"),
        (6, "blast_radius.max_duration must be a duration such as 60s or 1h30m, not 'soon'"),
        (8, "there is no fault 'iam.attach-role-polic'"),
        (9, "iam.attach-role-policy lacks role"),
        (9, "iam.attach-role-policy has no 'rolle'"),
        (11, "a detection needs its SLO: add for example `within: 60s`"),
        (11, "'rule' is given twice, first in line 11"),
        (12, "iam.policy-not-attached lacks role"),
        (13, "within must be a duration such as 60s or 1h30m, not '5 minutes'"),
        (14, "there is no runbooks/detach.yaml"),
        (15, "schedule 'daily' must be like rate(7 days) or cron(0 8 ? * MON *)"),
        (16, "an experiment has no 'extra'"),
    ]
