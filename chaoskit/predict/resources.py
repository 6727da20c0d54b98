"""What hangs on a resource: its policy, its tags, and S3's own gates, read from the service that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.permissions.public_access import ENFORCED, PUBLIC_GROUPS, Block
from chaoskit.policy import Kind
from chaoskit.predict.documents import Document, placeholder, unknown
from chaoskit.predict.look import UnreadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.predict.identities import Identities
    from chaoskit.predict.look import Look

_NO_BUCKET: Final = ("404", "NoSuchBucket")
_NO_BLOCK: Final = ("NoSuchPublicAccessBlockConfiguration",)
_GONE: Final = (
    "404",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ResourceNotFound",
    "ResourceNotFoundException",
)
# Service Authorization Reference: what these services have carries no policy of its own, but for the
# types named in `_POLICIES`.
_WITHOUT_POLICY: Final = frozenset(
    {
        "autoscaling",
        "cloudformation",
        "cloudwatch",
        "config",
        "ec2",
        "iam",
        "organizations",
        "rds",
        "sagemaker",
        "scheduler",
        "ssm",
        "states",
        "sts",
    }
)


@dataclass(frozen=True, slots=True)
class Gates:
    """S3's gates beside policies.

    Attributes:
        block: Block Public Access of the bucket and the account together.
        acls_disabled: The bucket has no ACLs.
        public_acl: The bucket's ACL grants something to a group of everyone.
    """

    block: Block
    acls_disabled: bool
    public_acl: bool


class Resources:
    """Reads resources of one account and region."""

    def __init__(self, look: Look, identities: Identities) -> None:
        """Nothing is read yet."""
        self._look = look
        self._identities = identities

    def owner(self, arn: str) -> str:
        """The account that owns a resource.

        Raises:
            UnreadError: That can't be told.
        """
        service, account, name = _parts(arn)
        if service != "s3" or placeholder(arn):
            return account or self._look.account
        bucket = name.partition("/")[0]
        where = {"Bucket": bucket, "ExpectedBucketOwner": self._look.account}
        self._look.ask(f"the owner of bucket {bucket}", Query("s3", "HeadBucket", where, "@", _NO_BUCKET))
        return self._look.account

    def policies(self, arn: str, action: str) -> tuple[Document, ...]:
        """The policy of a resource; what can't be read stands there as not known."""
        if arn == "*":
            return ()
        service, account, name = _parts(arn)
        words = f"the policy of {arn}"
        if placeholder(arn) or (account not in ("", "aws", self._look.account)):
            return () if service in _WITHOUT_POLICY else (unknown(words),)
        if Kind.of_resource(action, arn) is Kind.TRUST:
            query = self._trust(name)
        else:
            reader = _POLICIES.get(f"{service}/{_type(name)}") or _POLICIES.get(service)
            if reader is None:
                return () if service in _WITHOUT_POLICY else (unknown(words),)
            query = reader(arn, name)
        try:
            text = self._look.ask(words, query)
        except UnreadError as error:
            return (unknown(str(error)),)
        return (Document.of(arn, text),) if text else ()

    def tags(self, arn: str) -> Mapping[str, str] | None:
        """The tags of a resource; None when they are not known."""
        service, account, name = _parts(arn)
        if arn == "*":
            return {}
        if placeholder(arn) or account not in ("", self._look.account):
            return None
        kind = _type(name)
        try:
            if service == "iam" and kind in ("role", "user"):
                found = self._identities.find(kind, name.rpartition("/")[2])
                given = (found or {}).get("Tags")
            elif service in _TAGS:
                given = self._look.ask(f"the tags of {arn}", _TAGS[service](arn, name))
            else:
                return None
        except UnreadError:
            return None
        if isinstance(given, dict):
            return given
        return {
            tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in given or ()
        }

    def gates(self, bucket: str) -> Gates:
        """S3's own gates at a bucket.

        Raises:
            UnreadError: They can't be read.
        """
        where = {"Bucket": bucket}
        absent = (*_NO_BLOCK, *_NO_BUCKET)
        own = self._look.ask(
            f"Block Public Access of bucket {bucket}",
            Query("s3", "GetPublicAccessBlock", where, "PublicAccessBlockConfiguration", absent),
        )
        whole = self._look.ask(
            "Block Public Access of the account",
            Query(
                "s3control",
                "GetPublicAccessBlock",
                {"AccountId": self._look.account},
                "PublicAccessBlockConfiguration",
                _NO_BLOCK,
            ),
        )
        ownership = self._look.ask(
            f"object ownership of bucket {bucket}",
            Query(
                "s3",
                "GetBucketOwnershipControls",
                where,
                "OwnershipControls.Rules[0].ObjectOwnership",
                ("OwnershipControlsNotFoundError", *_NO_BUCKET),
            ),
        )
        grantees = self._look.ask(
            f"the ACL of bucket {bucket}",
            Query("s3", "GetBucketAcl", where, "Grants[].Grantee.URI", _NO_BUCKET),
        )
        settings = (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
        block = Block(*(any((given or {}).get(name) for given in (own, whole)) for name in settings))
        public = any(group in (grantees or ()) for group in PUBLIC_GROUPS)
        return Gates(block, ownership == ENFORCED, public)

    def _trust(self, name: str) -> Query:
        role = name.rpartition("/")[2]
        return Query("iam", "GetRole", {"RoleName": role}, "Role.AssumeRolePolicyDocument", _GONE)


def _parts(arn: str) -> tuple[str, str, str]:
    """The service, account and name of an ARN."""
    _, _, service, _, account, name = (arn.split(":", 5) + [""] * 6)[:6]
    return service, account, name


def _type(name: str) -> str:
    return name.partition("/")[0]


def _bucket(_arn: str, name: str) -> Query:
    where = {"Bucket": name.partition("/")[0]}
    return Query("s3", "GetBucketPolicy", where, "Policy", _GONE)


def _key(arn: str, _name: str) -> Query:
    return Query("kms", "GetKeyPolicy", {"KeyId": arn, "PolicyName": "default"}, "Policy", _GONE)


def _secret(arn: str, _name: str) -> Query:
    return Query("secretsmanager", "GetResourcePolicy", {"SecretId": arn}, "ResourcePolicy", _GONE)


def _queue(arn: str, name: str) -> Query:
    _, _, _, region, account, _ = arn.split(":", 5)
    where = {
        "QueueUrl": f"https://sqs.{region}.amazonaws.com/{account}/{name}",
        "AttributeNames": ["Policy"],
    }
    return Query("sqs", "GetQueueAttributes", where, "Attributes.Policy", _GONE)


def _topic(arn: str, _name: str) -> Query:
    return Query("sns", "GetTopicAttributes", {"TopicArn": arn}, "Attributes.Policy", _GONE)


def _function(arn: str, _name: str) -> Query:
    return Query("lambda", "GetPolicy", {"FunctionName": arn}, "Policy", _GONE)


def _model_group(_arn: str, name: str) -> Query:
    where = {"ModelPackageGroupName": name.rpartition("/")[2]}
    return Query(
        "sagemaker", "GetModelPackageGroupPolicy", where, "ResourcePolicy", (*_GONE, "ValidationException")
    )


_POLICIES: Final[Mapping[str, Callable[[str, str], Query]]] = {
    "kms": _key,
    "lambda": _function,
    "s3": _bucket,
    "sagemaker/model-package-group": _model_group,
    "secretsmanager": _secret,
    "sns": _topic,
    "sqs": _queue,
}
_TAGS: Final[Mapping[str, Callable[[str, str], Query]]] = {
    "kms": lambda arn, _: Query("kms", "ListResourceTags", {"KeyId": arn}, "Tags", _GONE),
    "lambda": lambda arn, _: Query("lambda", "ListTags", {"Resource": arn}, "Tags", _GONE),
    "sagemaker": lambda arn, _: Query("sagemaker", "ListTags", {"ResourceArn": arn}, "Tags", _GONE),
    "secretsmanager": lambda arn, _: Query(
        "secretsmanager", "DescribeSecret", {"SecretId": arn}, "Tags", _GONE
    ),
    "sns": lambda arn, _: Query("sns", "ListTagsForResource", {"ResourceArn": arn}, "Tags", _GONE),
}
