"""`chaoskit discover` on the reference workload: what it finds, and that what it proposes can be run."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from chaoskit.aws import Call
from chaoskit.cli import cli
from chaoskit.discover import Inventory, as_mermaid, as_tree, inventory, paths, proposals
from chaoskit.discover.detectors import Detectors
from chaoskit.predict import predictor
from chaoskit.spec import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Aws
    from chaoskit.discover import Proposal
    from tests.e2e.lab import Lab


@pytest.fixture(scope="module")
def aws(lab: Lab) -> Aws:
    return lab.target.open_read("discover", "discover", 0) or lab.target.open("discover", "discover", 0)


@pytest.fixture(scope="module")
def found(aws: Aws) -> Inventory:
    return inventory(aws)


@pytest.fixture(scope="module")
def proposed(lab: Lab, aws: Aws, found: Inventory) -> dict[str, Proposal]:
    assert lab.target.role_arn
    return {each.id: each for each in proposals(aws, found, predictor(lab.target), 1, lab.target.role_arn)}


def test_the_inventory_has_what_the_workload_is_made_of(lab: Lab, found: Inventory) -> None:
    named = lab.target.variables
    assert found.unread == []
    assert named["workload.training_data_bucket"] in found.found["bucket"]
    assert named["workload.training_role"] in found.found["role"]
    assert named["workload.inference_function"] in found.found["function"]
    assert named["workload.trail"] in found.found["trail"]


def test_the_trust_chain_leads_from_who_may_begin_to_the_model(aws: Aws, lab: Lab, found: Inventory) -> None:
    allowed = paths(aws, found)
    lines = as_tree(found, allowed)
    endpoint = f"endpoint/{lab.target.variables['workload.endpoint']}"
    assert any(line.strip().startswith("sagemaker:InvokeEndpoint") and endpoint in line for line in lines)
    assert any(line.strip().startswith("runs as") for line in lines)
    chart = as_mermaid(found, allowed)
    assert chart.startswith("flowchart LR\n")
    assert chart.count("-->") >= len(allowed)


def test_what_the_policies_are_sure_to_stop_is_proposed_as_a_guardrail(proposed: dict[str, Proposal]) -> None:
    stopped = [each for each in proposed.values() if "guardrail: {call.denied: {by: scp," in each.text]
    assert stopped
    assert all(each.why.startswith("The account's policies stop ") for each in stopped)


def test_what_a_rule_names_is_proposed_as_its_detection(proposed: dict[str, Proposal]) -> None:
    assert any("eventbridge.matched: {rule: chaoskit-" in each.text for each in proposed.values())


def test_every_proposal_is_a_valid_experiment(proposed: dict[str, Proposal], tmp_path: Path) -> None:
    for each in proposed.values():
        file = tmp_path / each.path
        file.parent.mkdir(exist_ok=True)
        file.write_text(each.text)
    assert len(load([tmp_path])) == len(proposed) > 30


@pytest.mark.parametrize(
    "expected",
    [
        "guardrail: {call.denied: {by: scp",
        "{cloudtrail.event: {event_name: AddPermission20150331v2}}",
        "{cloudtrail.event: {event_name: PutBucketLifecycle}}",
    ],
)
def test_a_proposal_passes_when_it_is_run(
    lab: Lab, proposed: dict[str, Proposal], tmp_path: Path, journal: Path, expected: str
) -> None:
    proposal = next(each for each in proposed.values() if expected in each.text)
    file = tmp_path / proposal.path
    file.parent.mkdir()
    file.write_text(proposal.text)
    assert str(lab.run(file, journal).verdict) == "PASSED"


def test_a_hypothesis_is_no_surer_than_the_prediction(proposed: dict[str, Proposal]) -> None:
    (one,) = [each for name, each in proposed.items() if name.startswith("ec2-open-security-group-")]
    assert one.why == (
        "Whether AuthorizeSecurityGroupIngress is stopped depends on aws:ResourceTag/tier; if not, "
        "no rule was found to report it, but CloudTrail records it."
    )
    surely = [each.why for each in proposed.values() if each.why.startswith("Nothing stops ")]
    assert surely
    assert not [why for why in surely if "depends" in why]


def test_a_guardrail_that_may_be_another_one_is_expected_by_any_layer(proposed: dict[str, Proposal]) -> None:
    unsure = [each for each in proposed.values() if "unless another one does so before" in each.why]
    assert unsure
    assert all("guardrail: {call.denied: {by: any," in each.text for each in unsure)


def test_the_event_history_has_no_data_events_and_is_not_expected_to(
    lab: Lab, aws: Aws, found: Inventory
) -> None:
    assert lab.target.role_arn
    detectors = Detectors(aws, found, predictor(lab.target), lab.target.role_arn)
    call = Call("s3", "PutBucketLifecycleConfiguration", Bucket="b")
    assert detectors.in_history(call) == "PutBucketLifecycle"
    for operation in ("PutObject", "ListObjectsV2"):
        assert detectors.in_history(Call("s3", operation, Bucket="b")) is None
    assert detectors.in_history(Call("events", "PutEvents")) is None
    assert detectors.in_history(Call("ec2", "DescribeVpcs", region="eu-west-1")) is None


@contextmanager
def rule(lab: Lab, **detail: Any) -> Iterator[str]:
    """A rule with a queue, before all others."""
    events, name = lab.client("events"), "a-rule-of-the-test"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [{"prefix": "aws."}], "detail": detail}))
    queue = f"arn:aws:sqs:us-east-1:{lab.target.account}:chaoskit-alerts"
    events.put_targets(Rule=name, Targets=[{"Id": "alerts", "Arn": queue}])
    try:
        yield name
    finally:
        events.remove_targets(Rule=name, Ids=["alerts"])
        events.delete_rule(Name=name)


DENIED = {"errorCode": [{"prefix": "AccessDenied"}]}
THROUGH = {"errorCode": [{"exists": False}]}
STRANGER = {"userIdentity": {"sessionContext": {"sessionIssuer": {"userName": [{"anything-but": "me"}]}}}}
HARNESS = {"userIdentity": {"sessionContext": {"sessionIssuer": {"userName": ["chaoskit-harness"]}}}}
LAMBDA = Call("lambda", "AddPermission", FunctionName="f")
KEY = Call("iam", "CreateAccessKey", UserName="somebody")


@pytest.mark.parametrize(
    ("call", "detail", "reports"),
    [
        (KEY, {"eventName": ["CreateAccessKey"]}, True),
        (KEY, {"eventName": ["CreateAccessKey"], **THROUGH}, True),
        (KEY, {"eventName": ["CreateAccessKey"], **DENIED}, False),
        (KEY, {"eventName": ["CreateAccessKey"], "requestParameters": {"userName": ["somebody"]}}, True),
        (KEY, {"eventName": ["CreateAccessKey"], "requestParameters": {"userName": ["other"]}}, False),
        (KEY, {"eventName": ["CreateAccessKey"], **STRANGER}, True),
        (KEY, {"eventName": ["CreateAccessKey"], **HARNESS}, True),
        (KEY, {"$or": [{"eventName": ["DeleteUser"]}, {"eventName": ["CreateAccessKey"]}]}, True),
        (LAMBDA, {"eventName": ["AddPermission"]}, False),
        (LAMBDA, {"eventName": ["AddPermission20150331v2"]}, True),
        (LAMBDA, {"eventName": [{"prefix": "AddPermission"}]}, True),
        (Call("s3", "PutPublicAccessBlock", Bucket="b"), {"eventName": ["PutBucketPublicAccessBlock"]}, True),
        (Call("s3", "PutBucketAcl", Bucket="b"), {"requestParameters": {"bucketName": ["b"]}}, False),
        (Call("sagemaker", "ListModels"), {"eventName": ["ListModels"]}, False),
    ],
)
def test_a_rule_is_counted_on_only_where_it_would_report_a_call_that_went_through(
    lab: Lab, aws: Aws, call: Call, detail: Any, reports: bool
) -> None:
    assert lab.target.role_arn
    with rule(lab, **detail) as name:
        unread = Inventory()
        detectors = Detectors(aws, unread, predictor(lab.target), lab.target.role_arn)
        assert (detectors.rule([call]) == name) is reports
        assert unread.unread == []


@pytest.mark.long
def test_proposals_for_names_that_begin_alike_are_files_of_their_own(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = lab.client("s3")
    names = [f"a-bucket-whose-name-is-like-those-of-many-others-{number}" for number in range(2)]
    for name in names:
        s3.create_bucket(Bucket=name)
    found = Inventory(found={"bucket": names})
    monkeypatch.setattr("chaoskit.cli.discover.inventory", lambda _: found)
    monkeypatch.setattr("chaoskit.api.open_target", lambda *_: nullcontext(lab.target))
    discover = ["discover", "--most", "2", "--experiments", str(tmp_path)]
    told = [CliRunner().invoke(cli, discover, standalone_mode=False).stdout for _ in range(2)]
    for name in names:
        s3.delete_bucket(Bucket=name)
    files = list(tmp_path.rglob("*.yaml"))
    shared = [each for each in files if each.stem.startswith("s3-share-bucket-")]
    assert len(shared) == len(names)
    assert all(len(each.stem) <= 60 for each in files)
    assert f"{len(files)} experiments written" in told[0]
    assert "already" not in told[0]
    assert f"0 experiments written to {tmp_path}" in told[1]
    assert f"{len(files)} were there already and are left as they are." in told[1]
