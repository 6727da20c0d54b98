"""What a run would call and what it would put back, without calling it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final, cast

from chaoskit.aws import Call, Each, Query, models
from chaoskit.contract import Change
from chaoskit.engine.foreign import raised, wrong
from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes, Fault
    from chaoskit.experiment import Experiment

_KINDS: Final[Mapping[str, Any]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "list": list | tuple,
    "structure": Mapping,
    "map": Mapping,
}
"""The values that stand for AWS's types; of others anything may be given."""


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
        steps = walked(fault, aws)
        try:
            change = next(steps, None)
            while change is not None:
                changes.append(change)
                change = steps.send(cast("Any", Reply(f"<{change.do.operation}>")))
        except StopIteration:
            pass
        except ChaoskitError as error:  # it can't be read, the fault refuses it, or it is wrong
            problem = str(error)
            if changes and isinstance(error.__cause__, AttributeError | LookupError | TypeError | ValueError):
                problem = f"what follows depends on the reply to {changes[-1].do}"
        finally:
            steps.close()
        yield PlannedFault(fault.about.name, fault.summary(), tuple(changes), problem)


def walked(fault: Fault, aws: Reader) -> Changes:
    """A fault's changes, each looked at before anything of it is sent: faults may be anybody's code.

    Raises:
        ElementError: The fault raises an error, or yields what is no change or can't be called.
        ChaoskitError: The account can't be read, or the fault refuses it.
    """
    changes: Any = None
    try:
        changes = fault.changes(aws)
        _check_kind(fault, changes)
        change = next(changes, None)
        while change is not None:
            _check(fault, change, changes)
            change = changes.send((yield change))
    except StopIteration:
        return
    except ChaoskitError:
        raise
    except Exception as error:  # a fault is foreign code, and must not end the others of its set
        raise raised(fault, type(fault).changes, error) from error
    finally:
        if isinstance(changes, GeneratorType):
            changes.close()


def _check_kind(fault: Fault, changes: Any) -> None:
    if not isinstance(changes, GeneratorType):
        code = type(fault).changes.__code__
        what = f"its `changes` must yield each Change, and returned {_kind(changes)}"
        raise wrong(fault, what, f"{code.co_filename}:{code.co_firstlineno}")


def _check(fault: Fault, change: Any, changes: Any) -> None:
    if flaw := _flaw(change):
        raise wrong(fault, flaw, f"{changes.gi_code.co_filename}:{changes.gi_frame.f_lineno}")


def _flaw(change: Any) -> str | None:
    """What of a change can't be called or put back: known before it is made, it leaves nothing behind."""
    if not isinstance(change, Change):
        return f"its `changes` must yield each Change, and yielded {_kind(change)}"
    for name in ("undo", "beside"):
        if not isinstance(steps := getattr(change, name), tuple | list):
            return f"`{name}` must be a tuple of calls, not {_kind(steps)}"
    for step in (change.do, *change.beside, *change.undo, *([change.state] if change.state else [])):
        calls: tuple[Any, ...] = (step.call, step.items) if isinstance(step, Each) else (step,)
        for call in calls:
            if not isinstance(call, Call | Query):
                return f"a change is made of calls, not of {_kind(call)}"
            if refused := _refused(call):
                return refused
    return None


def _refused(call: Call | Query) -> str | None:
    """What of a call AWS has no use for, as its own models say: botocore would only tell once it is sent."""
    if call.service not in models.loader().list_available_services("service-2"):
        return f"boto3 knows no service {call.service!r}"
    model = models.service(call.service)
    if call.operation not in model.operation_names:
        known = model.operation_names
        return f"{call.service} has no operation {call.operation!r}{_meant(call.operation, known)}"
    shape = model.operation_model(call.operation).input_shape
    members, needed = (shape.members, shape.required_members) if shape else ({}, ())
    if lacking := [name for name in needed if name not in call.params]:
        return f"{call} lacks {', '.join(lacking)}"
    for name, value in call.params.items():
        if name not in members:
            return f"{call} has no parameter {name!r}{_meant(name, members)}"
        kinds = _KINDS.get(members[name].type_name, object)
        if not isinstance(value, kinds | Reply):
            return f"{call} takes a {members[name].type_name} as {name}, not {_kind(value)}"
    return None


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
