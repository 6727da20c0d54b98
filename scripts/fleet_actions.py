"""Print `chaoskit/fleet/actions.json`: which actions each fault and probe of the catalog needs.

The experiments' faults are planned in an embedded sandbox, one by one, and the permissions that their calls
need are derived as for a run. Takes a minute; `make fleet-actions` calls it.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit import spec
from chaoskit.aws import Call
from chaoskit.contract import PROBES
from chaoskit.places import embedded_target
from chaoskit.predict import engine_needs, grants, needs
from chaoskit.predict.harness import Needs

if TYPE_CHECKING:
    from chaoskit.aws import Aws
    from chaoskit.permissions.statements import Grant
    from chaoskit.target import Target

OTHERWISE: Final = {
    "iam.tamper-role-tag": {"iam:UntagRole"},
    "lambda.public-function-url": {"lambda:UpdateFunctionUrlConfig"},
    "s3.poison-training-data": {"s3:DeleteObject"},
    "s3.public-bucket-policy": {"s3:DeleteBucketPolicy"},
    "s3.share-bucket": {"s3:DeleteBucketPolicy"},
    "s3.swap-model-artifact": {"s3:DeleteObject"},
    "secretsmanager.widen-policy": {"secretsmanager:DeleteResourcePolicy"},
}
"""What else puts a fault back where an account was not as the reference workload's: no tag, no policy."""


def main() -> None:
    """Print the document."""
    with embedded_target(own=True) as place:
        document = derived(place, Path("experiments"))
    sys.stdout.write(json.dumps(document, indent=1) + "\n")


def derived(place: Target, folder: Path) -> dict[str, Any]:
    """The document, of a folder's experiments where the reference workload is deployed."""
    aws = place.open("chaoskit-plan", "plan", 0)
    caller = place.role_arn or aws.identify()
    needed: dict[str, list[Needs]] = defaultdict(list)
    for experiment in spec.load([folder], place.variables):
        for fault in experiment.faults:
            alone = replace(experiment, faults=(fault,), steady_state=(), stop_conditions=(), expect=())
            needed[fault.about.name].append(needs(alone, aws, looks=False))
    faults = {}
    for name, every in sorted(needed.items()):
        held = {sid.lower(): set(map(_text, given)) for sid, given in grants(every, aws, caller).items()}
        if name in OTHERWISE:
            held["undo"] = held.get("undo", set()) | OTHERWISE[name]
        faults[name] = {role: sorted(given) for role, given in held.items()}
    looks = {each.about.name: _read(Needs(declared=set(each.reads)), aws, caller) for each in PROBES}
    own = engine_needs(place.switches)
    own.read.append(Call("organizations", "DescribeOrganization"))  # consent: no management account
    return {"engine": _read(own, aws, caller), "faults": faults, "probes": looks}


def _read(needed: Needs, aws: Aws, caller: str) -> list[str]:
    """Actions to look with."""
    return sorted({_text(each) for each in grants([needed], aws, caller).get("Read", ())})


def _text(grant: Grant) -> str:
    return " ".join([grant.action, *(f"{key}={value}" for key, value in grant.condition)])


if __name__ == "__main__":
    main()
