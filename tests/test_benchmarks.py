from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import compare, measure
from benchmarks.measure import Figure, Report, spread
from tests.samples import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def document(middle: float, *, who: str = "chaoskit", better: Any = "less", processor: Any = ()) -> Any:
    report = Report("small")
    report.add(Figure("a call", who, "ms", [middle - 1, middle, middle + 1], processor, better))
    return report.dump()


def worse(kept: Any, last: Any) -> list[str]:
    return [str(each) for each in compare.regressions(kept, last)]


def test_a_figure_that_is_more_than_a_quarter_worse_is_told_with_both_values() -> None:
    assert worse(document(10), document(12.4)) == []
    assert worse(document(10), document(13)) == ["small: a call (chaoskit): 10 -> 13 ms, wall, 30% worse"]


def test_of_a_rate_less_is_worse() -> None:
    assert worse(document(10, better="more"), document(13, better="more")) == []
    assert worse(document(13, better="more"), document(10, better="more"))


def test_processor_time_is_compared_where_both_have_it() -> None:
    busy = document(100, processor=[5, 5, 5])
    assert worse(document(10, processor=[5, 5, 5]), busy) == []
    assert worse(document(10, processor=[3, 3, 3]), busy)
    assert worse(document(10), busy)


def test_what_a_peer_takes_and_what_has_no_better_are_not_compared() -> None:
    assert worse(document(10, who="moto"), document(99, who="moto")) == []
    assert worse(document(10, better="neither"), document(99, better="neither")) == []


def test_a_kept_figure_says_what_machine_it_is_of() -> None:
    kept, last = document(10), document(10)
    assert {"processor", "cores", "memory_gb", "python", "load"} <= kept["machine"].keys()
    assert not compare.differs(kept, last)
    last["machine"]["processor"] = "another"
    assert compare.differs(kept, last)


def test_a_spread_is_the_quartiles_and_the_median() -> None:
    assert spread([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert spread([7]) == (7, 7, 7)


def test_the_command_keeps_figures_and_then_compares_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    last, kept = tmp_path / "last", tmp_path / "kept"
    for module in (measure, compare):
        monkeypatch.setattr(module, "LAST", last)
        monkeypatch.setattr(module, "KEPT", kept)
    last.mkdir()
    (last / "small.json").write_text(json.dumps(document(10)))
    assert compare.main(keep=False) == 0
    assert "nothing is kept" in capsys.readouterr().out
    assert compare.main(keep=True) == 0
    (last / "small.json").write_text(json.dumps(document(20)))
    assert compare.main(keep=False) == 1
    assert "a call (chaoskit): 10 -> 20 ms" in capsys.readouterr().out


def test_a_benchmark_writes_its_figures_and_tells_the_machine(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from benchmarks import measure, sigma_rules; "
        "measure.LAST = Path(sys.argv[1]); sigma_rules.main(100)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "cores" in said.stdout
    told = json.loads((tmp_path / "sigma-rules.json").read_text())
    assert told["schema"] == measure.SCHEMA
    assert {each["who"] for each in told["figures"]} >= {"chaoskit", "chaoskit, indexed", "one by one"}
