"""`chaoskit fleet deploy` on an organization: three accounts of the served sandbox."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chaoskit import cli, spec
from chaoskit.aws import Connection, Credentials
from chaoskit.engine import run_set
from chaoskit.fleet import stacks
from chaoskit.fleet.collect import collect
from chaoskit.fleet.deploy import Templates
from chaoskit.fleet.plan import Plan
from chaoskit.fleet.runs import Runs
from chaoskit.fleet.tasks import Tasks
from chaoskit.fleet.tooling import Tooling
from chaoskit.fleet.worker import Drain, Worked, Worker
from chaoskit.fleets import Fleet
from chaoskit.journal import SqliteJournal
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.store import Store
from chaoskit.predict import Limiter
from tests.e2e.conftest import lab_in, without_policy
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox

pytestmark = pytest.mark.long

REGION = "us-east-1"
MEMBER = "444455556666"
CORE = [
    str(SHIPPED / f"{name}.yaml")
    for name in (
        "data/public-access-to-training-data",
        "identity/permissive-policy-on-training-role",
    )
]
ROLES = ("inject", "read", "undo")

Deploy = Callable[..., tuple[int, str, str]]


@dataclass
class Organization:
    """The sandbox's organization with a tooling account beside the sandbox OU."""

    served: Served
    tooling: boto3.Session
    management: boto3.Session
    member: boto3.Session
    root: str
    unit: str
    nested: str
    folder: Path

    def client(self, who: str, service: str) -> Any:
        session: boto3.Session = getattr(self, who)
        return session.client(service, endpoint_url=self.served.url)

    @property
    def tooling_account(self) -> str:
        account: str = self.client("tooling", "sts").get_caller_identity()["Account"]
        return account

    def become(self, name: str, account: str, through: boto3.Session) -> boto3.Session:
        sts = through.client("sts", endpoint_url=self.served.url)
        role = f"arn:aws:iam::{account}:role/{name}"
        return _session(sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"])

    @property
    def worker(self) -> boto3.Session:
        return self.become("chaoskit-fleet-worker", self.tooling_account, self.tooling)

    def as_role(self, role: str, service: str, account: str = MEMBER) -> Any:
        session = self.become(f"chaoskit-fleet-{role}", account, self.worker)
        return session.client(service, endpoint_url=self.served.url)


def _session(keys: dict[str, str]) -> boto3.Session:
    return boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
    )


@pytest.fixture(scope="module")
def organization(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    with one_sandbox.deployed() as (served, _):
        held = {who: served.credentials[who] for who in ("admin", "management")}
        member, management = (
            boto3.Session(held[who].access_key_id, held[who].secret_access_key, region_name=REGION)
            for who in ("admin", "management")
        )
        organizations = management.client("organizations", endpoint_url=served.url)
        root = organizations.list_roots()["Roots"][0]["Id"]
        (unit,) = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
        account, nested = (
            organizations.create_account(Email=f"{name}@example.com", AccountName=name)[
                "CreateAccountStatus"
            ]["AccountId"]
            for name in ("tooling", "team")
        )
        inner = organizations.create_organizational_unit(ParentId=unit["Id"], Name="Team")
        organizations.move_account(
            AccountId=nested,
            SourceParentId=root,
            DestinationParentId=inner["OrganizationalUnit"]["Id"],
        )
        sts = management.client("sts", endpoint_url=served.url)
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        keys = sts.assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
        folder = tmp_path_factory.mktemp("aws")
        (folder / "credentials").write_text(
            f"[tooling]\naws_access_key_id = {keys['AccessKeyId']}\n"
            f"aws_secret_access_key = {keys['SecretAccessKey']}\naws_session_token = {keys['SessionToken']}\n"
            f"[management]\naws_access_key_id = {held['management'].access_key_id}\n"
            f"aws_secret_access_key = {held['management'].secret_access_key}\n"
            f"[sandbox]\naws_access_key_id = {held['admin'].access_key_id}\n"
            f"aws_secret_access_key = {held['admin'].secret_access_key}\n"
        )
        yield Organization(served, _session(keys), management, member, root, unit["Id"], nested, folder)


@pytest.fixture(scope="module")
def deploy(organization: Organization) -> Iterator[Deploy]:
    """Run the command as a person does; its exit status and what it said."""
    cloud = organization.served.cloud

    def run(*more: str, unit: str = organization.unit, **profiles: str) -> tuple[int, str, str]:
        profiles = {"profile": "tooling", "management_profile": "management"} | profiles
        options = [f"--{name.replace('_', '-')}={value}" for name, value in profiles.items()]
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main(
                ["fleet", "deploy", f"--organization-unit={unit}", f"--region={REGION}", *options, *more]
            )
        return int(str(ended.value.code or 0)), out.getvalue(), err.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", organization.served.url)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(organization.folder / "credentials"))
        patch.setenv("AWS_CONFIG_FILE", str(organization.folder / "none"))
        patch.setattr(
            stacks.Pace, "__init__", partialmethod(stacks.Pace.__init__, sleep=lambda _: cloud.idle(20))
        )
        yield run


@pytest.fixture(scope="module")
def deployed(organization: Organization, deploy: Deploy) -> dict[str, str]:
    """The outputs of a first deployment; the accounts' own workload says that they are sandboxes."""
    organization.client("management", "cloudformation").activate_organizations_access()
    trusted = f"arn:aws:iam::{organization.tooling_account}:role/OrganizationAccountAccessRole"
    code, out, err = deploy("--no-consent", f"--set=OtherWorkerPrincipal={trusted}")
    assert (code, err.count("  created")) == (0, 3), err
    return dict(line.split(" = ") for line in out.splitlines())


def refused(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value)


def test_the_outputs_name_what_workers_and_operators_need(
    organization: Organization, deployed: dict[str, str]
) -> None:
    described = organization.client("tooling", "dynamodb").describe_table(TableName=deployed["TableName"])[
        "Table"
    ]
    assert described["SSEDescription"]["KMSMasterKeyArn"] == deployed["KeyArn"]
    assert described["DeletionProtectionEnabled"]
    machine = organization.client("tooling", "stepfunctions").describe_state_machine(
        stateMachineArn=deployed["StateMachineArn"]
    )
    assert deployed["QueueUrl"] in machine["definition"]
    assert machine["loggingConfiguration"]["level"] == "ALL"
    assert machine["tracingConfiguration"] == {"enabled": True}
    bucket = {"Bucket": deployed["BucketName"]}
    s3 = organization.client("tooling", "s3")
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())


def test_to_do_it_again_changes_nothing_and_says_so(deploy: Deploy, deployed: dict[str, str]) -> None:
    code, out, err = deploy("--no-consent")
    assert (code, err.count("  as it was")) == (0, 3), err
    assert deployed["WorkerRoleArn"] in out
    code, out, _ = deploy("--no-consent", "--dry-run")
    assert (code, out.count(": as it is\n")) == (0, 3), out


@pytest.mark.usefixtures("deployed")
def test_a_dry_run_shows_the_change_and_makes_none(deploy: Deploy) -> None:
    for _ in range(2):
        code, out, _ = deploy("--no-consent", "--set=ResultDays=731", "--dry-run", *CORE)
        assert code == 0
        assert "  parameter ResultDays: 400 -> 731\n" in out
        gone = [line for line in out.splitlines() if line.startswith("  -")]
        assert any(line.endswith('- "apigateway:DELETE"') for line in gone)  # no experiment of CORE needs it


@pytest.mark.usefixtures("deployed")
def test_what_is_set_once_stays_set(organization: Organization, deploy: Deploy) -> None:
    for more in (["--set=ResultDays=500"], []):
        code, _, err = deploy("--no-consent", *more)
        assert (code, err.count("  updated")) == (0, len(more)), err
    stack = organization.client("tooling", "cloudformation").describe_stacks(StackName="chaoskit-fleet")
    assert {"ParameterKey": "ResultDays", "ParameterValue": "500"} in stack["Stacks"][0]["Parameters"]
    deploy("--no-consent", "--set=ResultDays=400")


@pytest.mark.usefixtures("deployed")
def test_every_account_of_the_unit_and_those_below_has_the_roles(organization: Organization) -> None:
    for account in (MEMBER, organization.nested):
        for role in ROLES:
            found = organization.as_role(role, "sts", account).get_caller_identity()
            assert found["Arn"] == f"arn:aws:sts::{account}:assumed-role/chaoskit-fleet-{role}/test"


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("who", ["tooling", "member", "management"])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_the_worker_becomes_a_role(organization: Organization, who: str, role: str) -> None:
    arn = f"arn:aws:iam::{MEMBER}:role/chaoskit-fleet-{role}"
    said = refused(organization.client(who, "sts").assume_role, RoleArn=arn, RoleSessionName="test")
    assert "AccessDenied" in said


@pytest.mark.usefixtures("deployed")
def test_the_worker_becomes_nothing_else(organization: Organization) -> None:
    sts = organization.worker.client("sts", endpoint_url=organization.served.url)
    arn = f"arn:aws:iam::{MEMBER}:role/chaoskit-harness"
    assert "AccessDenied" in refused(sts.assume_role, RoleArn=arn, RoleSessionName="test")


@pytest.mark.usefixtures("deployed")
def test_outside_of_the_unit_the_inject_role_can_do_nothing(organization: Organization) -> None:
    iam = organization.as_role("inject", "iam", organization.nested)
    look = {"RoleName": "chaoskit-fleet-inject"}
    assert iam.get_role(**look)
    organizations = organization.client("management", "organizations")
    (inner,) = organizations.list_parents(ChildId=organization.nested)["Parents"]
    out = {"AccountId": organization.nested, "SourceParentId": inner["Id"]}
    organizations.move_account(**out, DestinationParentId=organization.root)
    try:
        assert "explicit deny in a service control policy" in refused(iam.get_role, **look)
    finally:
        back = {"AccountId": organization.nested, "SourceParentId": organization.root}
        organizations.move_account(**back, DestinationParentId=inner["Id"])
    assert iam.get_role(**look)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("who", ["tooling", "member"])
def test_no_administrator_makes_or_changes_the_roles(organization: Organization, who: str) -> None:
    iam = organization.client(who, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = {"RoleName": "chaoskit-fleet-inject"}
    for said in (
        refused(iam.create_role, **role, AssumeRolePolicyDocument=trust),
        refused(iam.update_assume_role_policy, **role, PolicyDocument=trust),
        refused(iam.delete_role_policy, RoleName="chaoskit-fleet-undo", PolicyName="dead-mans-switch"),
    ):
        assert "explicit deny in a service control policy" in said


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("role", ["inject", "undo"])
def test_an_experiment_can_neither_widen_its_roles_nor_touch_its_switches(
    organization: Organization, role: str
) -> None:
    iam, ssm = organization.as_role(role, "iam"), organization.as_role(role, "ssm")
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    for said in (
        refused(iam.attach_role_policy, RoleName="chaoskit-fleet-read", PolicyArn=admin),
        refused(iam.detach_role_policy, RoleName="chaoskit-fleet-undo", PolicyArn=admin),
        refused(ssm.delete_parameter, Name="/chaoskit/stop"),
        refused(ssm.put_parameter, Name="/chaoskit/sandbox", Value="true", Overwrite=True),
    ):
        assert "explicit deny" in said


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("experiment", CORE, ids=lambda path: path.rpartition("/")[2])
def test_an_experiment_passes_as_the_fleets_roles(
    organization: Organization, tmp_path: Path, experiment: str
) -> None:
    """With the dead-man's switch: its schedules are armed and taken away as the undo role."""
    lab = lab_in(organization.served)
    keys = organization.worker.get_credentials().get_frozen_credentials()
    worker = Credentials(keys.access_key, keys.secret_key, keys.token)
    target = replace(
        lab.target,
        connection=replace(lab.target.connection, credentials=worker),
        dead_letters=f"arn:aws:sqs:{REGION}:{MEMBER}:chaoskit-fleet-undo-dead-letters",
        role_arn=f"arn:aws:iam::{MEMBER}:role/chaoskit-fleet-inject",
        read_role_arn=f"arn:aws:iam::{MEMBER}:role/chaoskit-fleet-read",
        undo_role_arn=f"arn:aws:iam::{MEMBER}:role/chaoskit-fleet-undo",
    )
    with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        loaded = spec.load([Path(experiment)], target.variables)
        (result,) = run_set(loaded, target, journal, clock=lab.clock, limits=Limiter(target)).results
    assert (result.verdict, result.restored) == ("PASSED", True), result.reason


@pytest.mark.usefixtures("deployed")
def test_an_operator_starts_a_run_that_a_worker_carries_out(organization: Organization) -> None:
    """Each as nothing but what the templates let them."""
    iam = organization.client("tooling", "iam")
    iam.create_user(UserName="operator")
    policy = f"arn:aws:iam::{organization.tooling_account}:policy/chaoskit-fleet-operator"
    iam.attach_user_policy(UserName="operator", PolicyArn=policy)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    place = Connection(REGION, endpoint_url=organization.served.url)
    operator = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    keys = organization.worker.get_credentials().get_frozen_credentials()
    worker = Credentials(keys.access_key, keys.secret_key, keys.token)
    file = Path(CORE[-1])
    loaded = tuple(spec.load([file]))
    fleet = Fleet("one", "One account", "tests", REGION, loaded, file, accounts=(MEMBER,))

    tooling = Tooling.of(replace(place, credentials=operator))
    runs = Runs(tooling)
    plan = Plan.of(fleet, fleet.accounts, organization.served.cloud.now())
    runs.start(plan)
    drain, worked = Drain(), list[Worked]()

    def told(one: Worked) -> None:
        worked.append(one)
        drain.request("the test is over")

    Worker(Tooling.of(replace(place, credentials=worker)), [file], drain, told=told, idle_s=1).work()
    assert organization.served.cloud.idle(20)
    assert [str(each.task) for each in worked] == [f"{file.stem} in {MEMBER} (run {plan.run})"]
    state = runs.state(plan.run)
    assert (state.going, state.why, state.results) == (False, "", {MEMBER: 1})
    tasks = Tasks(Store(tooling.table, tooling.connection))
    (result,) = collect(tooling, plan, tasks).document["results"]
    assert (result["verdict"], result["restored"]) == ("PASSED", True), result["reason"]
    with DynamoJournal(tooling.table, tooling.connection, readonly=True) as journal:
        assert not journal.open_faults()


@pytest.mark.usefixtures("deployed")
def test_a_stack_that_fails_is_told_with_its_account_and_reason(deploy: Deploy) -> None:
    try:
        code, _, err = deploy("--consent")
        assert code == 5
        assert f"  {MEMBER} in {REGION}: ResourceLogicalId:Consent, " in err
        assert "already exists" in err
    finally:
        assert deploy("--no-consent")[0] == 0


@pytest.mark.usefixtures("deployed")
def test_another_region_gets_a_queue_and_no_second_roles(organization: Organization, deploy: Deploy) -> None:
    with without_policy(
        organization.client("management", "organizations"), "chaoskit-stay-in-approved-regions"
    ):
        code, _, err = deploy("--no-consent", f"--regions={REGION},eu-west-1")
        assert (code, err.count("  updated")) == (0, 1), err
        sqs = organization.member.client("sqs", endpoint_url=organization.served.url, region_name="eu-west-1")
        assert sqs.get_queue_url(QueueName="chaoskit-fleet-undo-dead-letters")
        code, _, err = deploy("--no-consent")
        assert f"left alone, as they are not of {organization.unit} and these regions: " in err
        assert f"{MEMBER} (eu-west-1)" in err
        assert "name it among the --regions" in deploy("--no-consent", "--regions=eu-west-1")[2]


@pytest.mark.usefixtures("deployed")
def test_workers_on_fargate_and_the_schedule_come_with_a_place_for_them(
    organization: Organization, deploy: Deploy
) -> None:
    ec2, ecs = organization.client("tooling", "ec2"), organization.client("tooling", "ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    image = f"registry.example/chaoskit@sha256:{'0' * 64}"
    place = {"WorkerImage": image, "WorkerVpc": vpc, "WorkerSubnets": subnet, "Workers": "2"}
    code, _, err = deploy("--no-consent", *(f"--set={name}={value}" for name, value in place.items()))
    assert code == 0, err
    (service,) = ecs.describe_services(cluster="chaoskit-fleet", services=["chaoskit-fleet-workers"])[
        "services"
    ]
    assert service["desiredCount"] == 2
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert (container["image"], container["readonlyRootFilesystem"]) == (image, True)
    schedule = organization.client("tooling", "scheduler").get_schedule(Name="chaoskit-fleet")
    assert schedule["State"] == "DISABLED"
    assert deploy("--no-consent", "--set=Workers=0")[0] == 0
    assert "does not exist" in refused(
        organization.client("tooling", "scheduler").get_schedule, Name="chaoskit-fleet"
    )


def test_nothing_is_deployed_before_stack_sets_may_act(organization: Organization, deploy: Deploy) -> None:
    api = organization.client("management", "cloudformation")
    api.deactivate_organizations_access()
    try:
        code, _, err = deploy()
    finally:
        api.activate_organizations_access()
    assert (code, "aws cloudformation activate-organizations-access" in err) == (5, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"management_profile": "tooling"}, "SCPs and stack sets are its own"),
        ({"profile": "sandbox"}, "must be neither in the sandbox OU"),
        ({"profile": "management"}, "nor the management account"),
        ({"unit": "ou-ab12-12345678"}, "has no OU ou-ab12-12345678"),
    ],
)
@pytest.mark.usefixtures("deployed")
def test_a_wrong_place_is_refused_with_words(deploy: Deploy, options: dict[str, str], said: str) -> None:
    code, _, err = deploy(**options)
    assert (code, said in err) == (5, True), err


@pytest.mark.usefixtures("deployed")
def test_a_mistyped_parameter_is_refused_with_the_right_one(deploy: Deploy) -> None:
    code, _, err = deploy("--no-consent", "--set=LogDay=400")
    assert (code, "has no parameter LogDay. Did you mean LogDays?" in err) == (5, True)


def test_templates_are_written_for_a_teams_own_pipeline(tmp_path: Path, deploy: Deploy) -> None:
    for said in ("written", "as it was"):
        code, out, _ = deploy(f"--write={tmp_path / 'fleet'}")
        assert (code, out.count(f": {said}\n")) == (0, 3)
    written = {file.name: file.read_text() for file in (tmp_path / "fleet").iterdir()}
    assert written == Templates.of().files()
