"""What a run would call and what it would put back, without calling it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from chaoskit.errors import AwsError, TargetError

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


class Reply(str):
    """Stands for a reply that has not been given: a text at any depth, saying where it will come from."""

    __slots__ = ()

    def __getitem__(self, key: object) -> Reply:  # a text stands for mappings too
        return Reply(f"<{self.strip('<>')}.{key}>")

    def get(self, key: object, default: object = None) -> Reply:
        """As of a mapping."""
        del default
        return self[key]


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
                change = generator.send(cast("Any", Reply(f"<{change.do.operation}>")))
        except StopIteration:
            pass
        except (AwsError, TargetError) as error:  # it can't be read, or the fault refuses it
            problem = str(error)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            problem = f"what follows depends on the reply to {changes[-1].do}" if changes else None
            if problem is None:
                raise
        finally:
            generator.close()
        yield PlannedFault(fault.about.name, fault.summary(), tuple(changes), problem)
