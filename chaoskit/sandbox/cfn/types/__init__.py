"""The resource types that the sandbox's CloudFormation knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types import audit, events, iam, kms, lambda_, organizations, s3, sagemaker, sqs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import ResourceType

TYPES: Mapping[str, ResourceType] = {
    kind.name: kind
    for kind in (
        audit.Alarm(),
        audit.LogGroup(),
        audit.Trail(),
        events.Rule(),
        iam.Role(),
        iam.User(),
        kms.Alias(),
        kms.Key(),
        lambda_.Function(),
        organizations.OrganizationalUnit(),
        organizations.Policy(),
        s3.Bucket(),
        s3.BucketPolicy(),
        sagemaker.Endpoint(),
        sagemaker.EndpointConfig(),
        sagemaker.Model(),
        sqs.Queue(),
        sqs.QueuePolicy(),
    )
}
