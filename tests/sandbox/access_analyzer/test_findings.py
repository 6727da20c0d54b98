from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MANAGEMENT, MEMBER, Aws, allow, deny, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.server import Served

STRANGER = "999999999999"


class Analyzed(Aws):
    """boto3 against a sandbox with an analyzer of the account and one of the organization."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self.account = str(self.analyzer("admin").create_analyzer(analyzerName="mine", type="ACCOUNT")["arn"])
        made = self.analyzer("management").create_analyzer(analyzerName="ours", type="ORGANIZATION")
        self.organization = str(made["arn"])

    def analyzer(self, who: str = "admin") -> Any:
        return self.client("accessanalyzer", who)

    def findings(self, arn: str, *, status: str = "ACTIVE", of: str = "account") -> list[Mapping[str, Any]]:
        """The findings of a resource."""
        assert self.served.cloud.idle(10)
        who, analyzer = ("admin", self.account) if of == "account" else ("management", self.organization)
        found = self.analyzer(who).list_findings(
            analyzerArn=analyzer, filter={"resource": {"eq": [arn]}, "status": {"eq": [status]}}
        )
        return list(found["findings"])


@pytest.fixture(scope="module")
def analyzed(served: Served) -> Analyzed:
    return Analyzed(served)


def bucket(aws: Aws, name: str, **statement: Any) -> str:
    """A bucket whose gates are open, with a policy of one statement on its objects."""
    s3, arn = aws.client("s3"), f"arn:aws:s3:::{name}"
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    if statement:
        s3.put_bucket_policy(Bucket=name, Policy=policy(allow("s3:GetObject", f"{arn}/*", **statement)))
    return arn


def test_a_public_bucket_is_found_with_the_request_that_gets_through(analyzed: Analyzed) -> None:
    (finding,) = analyzed.findings(bucket(analyzed, "public", Principal="*"))
    assert finding["principal"] == {"AWS": "*"}
    assert finding["action"] == ["s3:GetObject"]
    assert finding["isPublic"] is True
    assert finding["condition"] == {}
    assert finding["sources"] == [{"type": "POLICY"}]
    assert (finding["resourceType"], finding["resourceOwnerAccount"]) == ("AWS::S3::Bucket", MEMBER)


def test_both_versions_of_the_api_tell_of_one_finding(analyzed: Analyzed) -> None:
    (first,) = analyzed.findings(bucket(analyzed, "versions", Principal={"AWS": STRANGER}))
    api = analyzed.analyzer()
    listed = api.list_findings_v2(analyzerArn=analyzed.account, filter={"id": {"eq": [first["id"]]}})
    assert [one["findingType"] for one in listed["findings"]] == ["ExternalAccess"]
    second = api.get_finding_v2(analyzerArn=analyzed.account, id=first["id"])
    (detail,) = second["findingDetails"]
    assert detail["externalAccessDetails"]["principal"] == {"AWS": STRANGER}
    assert api.get_finding(analyzerArn=analyzed.account, id=first["id"])["finding"]["id"] == first["id"]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("own", {"Principal": {"AWS": MEMBER}}),
        ("service", {"Principal": {"Service": "logging.s3.amazonaws.com"}}),
        ("fixed", {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": MEMBER}}}),
        (
            "role",
            {
                "Principal": "*",
                "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/*"}},
            },
        ),
    ],
)
def test_access_from_within_the_account_is_no_finding(
    analyzed: Analyzed, name: str, statement: Mapping[str, Any]
) -> None:
    assert analyzed.findings(bucket(analyzed, f"within-{name}", **statement)) == []


def test_the_organization_trusts_its_accounts_and_the_account_does_not(analyzed: Analyzed) -> None:
    arn = bucket(analyzed, "shared", Principal={"AWS": MANAGEMENT})
    assert [one["principal"] for one in analyzed.findings(arn)] == [{"AWS": MANAGEMENT}]
    assert analyzed.findings(arn, of="organization") == []


def test_a_condition_on_the_organization_closes_a_bucket_to_strangers(analyzed: Analyzed) -> None:
    organization = analyzed.client("organizations", "management").describe_organization()["Organization"][
        "Id"
    ]
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    arn = bucket(analyzed, "org-only", Principal="*", Condition=condition)
    assert analyzed.findings(arn, of="organization") == []
    (finding,) = analyzed.findings(arn)
    assert finding["condition"] == {"aws:PrincipalOrgID": organization}
    assert finding["isPublic"] is False


def test_a_condition_that_an_outsider_can_meet_is_in_the_finding(analyzed: Analyzed) -> None:
    condition = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    (finding,) = analyzed.findings(bucket(analyzed, "from-there", Principal="*", Condition=condition))
    assert set(finding["condition"]) == {"aws:SourceIp"}
    assert finding["isPublic"] is False


def test_a_deny_that_no_outsider_escapes_closes_the_bucket(analyzed: Analyzed) -> None:
    arn = bucket(analyzed, "denied")
    opened = allow("s3:GetObject", f"{arn}/*", Principal="*")
    condition = {"StringNotEquals": {"aws:PrincipalAccount": MEMBER}}
    closed = deny("s3:*", [arn, f"{arn}/*"], Principal="*", Condition=condition)
    analyzed.client("s3").put_bucket_policy(Bucket="denied", Policy=policy(opened, closed))
    assert analyzed.findings(arn) == []
    tls = deny("s3:*", f"{arn}/*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    analyzed.client("s3").put_bucket_policy(Bucket="denied", Policy=policy(opened, tls))
    assert len(analyzed.findings(arn)) == 1


def test_a_finding_is_resolved_when_the_access_is_gone_and_active_when_it_is_back(analyzed: Analyzed) -> None:
    arn = bucket(analyzed, "there-and-back", Principal="*")
    (finding,) = analyzed.findings(arn)
    blocked = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3 = analyzed.client("s3")
    s3.put_public_access_block(Bucket="there-and-back", PublicAccessBlockConfiguration=blocked)
    assert analyzed.findings(arn) == []
    assert [one["id"] for one in analyzed.findings(arn, status="RESOLVED")] == [finding["id"]]
    s3.delete_public_access_block(Bucket="there-and-back")
    assert [one["id"] for one in analyzed.findings(arn)] == [finding["id"]]


def test_an_acl_is_a_source_of_its_own(analyzed: Analyzed) -> None:
    arn = bucket(analyzed, "by-acl")
    analyzed.client("s3").put_bucket_acl(Bucket="by-acl", ACL="public-read")
    (finding,) = analyzed.findings(arn)
    assert finding["sources"] == [{"type": "BUCKET_ACL"}]
    assert "s3:ListBucket" in finding["action"]
    assert finding["isPublic"] is True


def role(aws: Analyzed) -> str:
    trust = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}
    return aws.role("for-strangers", trust)


def queue(aws: Analyzed) -> str:
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:for-strangers"
    statement = allow("sqs:SendMessage", arn, Principal={"AWS": STRANGER})
    aws.client("sqs").create_queue(QueueName="for-strangers", Attributes={"Policy": policy(statement)})
    return arn


def topic(aws: Analyzed) -> str:
    sns = aws.client("sns")
    arn = str(sns.create_topic(Name="for-strangers")["TopicArn"])
    assert aws.findings(arn) == [], "the default policy is for the owner alone"
    statement = allow("sns:Publish", arn, Principal={"AWS": STRANGER})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy(statement))
    return arn


def secret(aws: Analyzed) -> str:
    manager = aws.client("secretsmanager")
    arn = str(manager.create_secret(Name="for-strangers", SecretString="text")["ARN"])
    statement = allow("secretsmanager:GetSecretValue", "*", Principal={"AWS": STRANGER})
    manager.put_resource_policy(SecretId=arn, ResourcePolicy=policy(statement))
    return arn


def key(aws: Analyzed) -> str:
    kms, root = aws.client("kms"), f"arn:aws:iam::{MEMBER}:root"
    statements = allow("kms:*", Principal={"AWS": root}), allow("kms:Decrypt", Principal={"AWS": STRANGER})
    return str(kms.create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"])


def granted_key(aws: Analyzed) -> str:
    kms = aws.client("kms")
    made = kms.create_key()["KeyMetadata"]
    principal = f"arn:aws:iam::{STRANGER}:root"
    kms.create_grant(KeyId=made["KeyId"], GranteePrincipal=principal, Operations=["Decrypt"])
    return str(made["Arn"])


@pytest.mark.parametrize(
    ("make", "actions"),
    [
        (role, ["sts:AssumeRole"]),
        (queue, ["sqs:SendMessage"]),
        (topic, ["sns:Publish"]),
        (secret, ["secretsmanager:GetSecretValue"]),
        (key, ["kms:Decrypt"]),
        (granted_key, ["kms:Decrypt"]),
    ],
)
def test_what_a_stranger_may_use_is_found(
    analyzed: Analyzed, make: Callable[[Analyzed], str], actions: list[str]
) -> None:
    (finding,) = analyzed.findings(make(analyzed))
    assert finding["action"] == actions
    assert STRANGER in finding["principal"]["AWS"]


def test_an_archive_rule_takes_new_findings_only(analyzed: Analyzed) -> None:
    api = analyzed.analyzer()
    before = bucket(analyzed, "archived-before", Principal={"AWS": STRANGER})
    assert len(analyzed.findings(before)) == 1
    criteria = {"resource": {"contains": ["archived-"]}}
    api.create_archive_rule(analyzerName="mine", ruleName="known", filter=criteria)
    after = bucket(analyzed, "archived-after", Principal={"AWS": STRANGER})
    assert len(analyzed.findings(after, status="ARCHIVED")) == 1
    assert len(analyzed.findings(before)) == 1
    api.apply_archive_rule(analyzerArn=analyzed.account, ruleName="known")
    assert len(analyzed.findings(before, status="ARCHIVED")) == 1


def test_a_finding_is_an_event(analyzed: Analyzed) -> None:
    sqs, events = analyzed.client("sqs"), analyzed.client("events")
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:findings"
    sent = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
    url = sqs.create_queue(QueueName="findings", Attributes={"Policy": policy(sent)})["QueueUrl"]
    pattern = {"source": ["aws.access-analyzer"], "detail": {"resource": ["arn:aws:s3:::told"]}}
    events.put_rule(Name="findings", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="findings", Targets=[{"Id": "queue", "Arn": arn}])
    bucket(analyzed, "told", Principal="*")
    assert analyzed.findings("arn:aws:s3:::told")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Access Analyzer Finding"
    assert event["resources"] == [analyzed.account]
    assert (event["detail"]["status"], event["detail"]["isPublic"]) == ("ACTIVE", True)
    assert event["detail"]["isDeleted"] is False


def test_a_member_account_has_no_organization_to_trust(analyzed: Analyzed) -> None:
    create = analyzed.analyzer().create_analyzer
    assert refusal(create, analyzerName="theirs", type="ORGANIZATION")[0] == "ValidationException"
    assert refusal(create, analyzerName="mine", type="ACCOUNT")[0] == "ConflictException"
    get = analyzed.analyzer().get_analyzer
    assert refusal(get, analyzerName="nobody")[0] == "ResourceNotFoundException"
