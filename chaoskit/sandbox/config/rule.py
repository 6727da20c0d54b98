"""The nouns of AWS Config: a rule, what it said of a resource, and the region that holds both."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.config.custom import Custom
    from chaoskit.sandbox.config.managed import Managed
    from chaoskit.sandbox.config.recorder import Recorder

    Place = tuple[str, str]
    Key = tuple[str, str]

_ID = string.ascii_lowercase + string.digits


class Compliance(StrEnum):
    """`ComplianceType` (AWS Config API Reference, EvaluationResult and Compliance)."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Result:
    """What a rule said of one resource.

    Attributes:
        at: When it was recorded.
        invoked: When the rule was asked, if that was earlier.
        ordered: What the rule says to have looked at is of this time, if that was earlier.
    """

    resource_type: str
    resource_id: str
    compliance: Compliance
    at: datetime
    annotation: str = ""
    invoked: datetime | None = None
    ordered: datetime | None = None

    @property
    def key(self) -> Key:
        """What the result is about."""
        return self.resource_type, self.resource_id

    def answer(self, rule: str) -> dict[str, Any]:
        """As `GetComplianceDetailsByConfigRule` has it."""
        said: dict[str, Any] = {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": rule,
                    "ResourceType": self.resource_type,
                    "ResourceId": self.resource_id,
                    "EvaluationMode": "DETECTIVE",
                },
                "OrderingTimestamp": self.ordered or self.at,
            },
            "ComplianceType": str(self.compliance),
            "ResultRecordedTime": self.at,
            "ConfigRuleInvokedTime": self.invoked or self.at,
        }
        return {**said, "Annotation": self.annotation} if self.annotation else said

    def told(self, rule: str) -> dict[str, Any]:
        """As a compliance change event has it."""
        said: dict[str, Any] = {
            "evaluationResultIdentifier": {
                "evaluationResultQualifier": {
                    "configRuleName": rule,
                    "resourceType": self.resource_type,
                    "resourceId": self.resource_id,
                },
                "orderingTimestamp": moment(self.ordered or self.at),
            },
            "complianceType": str(self.compliance),
            "resultRecordedTime": moment(self.at),
            "configRuleInvokedTime": moment(self.invoked or self.at),
        }
        return {**said, "annotation": self.annotation} if self.annotation else said


@dataclass(slots=True)
class Rule:
    """A rule of an account's region.

    Attributes:
        given: `ConfigRule` as it was put, identifiers added.
        source: What it checks: a managed rule's own code, or a function of the account.
        results: What it said last, by resource.
        tokens: The result tokens that a custom rule's function was given, and when it was asked.
        pending: An evaluation has been ordered and has not begun.
        due: The resources that a custom rule is to be asked about.
        whole: It is to be asked about all of them.
        evaluated: When it was last evaluated.
        failure: Why a custom rule's function could not be asked last; empty when it could.
        made: When it was put first.
    """

    name: str
    given: Mapping[str, Any]
    source: Managed | Custom
    made: datetime
    results: dict[Key, Result] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)
    pending: bool = False
    due: set[Key] = field(default_factory=set)
    whole: bool = False
    evaluated: datetime | None = None
    failure: str = ""

    @property
    def arn(self) -> str:
        """The rule's ARN."""
        return str(self.given["ConfigRuleArn"])

    @property
    def parameters(self) -> Mapping[str, str]:
        """The rule's own parameters."""
        text = self.given.get("InputParameters") or "{}"
        return {str(name): str(value) for name, value in json.loads(text).items()}

    def in_scope(self, resource_type: str, resource_id: str) -> bool:
        """Whether the rule's scope, if it has one, takes in a resource."""
        scope = self.given.get("Scope") or {}
        types, wanted = scope.get("ComplianceResourceTypes") or [], scope.get("ComplianceResourceId")
        return (not types or resource_type in types) and (not wanted or resource_id == wanted)

    @property
    def compliance(self) -> Compliance:
        """Of the rule as a whole: one resource that fails makes it fail."""
        said = {result.compliance for result in self.results.values()}
        for worst in (Compliance.NON_COMPLIANT, Compliance.COMPLIANT):
            if worst in said:
                return worst
        return Compliance.INSUFFICIENT_DATA


@dataclass(slots=True)
class Region:
    """AWS Config in one region of an account."""

    place: Place
    recorder: Recorder | None = None
    channel: Mapping[str, Any] | None = None
    rules: dict[str, Rule] = field(default_factory=dict)

    @property
    def recording(self) -> bool:
        """Whether the recorder runs."""
        return self.recorder is not None and self.recorder.recording


def new_id() -> str:
    """`config-rule-` and six characters, as AWS Config names rules."""
    return "config-rule-" + "".join(secrets.choice(_ID) for _ in range(6))


def moment(at: datetime) -> str:
    """`2020-12-17T05:13:49.210Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
