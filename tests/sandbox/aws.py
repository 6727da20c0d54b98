"""boto3 against a served sandbox, and short ways to write the policies that tests need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.server import Served

ONCE = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"})
MEMBER = "444455556666"
MANAGEMENT = "111122223333"


class Aws:
    """boto3 against a served sandbox."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.url = served.url
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, who: str = "admin") -> Any:
        """A client of an administrator: `admin` of the member account, or `management`."""
        known = self._clients.get((service, who))
        if known is None:
            key = self.served.credentials[who]
            known = self.with_keys(service, key.access_key_id, key.secret_access_key)
            self._clients[service, who] = known
        return known

    def s3control(self) -> Any:
        """An S3 Control client of the member account; it would put the account before 127.0.0.1 itself."""
        key = self.served.credentials["admin"]
        client = self.with_keys("s3control", key.access_key_id, key.secret_access_key)

        def unprefixed(request: Any, **_: object) -> None:
            request.url = request.url.replace(f"{MEMBER}.", "", 1)

        client.meta.events.register("before-sign.s3-control", unprefixed)
        return client

    def with_keys(
        self, service: str, key: str, secret: str, token: str | None = None, config: Config = ONCE
    ) -> Any:
        """A client that signs with the given credentials."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=config,
        )

    def user(self, name: str, *statements: dict[str, Any], who: str = "admin") -> dict[str, str]:
        """Create an IAM user with one inline policy, and a key of it: `with_keys(service, **key)`."""
        iam = self.client("iam", who)
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}

    def role(self, name: str, trust: dict[str, Any], *statements: dict[str, Any]) -> str:
        """Create a role with this trust statement and one inline policy; its ARN."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return str(arn)


def policy(*statements: dict[str, Any]) -> str:
    """A policy document of these statements, as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement; `Condition`, `Principal` and `Sid` by name."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str, int]:
    """The code, message and HTTP status of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["Error"].get("Message", ""),
        response["ResponseMetadata"]["HTTPStatusCode"],
    )
