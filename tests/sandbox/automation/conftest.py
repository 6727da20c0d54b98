"""A served sandbox for the runbook tests of each module; its names are unique to each test."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from chaoskit.sandbox.automation.provider import Automation
from chaoskit.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.sandbox.server import Served

SECOND = 0.05
"""Wall seconds in a second of a script's time limit."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass
class Aws:
    """What a test needs of the sandbox, as the member account's administrator."""

    WHO = """
- name: who
  action: aws:executeAwsApi
  inputs: {Service: sts, Api: get_caller_identity}
  outputs: [{Name: Arn, Selector: $.Arn}]
"""

    served: Served
    names: Iterator[str] = field(default_factory=lambda: (f"test-{number}" for number in itertools.count()))

    def client(self, service: str, who: str = "admin") -> Any:
        key = self.served.credentials[who]
        return self.signed(service, key.access_key_id, key.secret_access_key)

    def signed(self, service: str, key_id: str, secret: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.served.url,
            region_name="us-east-1",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def name(self) -> str:
        return next(self.names)

    def role(self, *actions: str) -> str:
        """A role that SSM may assume and that allows these actions; its ARN."""
        iam, name = self.client("iam"), self.name()
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if actions:
            allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=document)
        return arn

    def create(self, content: str, **more: object) -> str:
        name = self.name()
        self.client("ssm").create_document(
            Name=name, Content=content, DocumentType="Automation", DocumentFormat="YAML", **more
        )
        return name

    def start(self, content: str, **parameters: list[str]) -> str:
        """Register the runbook and start it; the execution's id."""
        started = self.client("ssm").start_automation_execution(
            DocumentName=self.create(content), Parameters=parameters
        )
        return str(started["AutomationExecutionId"])

    def get(self, execution_id: str) -> dict[str, Any]:
        answer = self.client("ssm").get_automation_execution(AutomationExecutionId=execution_id)
        return dict(answer["AutomationExecution"])

    def run(self, content: str, **parameters: list[str]) -> dict[str, Any]:
        """Register the runbook, start it, and wait for its end."""
        execution_id = self.start(content, **parameters)
        assert self.served.cloud.idle(10)
        return self.get(execution_id)

    @staticmethod
    def runbook(steps: str, *, parameters: str = "{}", role: str = "", outputs: str = "[]") -> str:
        """A runbook of these steps, written as YAML from the first column."""
        return (
            f"schemaVersion: '0.3'\nassumeRole: '{role}'\nparameters: {parameters}\noutputs: {outputs}\n"
            f"mainSteps:\n{steps}\n"
        )

    @staticmethod
    def step(execution: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The last run of a step."""
        return [dict(each) for each in execution["StepExecutions"] if each["StepName"] == name][-1]

    @staticmethod
    def statuses(execution: Mapping[str, Any]) -> dict[str, str]:
        """How each step ended."""
        return {each["StepName"]: each["StepStatus"] for each in execution["StepExecutions"]}

    @staticmethod
    def until(condition: Callable[[], bool]) -> None:
        """Wait for what another thread brings about."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "it never came to pass"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve() as running:
        running.cloud.gateway.add_provider(Automation(running.cloud, second=SECOND))
        yield running


@pytest.fixture(scope="module")
def aws(served: Served) -> Aws:
    return Aws(served)
