"""Deploys the reference workload by boto3, the same way on AWS and on the embedded sandbox.

In the sandbox account `chaoskit-pipeline`, `chaoskit-workload` and a stack for each layer of defence, in the
organization's management account `chaoskit-organization`. A stack's parameter that is named like an output
of an earlier stack takes its value. An output `TrainingRole` of a workload's stack is
`${workload.training_role}` in an experiment: words of the output's name, in lower case, joined by `_`.
Names (roles, users, buckets, functions) are the plain output, ARNs are in `..._arn`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import zipfile
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError

from chaoskit.sandbox import canaries, overlays
from chaoskit.sandbox.deployment import TAGS, DeploymentError, Pace, bring, describe, outputs_of, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Connect = Callable[[str], Any]

__all__ = ["DeploymentError", "Pace", "deploy", "destroy", "outputs", "register_runbook"]

PIPELINE = "chaoskit-pipeline"
WORKLOAD = "chaoskit-workload"
ORGANIZATION = "chaoskit-organization"
LAYERS = ("network", "identity", "data", "application", "audit")
"""In the order of deployment: each has a stack `chaoskit-workload-<layer>`, if it has a template."""

_TEMPLATES = resources.files("chaoskit.sandbox") / "templates"


def deploy(
    member: Connect,
    management: Connect | None,
    runbooks: Path,
    *,
    parameters: Mapping[str, str] | None = None,
    pace: Pace | None = None,
    profile: str | None = None,
) -> dict[str, str]:
    """Bring the account to the templates, whatever of them is there already; the workload's outputs.

    Args:
        member: A boto3 client of the sandbox account by service name, with administrator rights.
        management: The same of the management account; None leaves the organization's guardrails alone.
        runbooks: The folder of the `*.yaml` Automation documents.
        parameters: Template parameters, e.g. CorporateCidr; each stack takes those that it knows.
        pace: How to wait; for AWS by default.
        profile: A well-known anti-pattern to deploy with it, see `chaoskit.sandbox.overlays`.

    Raises:
        DeploymentError: A stack failed, the account is not in an OU that may be guarded, or there is no such
            profile.
    """
    member = cache(member)  # a client takes longer to make than to use
    given, pace = dict(parameters or {}), pace or Pace()
    changes = overlays.read(profile) if profile else {}
    cloudformation, ssm = member("cloudformation"), member("ssm")
    pipeline = bring(cloudformation, PIPELINE, _body("pipeline.yaml"), given, pace)
    given |= canaries.digests()
    given |= {
        "ArtifactBucket": pipeline["ArtifactBucket"],
        "ModelKey": _publish_model(member("s3"), pipeline["ArtifactBucket"]),
        **_publish_functions(member("s3"), pipeline["ArtifactBucket"]),
    }
    for path in sorted(runbooks.glob("*.yaml")):
        register_runbook(ssm, path)
    role = pipeline["DeployRoleArn"]
    made: dict[str, str] = {}
    for name, file in _stacks():
        template = _published(member("s3"), pipeline["ArtifactBucket"], file, changes.get(file))
        made |= bring(cloudformation, name, template, given | made, pace, role_arn=role)
    canaries.publish(member("s3"), made)
    _log_invocations(member("bedrock"), made)
    canaries.snapshot(member("ec2"))
    if management is not None:
        given["SandboxAccount"] = _account(member)
        given["SandboxOu"] = _sandbox_ou(management("organizations"), given["SandboxAccount"])
        bring(management("cloudformation"), ORGANIZATION, _body("organization.yaml"), given | made, pace)
    return _named(made)


def outputs(member: Connect) -> dict[str, str]:
    """What `${workload.*}` stands for; DeploymentError when the workload is not deployed."""
    made: dict[str, str] = {}
    for name, _ in _stacks():
        stack = describe(member("cloudformation"), name)
        if stack is None:
            raise DeploymentError(
                f"the stack {name} does not exist in this account: deploy the workload first"
            )
        made |= outputs_of(stack)
    return _named(made)


def destroy(member: Connect, management: Connect | None, runbooks: Path, *, pace: Pace | None = None) -> None:
    """Remove the guardrails, the workload with all data in its buckets, the runbooks and the pipeline.

    With `management` None the guardrails stay, and they let only `OrganizationAccountAccessRole` delete
    the pipeline's deploy role.

    Raises:
        DeploymentError: Something could not be deleted.
    """
    pace = pace or Pace()
    if management is not None:
        remove(management("cloudformation"), ORGANIZATION, pace)
    canaries.discard(member("ec2"))
    for name in (*reversed([name for name, _ in _stacks()]), PIPELINE):
        _remove_with_data(member, name, pace)
    ssm = member("ssm")
    for path in runbooks.glob("*.yaml"):
        try:
            ssm.delete_document(Name=path.stem)
        except ClientError as error:
            if _code(error) != "InvalidDocument":
                raise


def register_runbook(ssm: Any, path: Path) -> None:
    """Make the Automation document named like the file say what the file says, as its default version."""
    content = {"Name": path.stem, "Content": path.read_text(encoding="utf-8"), "DocumentFormat": "YAML"}
    try:
        ssm.create_document(**content, DocumentType="Automation", Tags=list(TAGS))
    except ClientError as error:
        if _code(error) != "DocumentAlreadyExists":
            raise
    else:
        return
    try:
        updated = ssm.update_document(**content, DocumentVersion="$LATEST")["DocumentDescription"]
        version = updated["DocumentVersion"]
    except ClientError as error:
        if _code(error) != "DuplicateDocumentContent":
            raise
        version = _version_that_says(ssm, path.stem, yaml.safe_load(content["Content"]))
    if ssm.describe_document(Name=path.stem)["Document"]["DefaultVersion"] != version:
        ssm.update_document_default_version(Name=path.stem, DocumentVersion=version)


def _version_that_says(ssm: Any, name: str, content: Mapping[str, Any]) -> str:
    """The newest version of a document with this content; one must exist."""
    latest = int(ssm.describe_document(Name=name)["Document"]["LatestVersion"])
    for version in map(str, range(latest, 0, -1)):
        try:
            found = ssm.get_document(Name=name, DocumentVersion=version, DocumentFormat="JSON")
        except ClientError as error:
            if _code(error) != "InvalidDocumentVersion":
                raise
            continue
        if json.loads(found["Content"]) == content:
            return version
    raise DeploymentError(f"the document {name} belongs to someone else: delete or rename it")


def _stacks() -> list[tuple[str, str]]:
    """The workload's stacks and their templates' files, in the order of deployment."""
    layers = [layer for layer in LAYERS if (_TEMPLATES / f"workload-{layer}.yaml").is_file()]
    names = [WORKLOAD.removeprefix("chaoskit-"), *(f"workload-{layer}" for layer in layers)]
    return [(f"chaoskit-{name}", f"{name}.yaml") for name in names]


def _body(file: str) -> dict[str, str]:
    return {"TemplateBody": (_TEMPLATES / file).read_text(encoding="utf-8")}


def _published(s3: Any, bucket: str, file: str, changes: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The template in the pipeline's bucket: a body may have 51,200 bytes only (CloudFormation quotas)."""
    content = (_TEMPLATES / file).read_bytes()
    if changes:
        content = overlays.applied(content.decode(), changes).encode()
    key = _publish(s3, bucket, f"templates/{hashlib.sha256(content).hexdigest()[:16]}/{file}", content)
    return {"TemplateURL": f"https://{bucket}.s3.amazonaws.com/{key}"}


def _log_invocations(bedrock: Any, made: Mapping[str, str]) -> None:
    """Let Bedrock log what foundation models are asked; CloudFormation has no resource for it."""
    wanted = {
        "cloudWatchConfig": {
            "logGroupName": made["InvocationLogGroup"],
            "roleArn": made["InvocationLogRoleArn"],
        },
        "textDataDeliveryEnabled": True,
        "imageDataDeliveryEnabled": False,
        "embeddingDataDeliveryEnabled": False,
    }
    found = bedrock.get_model_invocation_logging_configuration().get("loggingConfig") or {}
    if any(found.get(name) != value for name, value in wanted.items()):
        bedrock.put_model_invocation_logging_configuration(loggingConfig=wanted)


def _publish_model(s3: Any, bucket: str) -> str:
    """Put the approved model into the pipeline's bucket, under a key that names its content."""
    archive = _model_archive()
    return _publish(s3, bucket, f"models/{hashlib.sha256(archive).hexdigest()[:16]}/model.tar.gz", archive)


def _publish_functions(s3: Any, bucket: str) -> dict[str, str]:
    """Put the functions' code into the pipeline's bucket; its keys by parameter (`PredictCodeKey`)."""
    keys = {}
    for source in (_TEMPLATES / "functions").iterdir():
        if not source.name.endswith(".py"):
            continue  # an installation keeps their bytecode beside them
        archive, name = _function_archive(source.name, source.read_bytes()), source.name.removesuffix(".py")
        key = f"functions/{hashlib.sha256(archive).hexdigest()[:16]}/{name}.zip"
        keys[f"{name.title()}CodeKey"] = _publish(s3, bucket, key, archive)
    return keys


def _publish(s3: Any, bucket: str, key: str, content: bytes) -> str:
    """Put an object that is not there yet, with the checksum by which its users can be held to it."""
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _code(error) not in ("404", "NoSuchKey", "NotFound"):
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256")
    return key


def _function_archive(name: str, code: bytes) -> bytes:
    """A function's zip, the same bytes for the same code."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, code)
    return out.getvalue()


def _model_archive() -> bytes:
    """`model.tar.gz` as SageMaker's containers expect it, the same bytes for the same code."""
    code = (_TEMPLATES / "model" / "inference.py").read_bytes()
    entry = tarfile.TarInfo("code/inference.py")
    entry.size = len(code)
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        archive.addfile(entry, io.BytesIO(code))
    return out.getvalue()


def _account(member: Connect) -> str:
    account: str = member("sts").get_caller_identity()["Account"]
    return account


def _sandbox_ou(organizations: Any, account: str) -> str:
    """The OU that holds the account. Never the root: the guardrails must not reach other accounts."""
    parent = organizations.list_parents(ChildId=account)["Parents"][0]
    if parent["Type"] != "ORGANIZATIONAL_UNIT":
        raise DeploymentError(
            f"the account {account} is directly under the organization's root: "
            "move it into an OU of its own, so that the guardrails reach no other account"
        )
    ou: str = parent["Id"]
    return ou


def _buckets(cloudformation: Any, name: str) -> Iterator[str]:
    if describe(cloudformation, name) is None:
        return
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::S3::Bucket" and "PhysicalResourceId" in resource:
                yield resource["PhysicalResourceId"]


def _remove_with_data(member: Connect, name: str, pace: Pace) -> None:
    """Remove a stack and all data in its buckets: twice if need be, as its trail writes until it is gone."""
    cloudformation = member("cloudformation")
    for last in (False, True):
        buckets = list(_buckets(cloudformation, name))
        for bucket in buckets:
            _empty(member("s3"), bucket)
        try:
            remove(cloudformation, name, pace)
        except DeploymentError:
            if last or not buckets:
                raise
        else:
            return


def _empty(s3: Any, bucket: str) -> None:
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            doomed = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            if doomed:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
    except ClientError as error:
        if _code(error) != "NoSuchBucket":
            raise


def _named(made: Mapping[str, str]) -> dict[str, str]:
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower(): value for key, value in made.items()}


def _code(error: ClientError) -> str:
    code: str = error.response["Error"]["Code"]
    return code
