"""Snapshots: everything comes back, whoever keeps it, and what differs is told in words."""

from __future__ import annotations

import gc
import json
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from chaoskit.cli.descriptions import as_text, differences
from chaoskit.cli.sandbox import command
from chaoskit.sandbox.server import serve
from chaoskit.sandbox.snapshot.checkpoint import Checkpoint
from chaoskit.sandbox.snapshot.snapshot import BusyError
from tests.sandbox.aws import MEMBER, Aws, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.wire import ApiCall
    from tests.one_sandbox import OneSandbox

BUCKET = f"ml-research-models-{MEMBER}"
SECRET = "correct-horse-battery-staple"  # planted, to be looked for


class _Thing:
    """Something that a restore puts back."""

    def __init__(self) -> None:
        self.there = True


@pytest.fixture(scope="module")
def served(one_sandbox: OneSandbox) -> Iterator[Served]:
    """With the workload: the state of many services."""
    with one_sandbox.deployed() as (sandbox, _):
        yield sandbox


def control(served: Served, call: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - the sandbox's own URL
        f"{served.url}/_chaoskit/{call}", headers={"x-chaoskit-token": served.token}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def assert_set(event: threading.Event) -> None:
    assert event.wait(10)


@dataclass(slots=True)
class Thing:
    """What a provider may keep."""

    NOT_STATE = frozenset({"read"})
    words: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)


class Keeper:
    """A provider that was written without a thought of snapshots."""

    service = "polly"

    def __init__(self) -> None:
        self._things: dict[tuple[str, str], Thing] = {}
        self._latest: deque[str] = deque(maxlen=2)
        self._words: set[str] = set()
        self._lock = threading.Lock()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        def put(call: ApiCall) -> Mapping[str, Any]:
            with self._lock:
                name = call.params["Name"]
                self._things.setdefault((call.account, call.region), Thing()).words.append(name)
                self._latest.append(name)
                self._words.add(name)
            return {}

        def get(call: ApiCall) -> Mapping[str, Any]:
            thing = self._things.get((call.account, call.region), Thing())
            thing.read += thing.words
            told = [*thing.words, *self._latest, *sorted(self._words)]
            return {"Lexicons": [{"Name": name} for name in told]}

        return {"PutLexicon": put, "ListLexicons": get}


def test_what_is_changed_in_many_services_is_as_it_was_after_a_restore(served: Served, aws: Aws) -> None:
    before = served.cloud.describe()
    snapshot = served.cloud.snapshot()
    aws.client("iam").tag_user(UserName="admin", Tags=[{"Key": "k", "Value": "v"}])
    aws.client("sqs").send_message(
        QueueUrl=aws.client("sqs").get_queue_url(QueueName="chaoskit-alerts")["QueueUrl"], MessageBody="stray"
    )
    aws.client("s3").put_object(Bucket=BUCKET, Key="new", Body=b"new")
    aws.client("kms").disable_key(KeyId=aws.client("kms").list_keys()["Keys"][0]["KeyId"])
    aws.client("cloudtrail").stop_logging(Name="chaoskit-research-trail")
    aws.client("organizations", "management").create_organizational_unit(
        ParentId=aws.client("organizations", "management").list_roots()["Roots"][0]["Id"], Name="Stray"
    )
    aws.client("dynamodb").create_table(  # a service that nobody had used
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert len(differences(before, served.cloud.describe())) >= 5
    served.cloud.restore(snapshot)
    assert differences(before, served.cloud.describe()) == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("cloudtrail").get_trail_status(Name="chaoskit-trail")["IsLogging"]
    url = aws.client("sqs").get_queue_url(QueueName="chaoskit-alerts")["QueueUrl"]
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=url)


def test_what_aws_offers_is_as_it_was_after_a_restore(served: Served, aws: Aws) -> None:
    ec2, iam = aws.client("ec2"), aws.client("iam")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"

    def offered() -> list[Any]:
        return [
            ec2.describe_images(ImageIds=[image])["Images"],
            ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"],
            iam.get_policy(PolicyArn=admin)["Policy"],
        ]

    before, snapshot = offered(), served.cloud.snapshot()
    stranger = {"Add": [{"UserId": "999988887777"}]}
    ec2.modify_image_attribute(ImageId=image, LaunchPermission=stranger)
    ec2.create_tags(Resources=[image], Tags=[{"Key": "k", "Value": "v"}])
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.create_user(UserName="another")
    iam.attach_user_policy(UserName="another", PolicyArn=admin)
    changed = offered()
    assert all(now != then for now, then in zip(changed, before, strict=True))
    served.cloud.restore(snapshot)
    assert offered() == before


def test_what_says_that_it_never_changes_does_not(served: Served, aws: Aws) -> None:
    cloudformation, events = aws.client("cloudformation"), aws.client("events")
    name = cloudformation.list_stacks()["StackSummaries"][-1]["StackName"]
    fixed = [found for found in _reachable(served.cloud) if getattr(type(found), "NEVER_CHANGES", False)]
    before, snapshot = [repr(each) for each in fixed], served.cloud.snapshot()
    assert {type(each).__name__ for each in fixed} >= {
        "Recorded",
        "Event",
        "Template",
        "Physical",
        "Properties",
    }
    with suppress(ClientError):  # whether or not it may, the stack's template and resources are looked at
        cloudformation.update_stack(
            StackName=name, UsePreviousTemplate=True, Tags=[{"Key": "k", "Value": "v"}]
        )
    cloudformation.get_template(StackName=name)
    cloudformation.describe_stack_events(StackName=name)
    aws.client("cloudtrail").lookup_events()
    events.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])
    aws.client("iam").create_user(UserName="yet-another")
    cloudformation.delete_stack(StackName=name)
    assert served.cloud.idle(5)
    served.cloud.flush()
    assert served.cloud.idle(5)
    assert [repr(each) for each in fixed] == before
    served.cloud.restore(snapshot)


def _reachable(cloud: Any) -> list[Any]:
    """All that the collector can reach from a sandbox, by the references that objects really hold."""
    seen: dict[int, Any] = {}
    stack: list[Any] = [cloud]
    while stack:
        found = stack.pop()
        if id(found) in seen or isinstance(found, type | ModuleType | FunctionType):
            continue
        seen[id(found)] = found
        stack += gc.get_referents(found)
    return list(seen.values())


def test_deleted_objects_and_their_bytes_come_back(served: Served, aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"precious")
    snapshot = served.cloud.snapshot()
    s3.delete_object(Bucket=BUCKET, Key="kept")
    served.cloud.restore(snapshot)
    assert s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"precious"


def test_keys_and_sessions_are_good_again_or_unknown_again(served: Served, aws: Aws) -> None:
    early = aws.client("sts").get_session_token()["Credentials"]
    user = aws.user("early")
    snapshot = served.cloud.snapshot()
    aws.client("iam").delete_access_key(UserName="early", AccessKeyId=user["key"])
    late = aws.client("sts").get_session_token()["Credentials"]
    served.cloud.restore(snapshot)

    def caller(keys: dict[str, str]) -> Any:
        return aws.with_keys("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    assert aws.with_keys("sts", **user).get_caller_identity()["Arn"].endswith(":user/early")
    assert caller(early).get_caller_identity()["Account"] == MEMBER
    assert refusal(caller(late).get_caller_identity)[0] == "InvalidClientTokenId"


def test_the_clock_goes_back_and_what_was_due_is_due_again(served: Served) -> None:
    done: list[str] = []
    due = served.cloud.now().timestamp() + 3600
    served.cloud.agenda.at(
        type(served.cloud.now()).fromtimestamp(due, served.cloud.now().tzinfo), lambda _: done.append("x")
    )
    snapshot = served.cloud.snapshot()
    served.cloud.clock.advance(7200)
    assert done == ["x"]
    served.cloud.restore(snapshot)
    assert served.cloud.now().timestamp() < due
    served.cloud.clock.advance(3601)
    assert done == ["x"]  # the list is the agenda's to reach, so it was emptied by the restore
    served.cloud.restore(snapshot)


def test_a_provider_takes_part_without_doing_anything(served: Served, aws: Aws) -> None:
    served.cloud.gateway.add_provider(Keeper())
    polly = aws.client("polly")

    def words() -> list[str]:
        return [one["Name"] for one in polly.list_lexicons()["Lexicons"]]

    polly.put_lexicon(Name="first", Content="x")
    snapshot = served.cloud.snapshot()
    polly.put_lexicon(Name="second", Content="x")
    assert words() == ["first", "second", "first", "second", "first", "second"]
    served.cloud.restore(snapshot)
    before = served.cloud.describe()
    assert words() == ["first", "first", "first"]
    assert differences(before, served.cloud.describe()) == []  # what it says is no state of its
    assert "polly" in before["accounts"][MEMBER]


def test_nothing_that_the_sandbox_holds_is_of_a_kind_that_could_not_come_back(
    served: Served, aws: Aws
) -> None:
    for service, operation in (
        ("lambda", "list_functions"),
        ("cloudformation", "list_stacks"),
        ("ssm", "list_documents"),
    ):
        getattr(aws.client(service), operation)()  # so that providers are made that are made when called
    assert served.cloud.snapshot().unknown == set()


def test_what_cannot_be_put_back_is_noticed() -> None:
    class Holder:
        def __init__(self) -> None:
            self.numbers = (number for number in range(3))

    assert {kind.__name__ for kind in Checkpoint([Holder()]).unknown} == {"generator"}


def test_who_looks_during_a_restore_never_misses_what_an_object_has_throughout() -> None:
    thing = _Thing()
    checkpoint, missed, done = Checkpoint([thing]), list[AttributeError](), threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                assert thing.there
            except AttributeError as error:
                missed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(5_000):
            vars(thing)["come"] = 1
            checkpoint.put_back()
    finally:
        done.set()
        looking.join()
        sys.setswitchinterval(before)
    assert missed == []
    assert vars(thing) == {"there": True}


def test_a_snapshot_outlives_another_sandbox_in_the_process(served: Served, aws: Aws) -> None:
    before, snapshot = served.cloud.describe(), served.cloud.snapshot()
    with serve() as other:
        Aws(other).client("s3").create_bucket(Bucket="elsewhere")
    served.cloud.restore(snapshot)
    assert differences(before, served.cloud.describe()) == []
    assert "elsewhere" not in json.dumps(aws.client("s3").list_buckets()["Buckets"], default=str)


def test_a_sandbox_that_does_not_come_to_rest_is_not_touched(served: Served, aws: Aws) -> None:
    snapshot = served.cloud.snapshot()
    go_on = threading.Event()
    served.cloud.spawn(lambda: assert_set(go_on))
    aws.user("newcomer")
    with pytest.raises(BusyError, match="did not come to rest"):
        served.cloud.restore(snapshot, timeout=0.05)
    assert control(served, "snapshot?name=a&timeout=0.05")[0] == 409
    assert (
        "newcomer"
        in served.cloud.identities.credential(
            aws.client("iam").list_access_keys(UserName="newcomer")["AccessKeyMetadata"][0]["AccessKeyId"]
        ).principal.arn
    )
    go_on.set()
    served.cloud.restore(snapshot)


def test_calls_that_come_during_a_restore_wait_for_its_end(served: Served, aws: Aws) -> None:
    snapshot, answers = served.cloud.snapshot(), list[int]()
    iam = aws.client("iam")
    threads = [
        threading.Thread(target=lambda: answers.append(len(iam.list_users()["Users"]))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
        served.cloud.restore(snapshot)
    for thread in threads:
        thread.join(10)
    assert answers == [answers[0]] * 8


def test_snapshots_by_name_over_the_control_api(served: Served, aws: Aws) -> None:
    assert control(served, "snapshot?name=before")[0] == 200
    aws.user("passing")
    assert control(served, f"restore?name={quote('no such')}")[1]["names"].count("before") == 1
    assert control(served, "restore?name=before")[0] == 200
    assert refusal(aws.client("iam").get_user, UserName="passing")[0] == "NoSuchEntity"
    assert control(served, "snapshot?timeout=soon")[0] == 400


def test_differences_are_told_by_resource_and_field(served: Served, aws: Aws) -> None:
    snapshot, before = served.cloud.snapshot(), served.cloud.describe()
    aws.client("events").disable_rule(Name="chaoskit-permissive-policy")
    aws.client("fis").update_safety_lever_state(id="default", state={"status": "engaged", "reason": "r"})
    after = served.cloud.describe()
    rule = f"{MEMBER} events in us-east-1: event_buses/default: rules.chaoskit-permissive-policy"
    assert differences(before, after) == [
        f"{rule}.state was ENABLED, is DISABLED.",
        f"{MEMBER} fis in us-east-1: levers/{MEMBER}/us-east-1 is new.",
    ]
    assert len(differences(after, before)) == 2
    served.cloud.restore(snapshot)


def test_who_an_accounts_snapshot_is_shared_with_is_told_and_what_aws_offers_is_not(
    served: Served, aws: Aws
) -> None:
    kept, ec2 = served.cloud.snapshot(), aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    before = served.cloud.describe()
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=["999988887777"]
    )
    after = served.cloud.describe()
    (told,) = (each for each in differences(before, after) if f"snapshots/{snapshot}" in each)
    assert "999988887777" in told
    here = after["accounts"][MEMBER]["ec2"]["us-east-1"]
    told_of = [fields["owner_id"] for name, fields in here.items() if name.startswith("snapshots/")]
    assert set(told_of) == {MEMBER}
    assert len(told_of) < len(ec2.describe_snapshots()["Snapshots"])
    assert not any(name.startswith("amis/") for name in here)
    served.cloud.restore(kept)


def test_a_description_holds_no_secret(served: Served, aws: Aws) -> None:
    snapshot = served.cloud.snapshot()
    aws.client("ssm").put_parameter(Name="p", Value=SECRET, Type="SecureString")
    aws.client("secretsmanager").create_secret(Name="s", SecretString=SECRET)
    before = served.cloud.describe()
    told = json.dumps(before)
    secrets = [SECRET, *(key.secret_access_key for key in served.credentials.values())]
    assert [one for one in secrets if one in told] == []
    aws.client("secretsmanager").put_secret_value(SecretId="s", SecretString=f"{SECRET}!")
    assert "sha256:" in "\n".join(differences(before, served.cloud.describe()))
    served.cloud.restore(snapshot)


def test_what_only_records_what_happened_makes_no_difference(served: Served, aws: Aws) -> None:
    before = served.cloud.describe()
    aws.client("iam").list_users()
    aws.client("s3").list_buckets()
    served.cloud.flush()
    assert differences(before, served.cloud.describe()) == []


def test_diff_tells_and_exits_with_1_when_files_differ(served: Served, tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    told = served.cloud.describe()
    one.write_text(as_text(told))
    told["accounts"][MEMBER]["s3"] = {}
    other.write_text(as_text(told))

    def diff(*files: Path) -> tuple[int, str]:
        result = CliRunner().invoke(command, ["diff", *map(str, files)], standalone_mode=False)
        return result.return_value, result.output

    assert diff(one, one) == (0, "No differences.\n")
    status, output = diff(one, other)
    assert status == 1
    assert f"{MEMBER} s3: buckets/{BUCKET} is gone." in output
