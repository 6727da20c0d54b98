"""Policy engines of others on the same requests; runs in the peers' environment, which has no chaoskit.

`python policy_peers.py` takes JSON of cases on its standard input, and prints JSON of their rates.
"""

from __future__ import annotations

import json
import sys
from time import process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def npkt(case: dict[str, Any]) -> Callable[[], bool]:
    """Whether npkt's SCP engine denies the request; the policies are parsed beforehand."""
    from npkt.engine import SCPEngine  # noqa: PLC0415 - chaoskit's environment has none
    from npkt.models.cloudtrail import CloudTrailEvent  # noqa: PLC0415 - as above
    from npkt.parsers.scp_parser import parse_policy_dict  # noqa: PLC0415 - as above

    engine = SCPEngine([parse_policy_dict(case["scp"], "benchmark")])
    event = CloudTrailEvent.from_dict(case["event"])
    return lambda: bool(engine.would_deny(event).denied)


def sibyl(case: dict[str, Any]) -> Callable[[], bool]:
    """Whether sibyl's simulator finds the request blocked; the policy is parsed beforehand."""
    from sibyl.models import DiscoveredAction  # noqa: PLC0415 - chaoskit's environment has none
    from sibyl.policy_loader import parse_policy  # noqa: PLC0415 - as above
    from sibyl.simulator.engine import simulate_policy  # noqa: PLC0415 - as above

    policy, event = parse_policy(case["scp"]), case["event"]
    who = event["userIdentity"]
    asked = DiscoveredAction(
        service="s3",
        action=case["action"],
        principal_arn=who["arn"],
        principal_type=who["type"],
        account_id=who["accountId"],
        region=event["awsRegion"],
        resource_arns=[case["resource"]],
    )
    return lambda: bool(simulate_policy(policy, [asked]))


def main(rounds: int, seconds: float) -> None:
    """Measure each case with each engine."""
    told = []
    for case in json.load(sys.stdin):
        for name, prepare in (("npkt", npkt), ("sibyl-aws", sibyl)):
            work = prepare(case)
            rates, denied = [], work()
            for _ in range(rounds):
                count, began = 0, process_time()
                while (spent := process_time() - began) < seconds:
                    work()
                    count += 1
                rates.append(count / spent)
            told.append({"case": case["name"], "who": name, "rates": rates, "denied": denied})
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
