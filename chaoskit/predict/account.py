"""The account as `chaoskit.permissions` asks about it, answered by reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.permissions import Unseen
from chaoskit.predict.look import UnreadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.predict.identities import Identities
    from chaoskit.predict.look import Look

_PATH: Final = "<Path>"
_GONE: Final = ("NotFoundException", "ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "404")
_NO_QUEUE: Final = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
_NO_DEFAULT: Final = ("ServerSideEncryptionConfigurationNotFoundError", *_GONE)


class ReadAccount(Unseen):
    """Reads what only the account knows. What can't be read is kept in `unread`, in words."""

    def __init__(self, look: Look, identities: Identities) -> None:
        """Nothing is read yet."""
        self.unread: list[str] = []
        self.created: dict[tuple[str, str], str] = {}
        self._look = look
        self._identities = identities

    def principals(self, kind: str, name: str, account: str) -> Sequence[str]:
        """See `Account`. A path that can't be read is left open in the ARN."""
        if (kind, name) in self.created:
            return (self.created[kind, name],)
        try:
            found = self._identities.find(kind, name)
        except UnreadError:
            return (f"arn:aws:iam::{account}:{kind}/{_PATH}{name}",)
        return (found["Arn"],) if found else ()

    def boundary(self, kind: str, name: str, account: str) -> str:
        """See `Account`. One that can't be read stands there as a reply to come."""
        del account
        try:
            found = self._identities.find(kind, name)
        except UnreadError:
            return "<PermissionsBoundary>"
        return str(((found or {}).get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", ""))

    def key_of_alias(self, alias: str, account: str, region: str) -> str:
        """See `Account`."""
        arn = f"arn:aws:kms:{region}:{account}:{alias}"
        return str(
            self._ask(
                f"the key {alias}", Query("kms", "DescribeKey", {"KeyId": arn}, "KeyMetadata.KeyId", _GONE)
            )
            or ""
        )

    def key_of_ciphertext(self, ciphertext: object) -> str:
        """See `Account`; AWS tells it to nobody but who may decrypt."""
        del ciphertext
        self.unread.append("the key of the ciphertext")
        return ""

    def key_is_aws_managed(self, arn: str) -> bool:
        """See `Account`."""
        query = Query("kms", "DescribeKey", {"KeyId": arn}, "KeyMetadata.KeyManager", _GONE)
        return bool(self._ask(f"the key {arn}", query) == "AWS")

    def secret(self, given: str, account: str, region: str) -> str:
        """See `Account`."""
        del account, region
        query = Query("secretsmanager", "DescribeSecret", {"SecretId": given}, "ARN", _GONE)
        return str(self._ask(f"the secret {given}", query) or "")

    def key_of_secret(self, given: str, account: str, region: str) -> str:
        """See `Account`."""
        del account, region
        query = Query("secretsmanager", "DescribeSecret", {"SecretId": given}, "KmsKeyId", _GONE)
        return str(self._ask(f"the secret {given}", query) or "")

    def key_of_bucket(self, bucket: str) -> str:
        """See `Account`."""
        rule = "ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault"
        query = Query("s3", "GetBucketEncryption", {"Bucket": bucket}, f"{rule}.KMSMasterKeyID", _NO_DEFAULT)
        return str(self._ask(f"the encryption of bucket {bucket}", query) or "")

    def key_of_object(self, bucket: str, key: str) -> str:
        """See `Account`."""
        query = Query("s3", "HeadObject", {"Bucket": bucket, "Key": key}, "SSEKMSKeyId", _GONE)
        return str(self._ask(f"the encryption of {bucket}/{key}", query) or "")

    def key_of_upload(self, bucket: str, key: str, upload: str) -> str:
        """See `Account`; an upload is begun by the fault itself, so nobody can tell beforehand."""
        del key, upload
        self.unread.append(f"the key of the upload to {bucket}")
        return ""

    def key_of_resource(self, arn: str) -> str:
        """See `Account`."""
        _, _, service, _, account, name = arn.split(":", 5)
        match service:
            case "sqs":
                url = f"https://{arn.split(':')[2]}.{arn.split(':')[3]}.amazonaws.com/{account}/{name}"
                given = {"QueueUrl": url, "AttributeNames": ["KmsMasterKeyId"]}
                query = Query("sqs", "GetQueueAttributes", given, "Attributes.KmsMasterKeyId", _NO_QUEUE)
            case "sns":
                query = Query(
                    "sns", "GetTopicAttributes", {"TopicArn": arn}, "Attributes.KmsMasterKeyId", _GONE
                )
            case _:
                config = {"EndpointConfigName": name.rpartition("/")[2]}
                codes = (*_GONE, "ValidationException")
                query = Query("sagemaker", "DescribeEndpointConfig", config, "KmsKeyId", codes)
        return str(self._ask(f"the encryption of {arn}", query) or "")

    def vpcs(self, subnets: Sequence[str], account: str, region: str) -> Sequence[str]:
        """See `Account`."""
        del account, region
        query = Query("ec2", "DescribeSubnets", {"SubnetIds": list(subnets)}, "Subnets[].VpcId")
        return sorted(set(self._ask("the VPCs of the subnets", query) or ()))

    def _ask(self, what: str, query: Query) -> Any:
        try:
            return self._look.ask(what, query)
        except UnreadError as error:
            self.unread.append(str(error))
            return None
