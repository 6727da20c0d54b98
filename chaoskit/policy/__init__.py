"""The IAM decision point: may this principal perform this action on this resource, under these policies?

A pure library; README.md beside this file describes the data and has an example.
"""

from __future__ import annotations

from chaoskit.policy.compiled import Policy, PolicyCache, compile_policy
from chaoskit.policy.context import Request
from chaoskit.policy.decision import Decision, Effect
from chaoskit.policy.evaluate import decide
from chaoskit.policy.faults import Fault, MalformedPolicyDocument
from chaoskit.policy.kinds import Kind, Layer
from chaoskit.policy.layers import PolicySet
from chaoskit.policy.messages import Denial, denial_layer, denial_message, parse_denial
from chaoskit.policy.plain import evaluate

__all__ = [
    "Decision",
    "Denial",
    "Effect",
    "Fault",
    "Kind",
    "Layer",
    "MalformedPolicyDocument",
    "Policy",
    "PolicyCache",
    "PolicySet",
    "Request",
    "compile_policy",
    "decide",
    "denial_layer",
    "denial_message",
    "evaluate",
    "parse_denial",
]
