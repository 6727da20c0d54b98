from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call, Each, Query
from chaoskit.contract import About, Change, Fault
from chaoskit.engine.plan import Reply, plan
from chaoskit.errors import AwsError
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.faults.s3_public_bucket_policy import SID, PublicBucketPolicy
from chaoskit.faults.sagemaker_leaked_key_invocation import LeakedKeyInvocation
from tests.samples import ADMIN, experiment

if TYPE_CHECKING:
    from chaoskit.aws import Message, Reader
    from chaoskit.contract import Changes

PRIOR = '{"Version":"2012-10-17","Statement":[{"Sid":"Mine","Effect":"Deny"}]}'


class Account:
    """Answers queries from a table; what is not in it answers None."""

    account = "444455556666"
    region = "us-east-1"

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.answers = answers or {}

    def read(self, query: Query) -> Any:
        answer = self.answers.get(str(query))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def messages(self, queue_url: str) -> list[Message]:
        raise AssertionError(f"a plan does not look at {queue_url}")


class Chained(Fault):
    """Uses what AWS answered to the first call in the second."""

    about = About("tests.chained", "identity")

    def __init__(self) -> None:
        self.closed = False

    def changes(self, aws: Reader) -> Changes:
        try:
            reply = yield Change(do=Call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument="{}"))
            arn, deep = reply["Role"]["Arn"], reply["Role"]["Tags"]["First"]["Value"]
            yield Change(do=Call("iam", "TagRole", RoleName=arn, Tags=[{"Key": "k", "Value": deep}]))
            aws.read(Query("iam", "ListRoles"))
            yield Change(do=Call("iam", "DeleteRole", RoleName="r"))
        finally:
            self.closed = True


def test_a_plan_names_what_would_be_called_and_put_back() -> None:
    (planned,) = plan(experiment(), Account())
    assert (planned.name, planned.problem) == ("iam.attach-role-policy", None)
    assert planned.summary.startswith("Attach a managed policy to a role")
    (change,) = planned.changes
    assert change.do == Call("iam", "AttachRolePolicy", RoleName="training", PolicyArn=ADMIN)
    assert [str(step) for step in change.undo] == ["iam:DetachRolePolicy"]
    assert str(change.state) == "iam:ListAttachedRolePolicies"


def test_a_plan_reads_the_account_to_know_what_it_would_put_back() -> None:
    faults = (PublicBucketPolicy(bucket="b"),)
    (planned,) = plan(experiment(faults=faults), Account({"s3:GetBucketPolicy": PRIOR}))
    (change,) = planned.changes
    (undo,) = change.undo
    assert undo == Call("s3", "PutBucketPolicy", Bucket="b", Policy=PRIOR)
    assert [s["Sid"] for s in json.loads(change.do.params["Policy"])["Statement"]] == ["Mine", SID]


def test_a_plan_for_a_bucket_without_a_policy_would_delete_the_one_it_puts() -> None:
    (planned,) = plan(experiment(faults=(PublicBucketPolicy(bucket="b"),)), Account())
    (undo,) = planned.changes[0].undo
    assert str(undo) == "s3:DeleteBucketPolicy"


def test_what_only_aws_knows_says_where_it_would_come_from() -> None:
    (planned,) = plan(experiment(faults=(Chained(),)), Account())
    _, second, _ = planned.changes
    assert second.do.params == {
        "RoleName": "<CreateRole.Role.Arn>",
        "Tags": [{"Key": "k", "Value": "<CreateRole.Role.Tags.First.Value>"}],
    }


def test_every_fault_is_planned_in_order() -> None:
    faults = (Chained(), PublicBucketPolicy(bucket="b"))
    names = [planned.name for planned in plan(experiment(faults=faults), Account())]
    assert names == ["tests.chained", "s3.public-bucket-policy"]


@pytest.mark.parametrize("faults", [(Chained(), PublicBucketPolicy(bucket="b"))])
def test_a_fault_that_can_not_be_planned_to_its_end_says_why_and_the_next_is_planned(
    faults: tuple[Fault, ...],
) -> None:
    denied = AwsError("iam:ListRoles", "AccessDenied", "no")
    first, second = plan(experiment(faults=faults), Account({"iam:ListRoles": denied}))
    assert first.problem == "iam:ListRoles failed: AccessDenied: no"
    assert [str(change.do) for change in first.changes] == ["iam:CreateRole", "iam:TagRole"]
    assert second.problem is None


TAG = Call("iam", "TagRole", RoleName="r", Tags=[])


class Raising(Fault):
    """Raises where it should yield."""

    about = About("acme.raising", "identity")

    def changes(self, aws: Reader) -> Changes:
        del aws
        tags: dict[str, str] = json.loads("{}")
        yield Change(do=Call("iam", "UntagRole", RoleName=tags["zz"], TagKeys=[]))


class RaisingLater(Fault):
    """Raises what has nothing to do with the reply."""

    about = About("acme.raising", "identity")

    def changes(self, aws: Reader) -> Changes:
        del aws
        yield Change(do=TAG)
        raise RuntimeError("in\ntwo lines")


class Returning(Fault):
    """Returns its change, as one who has not met generators would."""

    about = About("acme.returning", "identity")

    def changes(self, aws: Reader) -> Changes:
        del aws
        return Change(do=TAG)  # type: ignore[return-value] # that is the mistake


class Yielding(Fault):
    """Yields whatever it is told."""

    about = About("acme.yielding", "identity")

    def __init__(self, value: Any) -> None:
        self.value = value

    def changes(self, aws: Reader) -> Changes:
        del aws
        yield self.value


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Raising(), "KeyError: 'zz'"),
        (RaisingLater(), "RuntimeError: in two lines"),
        (Returning(), "its `changes` must yield each Change, and returned a Change"),
        (Yielding(TAG), "its `changes` must yield each Change, and yielded a Call"),
        (Yielding(Change(do=TAG, undo=TAG)), "`undo` must be a tuple of calls, not a Call"),  # type: ignore[arg-type]
        (Yielding(Change(do=TAG, undo=("x",))), "a change is made of calls, not of a str"),  # type: ignore[arg-type]
        (Yielding(Change(do=Call("iamm", "TagRole"))), "boto3 knows no service 'iamm'"),
        (
            Yielding(Change(do=Call("iam", "TagRolle"))),
            "iam has no operation 'TagRolle'; did you mean TagRole?",
        ),
        (
            Yielding(Change(do=TAG, undo=(Call("iam", "UntagRolle"),))),
            "iam has no operation 'UntagRolle'; did you mean UntagRole?",
        ),
        (
            Yielding(Change(do=TAG, undo=(Each(Query("iam", "ListRolles"), TAG),))),
            "iam has no operation 'ListRolles'; did you mean ListRoles?",
        ),
        (Yielding(Change(do=TAG, state=Query("iam", "ListRoleTags"))), "iam:ListRoleTags lacks RoleName"),
        (
            Yielding(Change(do=Call("iam", "GetRole", RoleName="r", Rolename="r"))),
            "iam:GetRole has no parameter 'Rolename'; did you mean RoleName?",
        ),
        (
            Yielding(Change(do=Call("s3", "PutBucketPolicy", Bucket="b", Policy={"Version": "2012-10-17"}))),
            "s3:PutBucketPolicy takes a string as Policy, not a dict",
        ),
    ],
)
def test_a_faulty_fault_is_told_by_name_place_and_error_and_the_next_is_planned(
    fault: Fault, problem: str
) -> None:
    first, second = plan(experiment(faults=(fault, AttachRolePolicy(role="r"))), Account())
    place = f"the fault {fault.about.name} is wrong at {re.escape(__file__)}:\\d+: "
    assert re.fullmatch(place + re.escape(problem), first.problem or "")
    assert (second.name, second.problem) == ("iam.attach-role-policy", None)


def test_a_faulty_faults_place_is_its_own_line_however_deep_a_library_raised_it() -> None:
    class Reading(Fault):
        """Reads what is no JSON."""

        about = About("acme.reading", "identity")

        def changes(self, aws: Reader) -> Changes:
            yield Change(do=Call("iam", "GetRole", RoleName=json.loads(aws.account[:0])))

    (planned,) = plan(experiment(faults=(Reading(),)), Account())
    line = Reading.changes.__code__.co_firstlineno + 1
    assert f"{__file__}:{line}: JSONDecodeError" in (planned.problem or "")


def test_a_planned_fault_is_closed() -> None:
    chained = Chained()
    list(plan(experiment(faults=(chained,)), Account({"iam:ListRoles": AwsError("a", "b", "c")})))
    assert chained.closed


def test_a_reply_that_has_not_been_given_is_a_text_at_any_depth() -> None:
    reply = Reply("<Create>")
    assert reply["Role"]["Arn"] == "<Create.Role.Arn>"
    assert reply["Keys"][0]["Id"] == "<Create.Keys.0.Id>"
    assert json.dumps(reply["Role"]) == '"<Create.Role>"'


def test_a_plan_signs_a_leaked_keys_call_with_the_key_to_be() -> None:
    (planned,) = plan(experiment(faults=(LeakedKeyInvocation(user="u", endpoint="e"),)), Account())
    create, invoke = planned.changes
    assert str(create.do) == "iam:CreateAccessKey"
    assert invoke.do.signed_by is not None
    assert invoke.do.signed_by.access_key_id == "<CreateAccessKey.AccessKey.AccessKeyId>"
