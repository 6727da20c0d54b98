"""A call as its permissions are derived from it, and what only the account it is made in can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Caller(Protocol):
    """Who makes a call."""

    @property
    def account(self) -> str:
        """The caller's account; empty for an anonymous one."""
        ...

    @property
    def user_name(self) -> str:
        """Set for IAM users."""
        ...

    @property
    def invoked_by(self) -> str:
        """The service that acts on the caller's behalf, e.g. `events.amazonaws.com`; mostly empty."""
        ...


class Call(Protocol):
    """One request to an AWS API: one that was sent, or one that is only planned."""

    @property
    def service(self) -> str:
        """The botocore service name."""
        ...

    @property
    def operation(self) -> str:
        """The botocore operation name."""
        ...

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters, spelled as botocore spells them."""
        ...

    @property
    def account(self) -> str:
        """The account that the call acts in."""
        ...

    @property
    def region(self) -> str:
        """The region it goes to."""
        ...

    @property
    def principal(self) -> Caller:
        """Who makes it."""
        ...

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def path(self) -> str:
        """The path of the URL, as sent."""
        ...

    @property
    def query(self) -> str:
        """The query string of the URL, as sent."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers, names in lower case."""
        ...


class Account(Protocol):
    """What a call does not say, and only the account knows."""

    def principals(self, kind: str, name: str, account: str) -> Sequence[str]:
        """The ARN, path included, of a `role`, `user` or `group`; nothing when there is none."""
        ...

    def boundary(self, kind: str, name: str, account: str) -> str:
        """The ARN of the permissions boundary of a `role` or `user`, or empty."""
        ...

    def key_of_alias(self, alias: str, account: str, region: str) -> str:
        """The id of the KMS key behind `alias/...`, or empty."""
        ...

    def key_of_ciphertext(self, ciphertext: object) -> str:
        """The id of the KMS key that a ciphertext was made with, or empty."""
        ...

    def key_is_aws_managed(self, arn: str) -> bool:
        """Whether AWS manages a KMS key, which then lets everyone in the account in."""
        ...

    def secret(self, given: str, account: str, region: str) -> str:
        """The full ARN of a secret that is given by name or partial ARN, or empty."""
        ...

    def key_of_secret(self, given: str, account: str, region: str) -> str:
        """The KMS key that encrypts a secret; empty for AWS's own."""
        ...

    def key_of_bucket(self, bucket: str) -> str:
        """The KMS key that new objects of a bucket are encrypted under by default; empty for S3's own."""
        ...

    def key_of_object(self, bucket: str, key: str) -> str:
        """The KMS key that a stored object is encrypted under; empty for S3's own."""
        ...

    def key_of_upload(self, bucket: str, key: str, upload: str) -> str:
        """The KMS key that the parts of a multipart upload are encrypted under; empty for S3's own."""
        ...

    def key_of_resource(self, arn: str) -> str:
        """The KMS key, as it is named there, of a queue, a topic or an endpoint configuration."""
        ...

    def key_of_grant(self, token: str) -> str:
        """The ARN of the KMS key that a grant with this token is for, or empty."""
        ...

    def vpcs(self, subnets: Sequence[str], account: str, region: str) -> Sequence[str]:
        """The VPCs of these subnets."""
        ...

    def organization_arns(self, ids: frozenset[str], account: str) -> Sequence[str]:
        """The ARNs of an organization's policies, units and accounts with these ids."""
        ...


class Unseen:
    """An account that can't be looked into."""

    def principals(self, kind: str, name: str, account: str) -> Sequence[str]:
        """See `Account`."""
        del kind, name, account
        return ()

    def boundary(self, kind: str, name: str, account: str) -> str:
        """See `Account`."""
        del kind, name, account
        return ""

    def key_of_alias(self, alias: str, account: str, region: str) -> str:
        """See `Account`."""
        del alias, account, region
        return ""

    def key_of_ciphertext(self, ciphertext: object) -> str:
        """See `Account`."""
        del ciphertext
        return ""

    def key_is_aws_managed(self, arn: str) -> bool:
        """See `Account`."""
        del arn
        return False

    def secret(self, given: str, account: str, region: str) -> str:
        """See `Account`."""
        del given, account, region
        return ""

    def key_of_secret(self, given: str, account: str, region: str) -> str:
        """See `Account`."""
        del given, account, region
        return ""

    def key_of_bucket(self, bucket: str) -> str:
        """See `Account`."""
        del bucket
        return ""

    def key_of_object(self, bucket: str, key: str) -> str:
        """See `Account`."""
        del bucket, key
        return ""

    def key_of_upload(self, bucket: str, key: str, upload: str) -> str:
        """See `Account`."""
        del bucket, key, upload
        return ""

    def key_of_resource(self, arn: str) -> str:
        """See `Account`."""
        del arn
        return ""

    def key_of_grant(self, token: str) -> str:
        """See `Account`."""
        del token
        return ""

    def vpcs(self, subnets: Sequence[str], account: str, region: str) -> Sequence[str]:
        """See `Account`."""
        del subnets, account, region
        return ()

    def organization_arns(self, ids: frozenset[str], account: str) -> Sequence[str]:
        """See `Account`."""
        del ids, account
        return ()
