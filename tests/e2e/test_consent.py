"""Which accounts `--target aws` refuses; the embedded sandbox, reached as AWS is, stands in for AWS."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import chaoskit
from chaoskit.aws import Aws
from chaoskit.consent import PARAMETER, TAG
from chaoskit.errors import AwsError, GuardError
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.home import journal_path
from chaoskit.journal import Record, SqliteJournal
from chaoskit.places import AwsSettings, aws_target
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from tests.e2e.lab import Lab

EXPERIMENT = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"
NOT_A_SANDBOX = "does not say that it is a sandbox"


@pytest.fixture
def settings(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> AwsSettings:
    """The sandbox's account on the allow-list, with its administrator's keys in the environment."""
    _use(lab.member, monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
    return AwsSettings(region=lab.target.connection.region, accounts=(lab.target.account,), landing_s=0.5)


@pytest.fixture
def unmarked(lab: Lab) -> Iterator[None]:
    """The account without the parameter that the workload's stack made."""
    ssm = lab.client("ssm")
    kept = ssm.get_parameter(Name=PARAMETER)["Parameter"]
    ssm.delete_parameter(Name=PARAMETER)
    yield
    ssm.put_parameter(Name=PARAMETER, Value=kept["Value"], Type=kept["Type"], Overwrite=True)


def _use(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = session.get_credentials()
    assert keys is not None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def _refusal(lab: Lab, settings: AwsSettings) -> str:
    """What is said when the experiments are to run; and nothing was injected."""
    role = lab.target.variables["workload.training_role"]
    before = lab.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    with pytest.raises(GuardError) as caught:
        chaoskit.run(EXPERIMENT, target="aws", settings=settings)
    assert lab.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"] == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def _denied(lab: Lab, action: str) -> Iterator[None]:
    """Nobody in the account may do this; from outside, since a responder takes away what users are given."""
    organization = lab.organization()
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    made = organization.create_policy(
        Name="blind",
        Description="of a test",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    which = {"PolicyId": made["Policy"]["PolicySummary"]["Id"]}
    organization.attach_policy(**which, TargetId=lab.target.account)
    try:
        yield
    finally:
        organization.detach_policy(**which, TargetId=lab.target.account)
        organization.delete_policy(**which)


@contextmanager
def _tagged(lab: Lab, value: str) -> Iterator[None]:
    organization, account = lab.organization(), lab.target.account
    organization.tag_resource(ResourceId=account, Tags=[{"Key": TAG, "Value": value}])
    try:
        yield
    finally:
        organization.untag_resource(ResourceId=account, TagKeys=[TAG])


def _asked(lab: Lab, settings: AwsSettings) -> None:
    """Ask for consent with the management account at hand, as `--management-profile` would."""
    with aws_target(settings) as place:
        replace(place, management=lab.target.management).check_consent()


def test_an_account_that_the_workloads_stack_marked_may_be_used(lab: Lab, settings: AwsSettings) -> None:
    assert lab.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"] == "true"
    with aws_target(settings) as place:
        place.check_consent()


@pytest.mark.usefixtures("unmarked")
def test_an_account_without_a_mark_is_refused_and_told_how_to_get_one(
    lab: Lab, settings: AwsSettings
) -> None:
    said = _refusal(lab, settings)
    assert NOT_A_SANDBOX in said
    assert PARAMETER in said
    assert TAG in said


@pytest.mark.parametrize("value", ["false", "no", "0"])
@pytest.mark.usefixtures("unmarked")
def test_a_mark_that_says_no_is_no_mark(lab: Lab, settings: AwsSettings, value: str) -> None:
    lab.client("ssm").put_parameter(Name=PARAMETER, Value=value, Type="String")
    assert NOT_A_SANDBOX in _refusal(lab, settings)


@pytest.mark.usefixtures("unmarked")
def test_the_accounts_tag_is_a_mark_too(lab: Lab, settings: AwsSettings) -> None:
    with _tagged(lab, "True"):
        _asked(lab, settings)
    with _tagged(lab, "false"), pytest.raises(GuardError, match=NOT_A_SANDBOX):
        _asked(lab, settings)
    with pytest.raises(GuardError, match=NOT_A_SANDBOX):
        _asked(lab, settings)


def test_the_management_account_is_refused_though_it_is_allowed_and_marked(
    lab: Lab, settings: AwsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssm = lab.management.client("ssm", endpoint_url=lab.url)
    account = lab.management.client("sts", endpoint_url=lab.url).get_caller_identity()["Account"]
    _use(lab.management, monkeypatch)
    ssm.put_parameter(Name=PARAMETER, Value="true", Type="String")
    try:
        said = _refusal(lab, replace(settings, accounts=(account,)))
    finally:
        ssm.delete_parameter(Name=PARAMETER)
    assert f"Account {account} is its organization's management account" in said


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("organizations:DescribeOrganization", "management account can't be told"),
        ("ssm:GetParameters", "is a sandbox can't be told"),
    ],
)
def test_what_cannot_be_read_refuses(lab: Lab, settings: AwsSettings, action: str, said: str) -> None:
    with _denied(lab, action):
        told = _refusal(lab, settings)
    assert said in told
    assert "Allow the call" in told


def test_a_person_may_say_which_the_management_account_is(lab: Lab, settings: AwsSettings) -> None:
    management = lab.management.client("sts", endpoint_url=lab.url).get_caller_identity()["Account"]
    with _denied(lab, "organizations:DescribeOrganization"):
        with aws_target(replace(settings, management_account=management)) as place:
            place.check_consent()
        said = _refusal(lab, replace(settings, management_account=lab.target.account))
    assert "is its organization's management account" in said


def test_an_account_in_no_organization_may_be_used(settings: AwsSettings) -> None:
    class Alone(Aws):
        """An account that left its organization: the sandbox's can't, and be itself again."""

        def _answer(self, query: Any) -> Any:
            if query.operation != "DescribeOrganization":
                return super()._answer(query)
            raise AwsError(str(query), "AWSOrganizationsNotInUseException", "not in one")

    with aws_target(settings) as place:
        assert place.consent is not None
        place.consent.check(Alone(place.connection))


def test_an_account_off_the_allow_list_is_refused_though_it_is_marked(
    lab: Lab, settings: AwsSettings
) -> None:
    (result,) = chaoskit.run(EXPERIMENT, target="aws", settings=replace(settings, accounts=())).results
    assert result.verdict is chaoskit.Verdict.ABORTED
    assert f"does not allow account {lab.target.account}" in result.reason
    assert result.faults == []


@pytest.mark.usefixtures("unmarked")
def test_what_lies_open_is_rolled_back_in_an_account_that_lost_its_mark(
    lab: Lab, settings: AwsSettings
) -> None:
    role, iam = lab.target.variables["workload.training_role"], lab.client("iam")
    before = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    fault = AttachRolePolicy(role=role, policy="arn:aws:iam::aws:policy/ReadOnlyAccess")
    with aws_target(settings) as place, SqliteJournal(journal_path()) as died:
        aws = place.open("died", "died", 0)
        change = next(iter(fault.changes(aws)))
        assert change.state is not None
        where = {**place.place, "account": place.account, "region": place.connection.region}
        left = Record(
            trace_id="died",
            experiment="e",
            fault=fault.about.name,
            target=where,
            do=change.do.dump(),
            undo=tuple(step.dump() for step in change.undo),
            state=change.state.dump(),
            captured=aws.read(change.state),
            listed=(None,),
        )
        died.record(left)
        aws.send(change.do)
    with pytest.raises(GuardError, match=NOT_A_SANDBOX):
        chaoskit.run(EXPERIMENT, target="aws", settings=settings)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == before
    with SqliteJournal(journal_path()) as journal:
        assert journal.open_faults() == []
