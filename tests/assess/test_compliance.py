from __future__ import annotations

import pytest

from chaoskit.assess.compliance import Run, controls
from tests.assess.documents import result


def test_a_control_names_the_runs_behind_it() -> None:
    (control,) = controls([result("one", compliance=("SOC2-CC6.1",))])
    assert control.name == "Logical access to protected information"
    assert control.runs == (Run("one", "PASSED", "trace-of-one"),)


@pytest.mark.parametrize(
    ("verdicts", "holds"),
    [
        (("PASSED", "PASSED"), True),
        (("PASSED", "FAILED"), False),
        (("FAILED", "ERROR"), False),
        (("PASSED", "INCONCLUSIVE"), None),
        (("ABORTED",), None),
    ],
)
def test_a_control_holds_only_when_every_run_passed(verdicts: tuple[str, ...], holds: bool | None) -> None:
    runs = [result(str(n), each, compliance=("SOC2-CC6.1",)) for n, each in enumerate(verdicts)]
    (control,) = controls(runs)
    assert control.holds is holds


def test_a_control_of_an_older_edition_names_its_successors() -> None:
    (control,) = controls([result("one", compliance=("ISO27001-A.9.4",))])
    assert control.successors == ("ISO27001-2022-8.3",)
