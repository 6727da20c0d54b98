"""What a run would call and what it would put back, without calling it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader
    from chaoskit.contract import Change
    from chaoskit.experiment import Experiment


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault's changes in order; `problem` says why there are no more."""

    name: str
    summary: str
    changes: tuple[Change, ...]
    problem: str | None = None


class Reply(dict[str, Any]):
    """Stands for the reply to a call that was not made: every value says where it would come from."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def __missing__(self, key: str) -> Reply | str:
        path = f"{self._path}.{key}"
        return (
            Reply(path)
            if key[:1].isupper() and not key.endswith(("Id", "Key", "Arn", "Name"))
            else f"<{path}>"
        )

    def __str__(self) -> str:
        return f"<{self._path}>"


def plan(experiment: Experiment, aws: Reader) -> Iterator[PlannedFault]:
    """Walk each fault; it may read the account, and nothing else is called."""
    for fault in experiment.faults:
        changes: list[Change] = []
        problem = None
        generator = fault.changes(aws)
        try:
            change = next(generator, None)
            while change is not None:
                changes.append(change)
                change = generator.send(Reply(change.do.operation))
        except StopIteration:
            pass
        except AwsError as error:
            problem = str(error)
        finally:
            generator.close()
        yield PlannedFault(fault.about.name, fault.summary(), tuple(changes), problem)
