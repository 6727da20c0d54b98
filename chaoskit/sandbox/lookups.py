"""What `chaoskit.permissions` asks about an account, answered from moto's state. Hold moto's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.sealed import stored_key
from chaoskit.sandbox.state import backend, backends, organization_of
from chaoskit.sandbox.state import bucket as moto_bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

_STORES = {"role": "roles", "user": "users", "group": "groups"}


class MotoAccount:
    """`chaoskit.permissions.Account` of every account in the sandbox."""

    def principals(self, kind: str, name: str, account: str) -> Sequence[str]:
        """The ARN of a role, user or group."""
        held = backend("iam", account)
        known = getattr(held, _STORES[kind]).values() if held is not None else ()
        return [str(each.arn) for each in known if each.name == name][:1]

    def boundary(self, kind: str, name: str, account: str) -> str:
        """The boundary of a role or user; moto has none for users, `UserBoundaries` puts it there."""
        held = backend("iam", account)
        known = getattr(held, _STORES[kind]).values() if held is not None else ()
        found = next((each for each in known if each.name == name), None)
        if kind == "user":
            return str(getattr(found, "permissions_boundary", {}).get("PermissionsBoundaryArn", ""))
        return str(getattr(found, "permissions_boundary_arn", None) or "")

    def key_of_alias(self, alias: str, account: str, region: str) -> str:
        """The id of the key behind an alias."""
        held = backend("kms", account, region)
        stored = held.keys.values() if held is not None else ()
        return next((str(key.id) for key in stored if alias in key.aliases), "")

    def key_of_ciphertext(self, ciphertext: object) -> str:
        """The key of a ciphertext: moto's begins with the id of its key."""
        return ciphertext[:36].decode("ascii", "replace") if isinstance(ciphertext, bytes) else ""

    def key_is_aws_managed(self, arn: str) -> bool:
        """Whether AWS manages a key; one that is not there would be made by AWS."""
        key = stored_key(arn)
        return key is None or getattr(key, "key_manager", "CUSTOMER") == "AWS"

    def secret(self, given: str, account: str, region: str) -> str:
        """The ARN of a secret."""
        found = _secret(given, account, region)
        return str(found.arn) if found is not None else ""

    def key_of_secret(self, given: str, account: str, region: str) -> str:
        """The key that encrypts a secret."""
        return str(getattr(_secret(given, account, region), "kms_key_id", None) or "")

    def key_of_bucket(self, bucket: str) -> str:
        """The key that a bucket's new objects are encrypted under by default."""
        _, found = moto_bucket(bucket)
        if found is None or not found.encryption:
            return ""
        rule = found.encryption.get("Rule", {})
        default = (rule[0] if isinstance(rule, list) else rule).get("ApplyServerSideEncryptionByDefault", {})
        return str(default.get("KMSMasterKeyID") or "") if default.get("SSEAlgorithm") != "AES256" else ""

    def key_of_object(self, bucket: str, key: str) -> str:
        """The key that an object is encrypted under."""
        _, found = moto_bucket(bucket)
        stored = found.keys.get(key) if found is not None else None
        return getattr(stored, "kms_key_id", None) or ""

    def key_of_upload(self, bucket: str, key: str, upload: str) -> str:
        """The key of a multipart upload: its own, else the bucket's."""
        del key
        _, found = moto_bucket(bucket)
        begun = found.multiparts.get(upload) if found is not None else None
        if begun is None:
            return ""
        if begun.sse_encryption and not begun.sse_encryption.startswith("aws:kms"):
            return ""
        return begun.kms_key_id or ("" if begun.sse_encryption else self.key_of_bucket(bucket))

    def key_of_resource(self, arn: str) -> str:
        """The key of a queue, a topic or an endpoint configuration."""
        _, _, service, region, account, name = arn.split(":", 5)
        held = backend(service, account, region)
        if held is None:
            return ""
        match service:
            case "sqs":
                return str(getattr(held.queues.get(name), "kms_master_key_id", None) or "")
            case "sns":
                return str(getattr(held.topics.get(arn), "kms_master_key_id", None) or "")
        wanted = name.partition("/")[2]
        found = next((v for k, v in held.endpoint_configs.items() if k.lower() == wanted), None)
        return str(getattr(found, "kms_key_id", None) or "")

    def key_of_grant(self, token: str) -> str:
        """The key of a grant, in whichever account it is."""
        stored = (
            key
            for regions in backends("kms").values()
            for held in regions.values()
            for key in held.keys.values()
        )
        return next((str(k.arn) for k in stored for g in k.grants.values() if g.token == token), "")

    def vpcs(self, subnets: Sequence[str], account: str, region: str) -> Sequence[str]:
        """The VPCs of subnets."""
        known = backends("ec2")[account][region].subnets
        return sorted(
            {zone[subnet].vpc_id for zone in known.values() for subnet in subnets if subnet in zone}
        )

    def organization_arns(self, ids: frozenset[str], account: str) -> Sequence[str]:
        """The ARNs of policies, units and accounts."""
        organization = organization_of(account)
        if organization is None:
            return ()
        held = [*organization.policies, *organization.ou, *organization.accounts]
        return [each.arn for each in held if each.id in ids]


def _secret(given: str, account: str, region: str) -> Any:
    held = backend("secretsmanager", account, region)
    return held.secrets.get(given) if held is not None else None
