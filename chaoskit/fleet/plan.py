"""What a fleet run is to do, settled before it begins: every task, in waves, as a document that all go by."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from chaoskit.errors import ChaoskitError
from chaoskit.fleets import Roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from chaoskit.fleets import Fleet

SCHEMA: Final = "chaoskit/fleet-plan/v1"
RUNS: Final = "runs"
"""The folder of all runs in the bucket."""
_MOST_BYTES: Final = 200_000  # a task's input with its context; 256 KiB is the limit of Step Functions


@dataclass(frozen=True, slots=True)
class Wave:
    """Accounts that go together.

    Attributes:
        tolerated: In how many of a hundred of them runs may fail before no further account is begun.
    """

    name: str
    accounts: tuple[str, ...]
    tolerated: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One fleet run.

    Attributes:
        run: Its id.
        created: When it was planned, ISO 8601 in UTC.
        fleet: The id of the fleet's file.
        experiments: The SHA-256 of each experiment's file, by id, in the order in which they run.
        paths: Each file's path where it was planned, for reports.
    """

    run: str
    created: str
    fleet: str
    region: str
    waves: tuple[Wave, ...]
    experiments: Mapping[str, str]
    paths: Mapping[str, str]
    roles: Roles
    dead_letters: str
    concurrency: int
    heartbeat: int
    timeout: int

    @classmethod
    def of(cls, fleet: Fleet, accounts: Sequence[str], now: datetime) -> Self:
        """Plan a run of a fleet in these accounts.

        Raises:
            ChaoskitError: There is no account, or more experiments than a task of the state machine takes.
        """
        if not accounts:
            raise ChaoskitError(f"{fleet.path}: there is no account to run in.")
        first, rest = tuple(accounts[: fleet.canary]), tuple(accounts[fleet.canary :])
        waves = (Wave("canary", first, 0), Wave("rest", rest, fleet.tolerated))
        plan = cls(
            run=f"{fleet.id}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            created=now.isoformat(timespec="seconds"),
            fleet=fleet.id,
            region=fleet.region,
            waves=tuple(wave for wave in waves if wave.accounts),
            experiments={each.id: digest(each.path) for each in fleet.experiments},
            paths={each.id: str(each.path) for each in fleet.experiments},
            roles=fleet.roles,
            dead_letters=fleet.dead_letters,
            concurrency=fleet.concurrency,
            heartbeat=int(fleet.heartbeat),
            timeout=int(fleet.timeout),
        )
        if len(json.dumps(plan.items(plan.waves[0])[0])) > _MOST_BYTES:
            raise ChaoskitError(f"{fleet.path} names too many experiments for one run: split it.")
        return plan

    @classmethod
    def load(cls, text: str) -> Self:
        """The inverse of `dump`.

        Raises:
            ChaoskitError: It is none, or another version's.
        """
        try:
            document = json.loads(text)
            if document.pop("schema") != SCHEMA:
                raise ChaoskitError("This plan was made by another version of chaoskit.")
            document["waves"] = tuple(
                Wave(wave["name"], tuple(wave["accounts"]), wave["tolerated"]) for wave in document["waves"]
            )
            document["roles"] = Roles(**document["roles"])
            return cls(**document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChaoskitError(f"This is no plan of a fleet run: {error}.") from error

    def dump(self) -> str:
        """The document that workers and reports go by."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1)

    @property
    def accounts(self) -> Iterator[str]:
        """All accounts, in order."""
        for wave in self.waves:
            yield from wave.accounts

    @property
    def tasks(self) -> Iterator[tuple[str, str]]:
        """Each account and experiment."""
        return ((account, experiment) for account in self.accounts for experiment in self.experiments)

    def items(self, wave: Wave) -> list[dict[str, Any]]:
        """What the state machine's Map reads: an item for each account."""
        return [{"account": account, "experiments": list(self.experiments)} for account in wave.accounts]

    def input(self, bucket: str) -> dict[str, Any]:
        """What an execution of the state machine is started with."""
        return {
            "run": self.run,
            "bucket": bucket,
            "heartbeat": self.heartbeat,
            "timeout": self.timeout,
            "concurrency": self.concurrency,
            "waves": [
                {
                    "key": items_key(self.run, wave.name),
                    "results": f"{RUNS}/{self.run}/map-runs/{wave.name}",
                    "tolerated": wave.tolerated,
                }
                for wave in self.waves
            ],
        }


def plan_key(run: str) -> str:
    """Where a run's plan lies in the bucket."""
    return f"{RUNS}/{run}/plan.json"


def items_key(run: str, wave: str) -> str:
    """Where the items of a wave lie."""
    return f"{RUNS}/{run}/items/{wave}.json"


def result_key(run: str, account: str, experiment: str) -> str:
    """Where the result of a task lies."""
    return f"{RUNS}/{run}/results/{account}/{experiment}.json"


def digest(path: Path) -> str:
    """The SHA-256 of an experiment's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
