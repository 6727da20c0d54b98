"""AWS::Config: the recorder, its delivery channel, and rules."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job

_TRUE = "true"


class ConfigurationRecorder(ResourceType):
    """AWS::Config::ConfigurationRecorder: Ref is the name. It records once there is a delivery channel."""

    name = "AWS::Config::ConfigurationRecorder"
    properties = names("Name RecordingGroup RoleARN")
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        return self._put(job, job.properties.get("Name") or "default")

    def update(self, job: Job, was: Physical) -> Physical:
        return self._put(job, was.id)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("config").stop_configuration_recorder(ConfigurationRecorderName=was.id)
            job.client("config").delete_configuration_recorder(ConfigurationRecorderName=was.id)

    def _put(self, job: Job, name: str) -> Physical:
        recorder: dict[str, Any] = {"name": name, "roleARN": job.properties["RoleARN"]}
        if "RecordingGroup" in job.properties:
            recorder["recordingGroup"] = _lower(job.properties["RecordingGroup"])
        job.client("config").put_configuration_recorder(ConfigurationRecorder=recorder)
        return Physical(name)


class DeliveryChannel(ResourceType):
    """AWS::Config::DeliveryChannel: Ref is the name. CloudFormation starts the recorder with it."""

    name = "AWS::Config::DeliveryChannel"
    properties = names("Name S3BucketName S3KeyPrefix S3KmsKeyArn SnsTopicARN")
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        return self._put(job, job.properties.get("Name") or "default")

    def update(self, job: Job, was: Physical) -> Physical:
        return self._put(job, was.id)

    def delete(self, job: Job, was: Physical) -> None:
        config = job.client("config")
        for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
            config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        with gone_is_fine():
            config.delete_delivery_channel(DeliveryChannelName=was.id)

    def _put(self, job: Job, name: str) -> Physical:
        config = job.client("config")
        given = {one[0].lower() + one[1:]: value for one, value in job.properties.items() if one != "Name"}
        config.put_delivery_channel(DeliveryChannel={"name": name, **given})
        for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
            config.start_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        return Physical(name)


class ConfigRule(ResourceType):
    """AWS::Config::ConfigRule: Ref is the name; Arn, ConfigRuleId."""

    name = "AWS::Config::ConfigRule"
    properties = names("ConfigRuleName Description InputParameters MaximumExecutionFrequency Scope Source")
    replaced_by = names("ConfigRuleName")

    def create(self, job: Job) -> Physical:
        return self._put(job, job.properties.get("ConfigRuleName") or job.generated_name(128))

    def update(self, job: Job, was: Physical) -> Physical:
        return self._put(job, was.id)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("config").delete_config_rule(ConfigRuleName=was.id)

    def _put(self, job: Job, name: str) -> Physical:
        given = job.pick("Description", "MaximumExecutionFrequency", "Scope", "Source")
        parameters = job.properties.get("InputParameters")
        if parameters:
            given["InputParameters"] = parameters if isinstance(parameters, str) else json.dumps(parameters)
        config = job.client("config")
        config.put_config_rule(ConfigRule={"ConfigRuleName": name, **given})
        (rule,) = config.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
        return Physical(name, {"Arn": rule["ConfigRuleArn"], "ConfigRuleId": rule["ConfigRuleId"]})


def _lower(group: Mapping[str, Any]) -> dict[str, Any]:
    """A recording group as the API spells it; a template's booleans may be text."""
    told: dict[str, Any] = {}
    for name, value in group.items():
        key = name[0].lower() + name[1:]
        if isinstance(value, dict):
            told[key] = _lower(value)
        elif name in {"AllSupported", "IncludeGlobalResourceTypes"}:
            told[key] = str(value).lower() == _TRUE
        else:
            told[key] = value
    return told
