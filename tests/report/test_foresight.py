from __future__ import annotations

from typing import Any

from chaoskit.report.foresight import as_markdown

STOPPED = {"effect": "stopped", "summary": "stopped by scp keep, Sid Keep"}
LET_THROUGH = {"effect": "not stopped", "summary": "not stopped"}


def foresight(name: str, predicted: dict[str, str], unguarded: str | None = None) -> dict[str, Any]:
    """As `Foresight.dump` has it."""
    change = {"service": "iam", "operation": "AttachRolePolicy", "predicted": predicted}
    fault = {"fault": "iam.attach-role-policy", "problem": None, "changes": [change]}
    return {"experiment": name, "path": f"{name}.yaml", "unguarded": unguarded, "faults": [fault]}


def test_a_guardrail_that_would_not_hold_is_the_headline() -> None:
    told = as_markdown([foresight("kept", STOPPED), foresight("lost", LET_THROUGH, "it is not stopped")])
    assert told.startswith("### chaoskit predicts: 1 guardrail would not stop what it should\n")
    assert "- ❌ `lost`: it is not stopped\n" in told
    assert "| `kept` | `iam:AttachRolePolicy` | 🛡️ stopped by scp keep, Sid Keep |" in told


def test_when_all_hold_that_is_the_headline() -> None:
    told = as_markdown([foresight("kept", STOPPED)])
    assert told.startswith("### chaoskit predicts: every guardrail that is expected stops its fault\n")
    assert "❌" not in told


def test_what_can_not_be_planned_is_told() -> None:
    open_ended = foresight("kept", STOPPED)
    open_ended["faults"][0]["problem"] = "what follows depends on a reply"
    assert "can't be planned further: what follows depends on a reply" in as_markdown([open_ended])


def test_words_of_an_account_stay_words() -> None:
    told = as_markdown([foresight("lost", LET_THROUGH, "<img src=x> @everyone | `rm`")])
    assert "&lt;img src=x> @\u200beveryone \\| 'rm'" in told
