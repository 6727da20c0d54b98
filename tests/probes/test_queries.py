"""Probes that ask AWS to search, with AWS's answers as its API references give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Query
from chaoskit.contract import Template, Trace
from chaoskit.errors import AwsError
from chaoskit.predict.harness import Needs, grants
from chaoskit.probes._records import lookup
from chaoskit.probes.athena_query import AthenaQuery
from chaoskit.probes.logs_insights_query import InsightsQuery
from tests.samples import ACCOUNT, NOW, REGION, attempt

if TYPE_CHECKING:
    from chaoskit.aws import Message

ID = "20260301T120000-abc123.1"
TRACE = Trace(ID, NOW, (attempt(request_id="req-1"),))
LOOKUP = Query("cloudtrail", "LookupEvents")


class Answering:
    """A reader that gives each operation's answers in turn, and notes what it was asked."""

    account, region = ACCOUNT, REGION

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[Query] = []

    def read(self, query: Query) -> Any:
        self.asked.append(query)
        answer = self.answers[query.operation].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def messages(self, queue_url: str) -> list[Message]:
        raise AssertionError(queue_url)


def throttled() -> AwsError:
    return AwsError("cloudtrail:LookupEvents", "ThrottlingException", "Rate exceeded", transient=True)


def test_a_throttled_lookup_is_asked_again_after_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    aws = Answering(LookupEvents=[throttled(), throttled(), ["found"]])
    assert lookup(aws, LOOKUP) == ["found"]
    assert len(slept) == 2
    assert min(slept) >= 0.5


def test_a_lookup_that_stays_throttled_cant_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with pytest.raises(AwsError, match="Rate exceeded"):
        lookup(Answering(LookupEvents=[throttled() for _ in range(9)]), LOOKUP)


def athena(*rows: list[str], state: str = "SUCCEEDED") -> Answering:
    data = [[{"VarCharValue": cell} for cell in row] for row in rows]
    status = {"State": state, "StateChangeReason": "no such table"}
    return Answering(StartQueryExecution=["q-1"], GetQueryExecution=[status], GetQueryResults=[data])


QUERY = AthenaQuery(query=Template("SELECT useragent FROM t WHERE useragent LIKE '%${run.trace_id}%'"))


def test_a_row_of_this_run_is_a_detection() -> None:
    aws = athena(["useragent"], [f"Boto3/1 run/{ID}"])
    seen = QUERY.look(aws, TRACE)
    assert seen.holds is True
    assert seen.evidence["tied_by"] == "user agent"
    assert ID in aws.asked[0].params["QueryString"]


@pytest.mark.parametrize("agent", ["aws-cli/2", f"Boto3/1 run/{ID}0"])
def test_a_row_of_others_is_none(agent: str) -> None:
    assert QUERY.look(athena(["useragent"], [agent]), TRACE).holds is False


def test_a_query_that_failed_is_unknown() -> None:
    seen = QUERY.look(athena(state="FAILED"), TRACE)
    assert seen.holds is None
    assert "FAILED: no such table" in seen.summary


def test_athena_is_on_where_the_canary_comes_back() -> None:
    assert QUERY.ready(athena(["canary"], ["chaoskit"])).holds is True
    assert QUERY.ready(athena()).holds is False


def test_the_runs_least_privilege_lets_athena_read_tables_and_write_results() -> None:
    needs = Needs(lent=set(AthenaQuery(query=Template("SELECT 1"), calls=("kms:Decrypt",)).lends()))
    found = grants([needs], Answering(), f"arn:aws:iam::{ACCOUNT}:role/r")["Read"]
    actions = {grant.action for grant in found}
    assert {"glue:GetTable", "glue:GetPartitions", "kms:Decrypt"} <= actions
    assert {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:PutObject"} <= actions


def test_secrets_have_no_place_in_sql() -> None:
    with pytest.raises(ValueError, match="takes nothing from the environment"):
        AthenaQuery(query=Template("SELECT '${env.TOKEN}'"))


@pytest.mark.parametrize(("rows", "flagged"), [([], False), ([[{"field": "calls", "value": "1001"}]], True)])
def test_the_model_access_query_sees_the_records_of_this_run_only(rows: list[Any], flagged: bool) -> None:
    answer = {"status": "Complete", "results": rows}
    aws = Answering(StartQuery=["q-1"], GetQueryResults=[answer])
    assert InsightsQuery(log_group="trail", query="model-access").look(aws, TRACE).holds is flagged
    text = aws.asked[0].params["queryString"]
    assert text.startswith(
        "filter @message like /run\\/20260301T120000-abc123\\.1[^0-9]/\n| filter not ispresent(eventName) or "
    )


def test_a_query_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(ValueError, match="it ships model-access"):
        InsightsQuery(log_group="trail", query="modelaccess")
