"""The Chaos Toolkit's side of the benchmarks; runs in the peers' environment, which has no chaoskit.

It is a module of probes for its experiments. As a program it prints JSON of what came of it:

- `run EXPERIMENT.json ROUNDS`: one experiment again and again in one process;
- `poll EVERY DELAY...`: a detector of each of these delays, in seconds, polled until its tolerance is left.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

_TRADED: list[str] = []


def policy_attached(
    role: str,
    arn: str,
    configuration: dict[str, Any] | None = None,
    secrets: dict[str, Any] | None = None,
) -> bool:
    """A probe: whether the managed policy is attached to the role."""
    from chaosaws import aws_client  # noqa: PLC0415 - chaoskit's environment has none

    iam = aws_client("iam", configuration, secrets)
    found = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return any(each["PolicyArn"] == arn for each in found)


def is_silent(at: float) -> bool:
    """A probe: whether a detector that reports at that time has not done so yet."""
    return perf_counter() < at


def poll(every: float, delays: list[float]) -> None:
    """Hold the steady state "it is silent" until it deviates, as `run --hypothesis-strategy` does."""
    from chaoslib.hypothesis import run_steady_state_hypothesis  # noqa: PLC0415 - see above
    from chaoslib.run import EventHandlerRegistry  # noqa: PLC0415 - see above

    events = EventHandlerRegistry()
    logging.disable(logging.CRITICAL)
    told = []
    for delay in delays:
        began, before, looks = perf_counter(), 0.0, 0
        asked = {"module": Path(__file__).stem, "func": "is_silent", "arguments": {"at": began + delay}}
        probe = {"type": "probe", "name": "it", "tolerance": True, "provider": {"type": "python", **asked}}
        given = {"steady-state-hypothesis": {"title": "It is silent", "probes": [probe]}}
        while True:
            asking = perf_counter() - began
            looks += 1
            if not run_steady_state_hypothesis(given, {}, {}, None, events)["steady_state_met"]:
                told.append((before, perf_counter() - began, looks))
                break
            before = asking
            sleep(every)
    sys.stdout.write(json.dumps(told))


def experiment(role: str, arn: str, region: str) -> dict[str, Any]:
    """Steady state, attach, observe, detach, verify, as an experiment of the Chaos Toolkit."""

    def provider(module: str, func: str, **arguments: str) -> dict[str, Any]:
        return {"type": "python", "module": module, "func": func, "arguments": arguments}

    looked = provider(Path(__file__).stem, "policy_attached", role=role, arn=arn)
    attach = provider("chaosaws.iam.actions", "attach_role_policy", arn=arn, role_name=role)
    detach = provider("chaosaws.iam.actions", "detach_role_policy", arn=arn, role_name=role)
    return {
        "version": "1.0.0",
        "title": "A managed policy on a role is seen, and taken off again",
        "description": "The Chaos Toolkit's side of benchmarks/overhead.py",
        "configuration": {"aws_region": region},
        "steady-state-hypothesis": {
            "title": "The policy is not attached",
            "probes": [{"type": "probe", "name": "attached", "tolerance": False, "provider": looked}],
        },
        "method": [
            {"type": "action", "name": "attach", "provider": attach},
            {"type": "probe", "name": "observe", "provider": looked},
            {"type": "action", "name": "detach", "provider": detach},
        ],
        "rollbacks": [],
    }


def _count_calls() -> None:
    from botocore.client import BaseClient  # noqa: PLC0415 - as above

    make = BaseClient._make_api_call  # noqa: SLF001 - every call goes through it

    def counted(self: Any, operation: str, params: Any) -> Any:
        _TRADED.append(f"{self.meta.service_model.service_name}:{operation}")
        return make(self, operation, params)

    BaseClient._make_api_call = counted  # noqa: SLF001 - as above


def main(path: str, rounds: int) -> None:
    """Run an experiment, once to warm up, and print JSON."""
    from chaoslib.experiment import run_experiment  # noqa: PLC0415 - as above

    logging.disable(logging.CRITICAL)
    given = json.loads(Path(path).read_text("utf-8"))
    _count_calls()
    wall, spent, status = [], [], ""
    for _ in range(rounds + 1):
        _TRADED.clear()
        began, worked = perf_counter(), process_time()
        with contextlib.redirect_stderr(io.StringIO()):
            status = run_experiment(given)["status"]
        wall.append((perf_counter() - began) * 1000)
        spent.append((process_time() - worked) * 1000)
    told = {"status": status, "wall": wall[1:], "processor": spent[1:], "calls": _TRADED}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    what, first, *rest = sys.argv[1:]
    if what == "run":
        main(first, int(rest[0]))
    else:
        poll(float(first), [float(each) for each in rest])
