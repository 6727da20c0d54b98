"""All that a call needs permission for: its own action, and what it does besides.

Passing a role to a service needs `iam:PassRole` (IAM User Guide, "Granting a user permissions to pass a
role").
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import jmespath

from chaoskit.permissions import actions
from chaoskit.permissions.besides import besides
from chaoskit.permissions.key_uses import key_uses
from chaoskit.permissions.requirement import Requirement
from chaoskit.permissions.resources import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.permissions.call import Account, Call


# (service, operation) -> where the role's ARN stands, and the service that gets it.
_PASSED: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("bedrock", "CreateEvaluationJob"): ("roleArn", "bedrock.amazonaws.com"),
        ("bedrock", "CreateModelCustomizationJob"): ("roleArn", "bedrock.amazonaws.com"),
        ("bedrock", "CreateModelInvocationJob"): ("roleArn", "bedrock.amazonaws.com"),
        ("bedrock", "PutModelInvocationLoggingConfiguration"): (
            "loggingConfig.cloudWatchConfig.roleArn",
            "bedrock.amazonaws.com",
        ),
        ("bedrock-agent", "CreateAgent"): ("agentResourceRoleArn", "bedrock.amazonaws.com"),
        ("bedrock-agent", "CreateKnowledgeBase"): ("roleArn", "bedrock.amazonaws.com"),
        ("cloudformation", "CreateChangeSet"): ("RoleARN", "cloudformation.amazonaws.com"),
        ("cloudformation", "CreateStack"): ("RoleARN", "cloudformation.amazonaws.com"),
        ("cloudformation", "DeleteStack"): ("RoleARN", "cloudformation.amazonaws.com"),
        ("cloudformation", "UpdateStack"): ("RoleARN", "cloudformation.amazonaws.com"),
        ("cloudtrail", "CreateTrail"): ("CloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),
        ("cloudtrail", "UpdateTrail"): ("CloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),
        ("codebuild", "CreateProject"): ("serviceRole", "codebuild.amazonaws.com"),
        ("codebuild", "UpdateProject"): ("serviceRole", "codebuild.amazonaws.com"),
        ("config", "PutConfigurationRecorder"): ("ConfigurationRecorder.roleARN", "config.amazonaws.com"),
        ("ec2", "CreateFlowLogs"): ("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
        ("ecs", "RegisterTaskDefinition"): ("[taskRoleArn, executionRoleArn]", "ecs-tasks.amazonaws.com"),
        ("events", "PutRule"): ("RoleArn", "events.amazonaws.com"),
        ("events", "PutTargets"): ("Targets[].RoleArn", "events.amazonaws.com"),
        ("glue", "CreateJob"): ("Role", "glue.amazonaws.com"),
        ("lambda", "CreateFunction"): ("Role", "lambda.amazonaws.com"),
        ("lambda", "UpdateFunctionConfiguration"): ("Role", "lambda.amazonaws.com"),
        ("logs", "PutDestination"): ("roleArn", "logs.amazonaws.com"),
        ("logs", "PutSubscriptionFilter"): ("roleArn", "logs.amazonaws.com"),
        ("pipes", "CreatePipe"): ("RoleArn", "pipes.amazonaws.com"),
        ("s3", "PutBucketReplication"): ("ReplicationConfiguration.Role", "s3.amazonaws.com"),
        ("sagemaker", "CreateAutoMLJob"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateAutoMLJobV2"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateCompilationJob"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateDataQualityJobDefinition"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateDomain"): ("DefaultUserSettings.ExecutionRole", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateFeatureGroup"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateHyperParameterTuningJob"): (
            "TrainingJobDefinition.RoleArn || TrainingJobDefinitions[].RoleArn",
            "sagemaker.amazonaws.com",
        ),
        ("sagemaker", "CreateLabelingJob"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateModel"): ("ExecutionRoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateNotebookInstance"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreatePipeline"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateProcessingJob"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateTrainingJob"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateUserProfile"): ("UserSettings.ExecutionRole", "sagemaker.amazonaws.com"),
        ("sagemaker", "UpdateNotebookInstance"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("sagemaker", "UpdatePipeline"): ("RoleArn", "sagemaker.amazonaws.com"),
        ("scheduler", "CreateSchedule"): ("Target.RoleArn", "scheduler.amazonaws.com"),
        ("scheduler", "UpdateSchedule"): ("Target.RoleArn", "scheduler.amazonaws.com"),
        ("ssm", "StartAutomationExecution"): ("Parameters.AutomationAssumeRole", "ssm.amazonaws.com"),
        ("stepfunctions", "CreateStateMachine"): ("roleArn", "states.amazonaws.com"),
        ("stepfunctions", "UpdateStateMachine"): ("roleArn", "states.amazonaws.com"),
    }
)

_BY_ITEM = frozenset({"TransactGetItems", "TransactWriteItems"})
_ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "ConditionCheck": "dynamodb:ConditionCheckItem",
        "Delete": "dynamodb:DeleteItem",
        "Get": "dynamodb:GetItem",
        "Put": "dynamodb:PutItem",
        "Update": "dynamodb:UpdateItem",
    }
)

# What creating a tagged resource needs besides (each service's "Tagging" documentation).
_TAGGING: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("events", "PutRule"): "events:TagResource",
        ("iam", "CreatePolicy"): "iam:TagPolicy",
        ("iam", "CreateRole"): "iam:TagRole",
        ("iam", "CreateUser"): "iam:TagUser",
        ("kms", "CreateKey"): "kms:TagResource",
        ("lambda", "CreateFunction"): "lambda:TagResource",
        ("logs", "CreateLogGroup"): "logs:TagResource",
        ("secretsmanager", "CreateSecret"): "secretsmanager:TagResource",
        ("sns", "CreateTopic"): "sns:TagResource",
        ("sqs", "CreateQueue"): "sqs:TagQueue",
        ("stepfunctions", "CreateStateMachine"): "states:TagResource",
    }
)


def requirements(call: Call, known: Account) -> Iterator[Requirement]:
    """What a call needs permission for, its own action first; nothing for a call that is open to all."""
    own = actions.action(call.service, call.operation, call.params, call.method)
    if not own:
        return
    if call.operation in _BY_ITEM:
        yield from _by_item(call)
        return
    owned = resources(call, own, known)
    for resource in owned:
        yield Requirement(own, resource)
    yield from besides(call, known)
    yield from _passed_roles(call)
    for use in key_uses(call, known):
        yield Requirement(use.action, use.key, use.keys, use.or_role)
    tagging = _TAGGING.get((call.service, call.operation), "")
    if call.service == "sagemaker" and call.operation.startswith("Create"):
        tagging = "sagemaker:AddTags"
    if tagging and (call.params.get("Tags") or call.params.get("tags")):
        yield Requirement(tagging, owned[0])


def _by_item(call: Call) -> Iterator[Requirement]:
    """A DynamoDB transaction: each of its items needs the action that would do it alone."""
    for item in call.params.get("TransactItems", ()):
        for kind, part in item.items():
            table = part["TableName"]
            home = f"arn:aws:dynamodb:{call.region}:{call.account}:table/"
            yield Requirement(_ITEMS[kind], table if table.startswith("arn:") else home + table)


def _passed_roles(call: Call) -> Iterator[Requirement]:
    where = _PASSED.get((call.service, call.operation))
    if where is None:
        return
    path, service = where
    found = jmespath.search(path, call.params)
    for role in found if isinstance(found, list) else [found]:
        if isinstance(role, str) and role:
            arn = role if role.startswith("arn:") else f"arn:aws:iam::{call.account}:role/{role}"
            yield Requirement("iam:PassRole", arn, {"iam:PassedToService": service})
