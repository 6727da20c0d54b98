"""The services that the sandbox answers itself, wired to the gateway and to each other."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from chaoskit.sandbox.buckets import Buckets
from chaoskit.sandbox.events import EventBus
from chaoskit.sandbox.insights_provider import LogQueries
from chaoskit.sandbox.keys import KeyStates
from chaoskit.sandbox.metrics import Alarms, CloudWatch, LogFilters, LogSearch
from chaoskit.sandbox.runtime import SageMakerRuntime
from chaoskit.sandbox.safety_lever import SafetyLevers
from chaoskit.sandbox.scheduler import Schedules
from chaoskit.sandbox.security_tokens import SecurityTokens
from chaoskit.sandbox.simulation import PolicySimulator
from chaoskit.sandbox.trail import AuditTrail
from chaoskit.sandbox.user_boundaries import UserBoundaries

if TYPE_CHECKING:
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.gateway import Gateway
    from chaoskit.sandbox.wire import Cloud, Provider

# Imported when first called: each pulls in a part of moto that takes most of a second.
_LATER = {
    "cloudformation": ("chaoskit.sandbox.cfn", "CloudFormation"),
    "lambda": ("chaoskit.sandbox.functions.provider", "Functions"),
    "ssm": ("chaoskit.sandbox.automation.provider", "Automation"),
    "stepfunctions": ("chaoskit.sandbox.step_functions.provider", "StepFunctions"),
}


def install(gateway: Gateway, cloud: Sandbox) -> AuditTrail:
    """Put every native service behind the gateway. The trail feeds EventBridge, and is returned."""
    trail, bus = AuditTrail(cloud), EventBus(cloud)
    trail.subscribe(bus.cloudtrail_event)
    cloudwatch = CloudWatch(cloud, Alarms(cloud, bus.put))
    filters = LogFilters(cloud, cloudwatch)
    for provider in (
        trail,
        bus,
        cloudwatch,
        filters,
        LogSearch(cloud),
        LogQueries(cloud),
        SageMakerRuntime(cloud),
        SecurityTokens(cloud),
        Buckets(cloud),
        UserBoundaries(cloud),
        PolicySimulator(cloud),
        KeyStates(cloud),
        SafetyLevers(cloud),
    ):
        gateway.add_provider(provider)
    for service, (module, name) in _LATER.items():
        gateway.add_later(service, partial(_make, module, name, cloud))
    gateway.add_observers([trail, filters, Schedules(cloud)])
    return trail


def _make(module: str, name: str, cloud: Cloud) -> Provider:
    return cast("Provider", getattr(import_module(module), name)(cloud))
