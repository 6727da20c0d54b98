"""AWS::S3: buckets and their policies."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class Bucket(ResourceType):
    """AWS::S3::Bucket: Ref is the name; Arn, DomainName, RegionalDomainName."""

    name = "AWS::S3::Bucket"
    properties = names(
        "BucketEncryption BucketName LifecycleConfiguration LoggingConfiguration OwnershipControls "
        "PublicAccessBlockConfiguration Tags VersioningConfiguration"
    )
    replaced_by = names("BucketName")

    def create(self, job: Job) -> Physical:
        # A generated bucket name is lower case and at most 63 characters (CloudFormation User Guide).
        name = job.properties.get("BucketName") or job.generated_name(63).lower()
        request: dict[str, Any] = {"Bucket": name}
        if job.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": job.region}
        if rules := job.properties.get("OwnershipControls", {}).get("Rules"):
            request["ObjectOwnership"] = rules[0]["ObjectOwnership"]
        job.client("s3").create_bucket(**request)
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{job.region}.amazonaws.com",
        }
        was = job.claim(Physical(name, attributes))
        self._configure(job, name)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        self._configure(job, was.id)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("s3").delete_bucket(Bucket=was.id)

    def _configure(self, job: Job, name: str) -> None:
        self._open_or_close(job, name)
        self._protect(job, name)
        self._log(job, name)
        if job.tags:
            job.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": job.tag_list()})

    def _open_or_close(self, job: Job, name: str) -> None:
        """Who may be let in: ownership, which decides whether ACLs count, and Block Public Access."""
        s3 = job.client("s3")
        if ownership := job.changed("OwnershipControls"):
            s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
        if block := job.changed("PublicAccessBlockConfiguration"):
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_switches(block))
        if job.removed("PublicAccessBlockConfiguration"):
            s3.delete_public_access_block(Bucket=name)

    def _log(self, job: Job, name: str) -> None:
        """Server access logging, off without the property."""
        if job.changed("LoggingConfiguration") or job.removed("LoggingConfiguration"):
            given = job.properties.get("LoggingConfiguration")
            enabled = given and {
                "TargetBucket": given.get("DestinationBucketName", name),
                "TargetPrefix": given.get("LogFilePrefix", ""),
            }
            status = {"LoggingEnabled": enabled} if enabled else {}
            job.client("s3").put_bucket_logging(Bucket=name, BucketLoggingStatus=status)

    def _protect(self, job: Job, name: str) -> None:
        """How the data is kept: encryption, versions, lifecycle."""
        s3 = job.client("s3")
        if encryption := job.changed("BucketEncryption"):
            rules = {"Rules": list(map(_encryption_rule, encryption["ServerSideEncryptionConfiguration"]))}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)
        if job.removed("BucketEncryption"):
            s3.delete_bucket_encryption(Bucket=name)
        if versioning := job.changed("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
        if job.removed("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
        if lifecycle := job.changed("LifecycleConfiguration"):
            rules = {"Rules": [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]}
            s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=rules)
        if job.removed("LifecycleConfiguration"):
            s3.delete_bucket_lifecycle(Bucket=name)


class BucketPolicy(ResourceType):
    """AWS::S3::BucketPolicy: Ref is the bucket's name."""

    name = "AWS::S3::BucketPolicy"
    properties = names("Bucket PolicyDocument")
    replaced_by = names("Bucket")

    def create(self, job: Job) -> Physical:
        bucket = job.properties["Bucket"]
        job.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(job.properties["PolicyDocument"]))
        return Physical(bucket, {"Id": bucket})

    def update(self, job: Job, was: Physical) -> Physical:
        del was
        return self.create(job)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("s3").delete_bucket_policy(Bucket=was.id)


def _switches(block: Mapping[str, Any]) -> dict[str, bool]:
    return {name: str(value).lower() == "true" for name, value in block.items()}


def _encryption_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
    if "BucketKeyEnabled" in rule:
        out["BucketKeyEnabled"] = str(rule["BucketKeyEnabled"]).lower() == "true"
    return out


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as the API spells it: `ExpirationInDays` and its like are structures there."""
    out: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        out["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        out["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            out[name] = {key: int(value) for key, value in rule[name].items()}
    return out
