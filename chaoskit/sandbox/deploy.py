"""`python -m chaoskit.sandbox.deploy`: the reference workload into a real sandbox account, or out again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.deployment import DeploymentError
from chaoskit.sandbox.workload import deploy, destroy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy or destroy; the process's exit code."""
    asked = _parse(arguments)
    try:
        member = _connect(asked.profile, asked.region)
        account = member("sts").get_caller_identity()["Account"]
        if account != asked.account:
            sys.stderr.write(f"These credentials are for account {account}, not {asked.account}.\n")
            return 3
        management = _connect(asked.management_profile, asked.region) if asked.management_profile else None
        if asked.destroy:
            destroy(member, management, asked.runbooks)
            return 0
        made = deploy(member, management, asked.runbooks, profile=asked.workload_profile)
        for name, value in made.items():
            sys.stdout.write(f"workload.{name} = {value}\n")
    except (BotoCoreError, ClientError, DeploymentError) as error:
        sys.stderr.write(f"The workload was not {'removed' if asked.destroy else 'deployed'}: {error}\n")
        return 5
    return 0


def _connect(profile: str | None, region: str | None) -> Callable[[str], Any]:
    connect: Callable[[str], Any] = boto3.Session(profile_name=profile, region_name=region).client
    return connect


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaoskit.sandbox.deploy", description=__doc__)
    parser.add_argument("--account", required=True, help="the sandbox account; anything else is refused")
    parser.add_argument("--runbooks", type=Path, required=True, help="the folder of the runbooks")
    parser.add_argument("--profile", help="AWS profile of the sandbox account's administrator")
    parser.add_argument("--management-profile", help="AWS profile of the management account, for the SCPs")
    parser.add_argument("--region", help="AWS region")
    parser.add_argument("--workload-profile", help="a well-known anti-pattern to deploy with it")
    parser.add_argument("--destroy", action="store_true", help="remove it, with all data in its buckets")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
