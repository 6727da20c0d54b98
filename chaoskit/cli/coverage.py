"""Which Sigma rules see which fault: the faults are run embedded, and the rules run over their own records.

Nothing is synthesized: the records are those that the sandbox's trail has of the calls that each fault
makes in its experiment, with the parameters that the experiment gives. A fault that no experiment uses
has no records, and is shown so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaoskit.cli.recorded import recorded
from chaoskit.contract import FAULTS
from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Seen:
    """One fault, and who sees it.

    Attributes:
        fault: Its name.
        events: The events of its calls, denied ones too; empty when no experiment uses it.
        rules: The titles of the rules that match one of them.
    """

    fault: str
    events: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def coverage(rules: Path, experiments: Path) -> list[Seen]:
    """Run the experiments in a sandbox of their own, and the rules over each fault's records.

    Raises:
        SpecError: Something is wrong in the experiments.
        TargetError: The sandbox does not start.
        ChaoskitError: A rule can't be evaluated, or pySigma is missing.
    """
    try:
        from chaoskit.detect.sigma import InvalidSigmaRule, SigmaEngine, load_sigma_rules  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ChaoskitError("Sigma rules need pySigma: pip install 'chaoskit[sigma]'") from error
    try:
        loaded = load_sigma_rules(rules)
    except InvalidSigmaRule as error:
        raise ChaoskitError(f"These Sigma rules can't be evaluated:\n{error}") from error
    seen = {name: Seen(name) for name in FAULTS.names()}
    for fault, own in recorded([experiments]):
        engine = SigmaEngine(loaded)
        names = [str(record.get("eventName")) for record in own]
        titles = [match.title for record in own for match in engine.feed(record)]
        about = seen[fault]
        about.events = sorted({*about.events, *names})
        about.rules = sorted({*about.rules, *titles})
    return list(seen.values())


def told(every: list[Seen]) -> str:
    """The coverage as lines for a person."""
    lines = []
    for each in every:
        what = ", ".join(each.events) or "no experiment uses it, so there is nothing to look at"
        lines.append(f"{each.fault}: {what}")
        if each.events:
            lines += [f"  seen by {title}" for title in each.rules] or ["  SEEN BY NO RULE"]
    return "\n".join(lines)
