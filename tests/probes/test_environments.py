"""An environment that can't be decrypted has no names to look at: nobody may take it for an empty one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from chaoskit.probes.lambda_environment_approved import EnvironmentApproved
from tests.answers import Answers
from tests.samples import trace

RUNBOOK = Path(__file__).parents[2] / "runbooks" / "clear-function-secrets.yaml"
ERROR = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}}


class Lambda:
    """A client whose function has this environment, until it is updated."""

    def __init__(self, environment: dict[str, Any]) -> None:
        self.environment = environment

    def get_function_configuration(self, **_: str) -> dict[str, Any]:
        return {"Environment": self.environment}

    def update_function_configuration(self, **given: Any) -> None:
        self.environment = given["Environment"]


@pytest.mark.parametrize(
    ("environment", "approved"),
    [
        ({}, True),
        ({"Environment": {"Variables": {"STAGE": "research"}}}, True),
        ({"Environment": {"Variables": {"TOKEN": "t"}}}, False),
        ({"Environment": ERROR}, None),
    ],
)
def test_whether_an_environment_is_approved_is_known_only_if_it_can_be_read(
    environment: dict[str, Any], approved: bool | None
) -> None:
    probe = EnvironmentApproved(function="f", variables=("STAGE",))
    seen = probe.look(Answers(GetFunctionConfiguration=environment), trace())
    assert seen.holds is approved
    assert approved is not None or "AccessDeniedException" in seen.summary


def test_the_runbook_clears_what_it_can_read_and_fails_on_what_it_cant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (step,) = yaml.safe_load(RUNBOOK.read_text("utf-8"))["mainSteps"]
    readable, closed = Lambda({"Variables": {"STAGE": "research", "TOKEN": "t"}}), Lambda(ERROR)
    clients = iter((readable, closed))
    boto3 = ModuleType("boto3")
    boto3.client = lambda _: next(clients)  # type: ignore[attr-defined] # stands in for the real one
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    held: dict[str, Any] = {}
    exec(step["inputs"]["Script"], held)  # noqa: S102 - the runbook's own script
    events = {"FunctionName": "f", "Approved": ["STAGE"]}
    assert held["clear"](events, None) == {"Changed": ["TOKEN"]}
    assert readable.environment == {"Variables": {"STAGE": "research"}}
    with pytest.raises(RuntimeError, match="AccessDeniedException"):
        held["clear"](events, None)
    assert closed.environment == ERROR
