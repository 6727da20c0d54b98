"""The services that the sandbox answers itself, wired to the gateway and to each other."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from chaoskit.sandbox import bedrock
from chaoskit.sandbox.access_analyzer import AccessAnalyzer
from chaoskit.sandbox.bucket_events import BucketEvents
from chaoskit.sandbox.buckets import Buckets
from chaoskit.sandbox.config import ConfigRules
from chaoskit.sandbox.events import EventBus
from chaoskit.sandbox.federation import Federation
from chaoskit.sandbox.guardduty import GuardDuty
from chaoskit.sandbox.insights_provider import LogQueries
from chaoskit.sandbox.keys import KeyStates
from chaoskit.sandbox.mail import Sending, SendingV2
from chaoskit.sandbox.managed_instances import ManagedInstances
from chaoskit.sandbox.membership import Membership
from chaoskit.sandbox.metrics import Alarms, CloudWatch, LogFilters, LogSearch, LogWrites
from chaoskit.sandbox.model_groups import ModelGroupPolicies
from chaoskit.sandbox.notebooks import Notebooks
from chaoskit.sandbox.query_logs import QueryLogs
from chaoskit.sandbox.roles_anywhere import RolesAnywhere
from chaoskit.sandbox.rotation import Rotation
from chaoskit.sandbox.runtime import SageMakerRuntime
from chaoskit.sandbox.safety_lever import SafetyLevers
from chaoskit.sandbox.sagemaker_changes import SageMakerChanges
from chaoskit.sandbox.scheduler import Schedules
from chaoskit.sandbox.security_hub import SecurityHub
from chaoskit.sandbox.security_tokens import SecurityTokens
from chaoskit.sandbox.service_credentials import ServiceCredentials
from chaoskit.sandbox.shell_sessions import SerialConsole, SerialConsoleKeys, ShellSessions
from chaoskit.sandbox.simulation import PolicySimulator
from chaoskit.sandbox.topics import Topics
from chaoskit.sandbox.trail import AuditTrail
from chaoskit.sandbox.user_boundaries import UserBoundaries

if TYPE_CHECKING:
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.gateway import Gateway
    from chaoskit.sandbox.wire import Cloud, Provider

# Imported when first called: each pulls in a part of moto that takes most of a second.
_LATER = {
    "apigateway": ("chaoskit.sandbox.api_methods", "ApiMethods"),
    "cloudformation": ("chaoskit.sandbox.cfn", "CloudFormation"),
    "lambda": ("chaoskit.sandbox.functions.provider", "Functions"),
    "ssm": ("chaoskit.sandbox.automation.provider", "Automation"),
    "stepfunctions": ("chaoskit.sandbox.step_functions.provider", "StepFunctions"),
    "wafv2": ("chaoskit.sandbox.web_acls", "WebAcls"),
}


def install(gateway: Gateway, cloud: Sandbox) -> AuditTrail:
    """Put every native service behind the gateway. The trail feeds EventBridge, and is returned."""
    trail, bus = AuditTrail(cloud), EventBus(cloud)
    trail.subscribe(bus.cloudtrail_event)
    cloudwatch = CloudWatch(cloud, Alarms(cloud, bus.put))
    filters = LogFilters(cloud, cloudwatch)
    notices = BucketEvents(cloud, bus.put)
    guardduty, hub = GuardDuty(cloud, bus.put), SecurityHub(cloud, bus.put)
    config, analyzers = ConfigRules(cloud, bus.put), AccessAnalyzer(cloud, bus.put)
    console, sending = SerialConsole(), Sending()
    trail.watch(guardduty.watch)
    bus.listen(hub.hear)
    for provider in (
        guardduty,
        hub,
        config,
        analyzers,
        trail,
        bus,
        cloudwatch,
        filters,
        LogSearch(cloud),
        LogWrites(cloud),
        LogQueries(cloud),
        SageMakerRuntime(cloud, cloudwatch),
        SecurityTokens(cloud),
        Federation(cloud),
        ModelGroupPolicies(cloud),
        SageMakerChanges(cloud),
        Buckets(cloud),
        notices,
        ManagedInstances(),
        QueryLogs(cloud),
        UserBoundaries(cloud),
        ServiceCredentials(cloud),
        PolicySimulator(cloud),
        KeyStates(cloud),
        Rotation(cloud),
        SafetyLevers(cloud),
        RolesAnywhere(cloud),
        ShellSessions(cloud),
        console,
        SerialConsoleKeys(console),
        Notebooks(cloud),
        sending,
        SendingV2(sending),
        Membership(cloud),
    ):
        gateway.add_provider(provider)
    for answering in bedrock.providers(cloud, cloudwatch):
        gateway.add_provider(answering)
    for service, (module, name) in _LATER.items():
        gateway.add_later(service, partial(_make, module, name, cloud))
    gateway.add_observers([trail, filters, Schedules(cloud), Topics(cloud), notices, config, analyzers])
    return trail


def _make(module: str, name: str, cloud: Cloud) -> Provider:
    return cast("Provider", getattr(import_module(module), name)(cloud))
