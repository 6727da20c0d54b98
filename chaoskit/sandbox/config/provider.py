"""AWS Config's API: rules, what they say of resources, and the observer that has them evaluated."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.config.custom import OWNER, Custom, check_invocable, custom, invalid, touched
from chaoskit.sandbox.config.evaluation import Evaluator
from chaoskit.sandbox.config.managed import Managed
from chaoskit.sandbox.config.managed import rules as managed_rules
from chaoskit.sandbox.config.paging import page
from chaoskit.sandbox.config.recorder import Recorders
from chaoskit.sandbox.config.resources import resources
from chaoskit.sandbox.config.rule import Compliance, Region, Result, Rule, new_id
from chaoskit.sandbox.trail.names import data_resource_type, event_name
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.config.evaluation import PutEvent
    from chaoskit.sandbox.wire import Answer, ApiCall

_CAP = 25


class ConfigRules:
    """AWS Config (`wire.Provider`), and the observer (`wire.Observer`) of what it records."""

    service = "config"

    def __init__(self, cloud: Sandbox, put_event: PutEvent) -> None:
        self._cloud = cloud
        self._evaluator = Evaluator(cloud, put_event)
        self._recorders = Recorders(cloud, self._region)
        self._lock = threading.Lock()
        self._regions: dict[tuple[str, str], Region] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; aggregators, packs and the rest are moto's."""
        return {
            **self._recorders.operations,
            "PutConfigRule": self._put_rule,
            "DescribeConfigRules": self._describe_rules,
            "DeleteConfigRule": self._delete_rule,
            "PutEvaluations": self._put_evaluations,
            "StartConfigRulesEvaluation": self._start_evaluation,
            "DescribeConfigRuleEvaluationStatus": self._evaluation_status,
            "DescribeComplianceByConfigRule": self._compliance_by_rule,
            "GetComplianceDetailsByConfigRule": self._details_by_rule,
            "GetComplianceDetailsByResource": self._details_by_resource,
            "ListDiscoveredResources": self._discovered,
        }

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Have the rules evaluated that a change concerns, in every region of its account."""
        if not self._regions or answer.error is not None or _changes_nothing(call):
            return
        with self._lock:
            here = [region for place, region in self._regions.items() if place[0] == call.account]
        for region in here:
            for rule in list(region.rules.values()) if region.recording else ():
                if rule.source.on_change and call.service in rule.source.watches:
                    self._evaluator.order(region, rule, self._about(region, rule, call))

    def _about(self, region: Region, rule: Rule, call: ApiCall) -> set[tuple[str, str]]:
        """The resources of a custom rule that a call touched; a managed rule looks at all anyway."""
        if not isinstance(rule.source, Custom):
            return set()
        with self._cloud.lock:
            there = [one for kind in rule.source.resource_types for one in resources(region.place, kind)]
        return set(touched(call, there))

    def _region(self, call: ApiCall) -> Region:
        with self._lock:
            return self._regions.setdefault((call.account, call.region), Region((call.account, call.region)))

    def _rules(self, call: ApiCall, names: str = "ConfigRuleNames") -> list[Rule]:
        """The rules that a request names, or all."""
        region = self._region(call)
        return [self._rule(call, str(name)) for name in call.params.get(names) or sorted(region.rules)]

    def _rule(self, call: ApiCall, name: str) -> Rule:
        rule = self._region(call).rules.get(name)
        if rule is None:
            raise ApiError(
                "NoSuchConfigRuleException",
                f"The ConfigRule '{name}' provided in the request is invalid. Please check the configRule "
                "name",
            )
        return rule

    def _put_rule(self, call: ApiCall) -> Mapping[str, Any]:
        region, given = self._region(call), dict(call.params["ConfigRule"])
        if region.recorder is None:
            raise ApiError(
                "NoAvailableConfigurationRecorderException",
                "Configuration recorder is not available to put the rule: set up AWS Config first.",
            )
        source = _checked(given)
        known = self._known(region, given)
        identifier = known.given["ConfigRuleId"] if known else new_id()
        name = known.name if known else str(given.get("ConfigRuleName") or "")
        if not name:
            raise invalid("A new rule needs a ConfigRuleName.")
        account, home = region.place
        kept = {
            "ConfigRuleState": "ACTIVE",
            **given,
            "ConfigRuleName": name,
            "ConfigRuleId": identifier,
            "ConfigRuleArn": f"arn:aws:config:{home}:{account}:config-rule/{identifier}",
            "EvaluationModes": [{"Mode": "DETECTIVE"}],
        }
        if isinstance(source, Managed) and source.periodic:
            kept.setdefault("MaximumExecutionFrequency", "TwentyFour_Hours")
        rule = Rule(name, kept, source, known.made if known else self._cloud.now())
        rule.results = dict(known.results) if known else {}
        if isinstance(source, Custom):
            check_invocable(self._cloud, region, rule)
        region.rules[name] = rule
        self._evaluator.order(region, rule)
        if source.periodic:
            self._evaluator.repeat(region, rule)
        return {}

    def _put_evaluations(self, call: ApiCall) -> Mapping[str, Any]:
        """What a custom rule's function says, of the rule that the token was given for."""
        token, region = str(call.params.get("ResultToken") or ""), self._region(call)
        rule = next((rule for rule in region.rules.values() if token in rule.tokens), None)
        if rule is None:
            raise ApiError("InvalidResultTokenException", "The specified ResultToken is not valid.")
        said = [_evaluation(one, rule.tokens[token], call.at) for one in call.params.get("Evaluations") or []]
        if not call.params.get("TestMode"):
            self._evaluator.record(region, rule, said)
        return {"FailedEvaluations": []}

    def _known(self, region: Region, given: Mapping[str, Any]) -> Rule | None:
        """The rule that is put anew, by its name, id or ARN."""
        for rule in region.rules.values():
            for name in ("ConfigRuleName", "ConfigRuleId", "ConfigRuleArn"):
                if given.get(name) and given[name] == rule.given[name]:
                    return rule
        return None

    def _describe_rules(self, call: ApiCall) -> Mapping[str, Any]:
        found, more = page(self._rules(call), call.params, limit="Limit", token="NextToken")  # noqa: S106 - no secret
        return {"ConfigRules": [dict(rule.given) for rule in found], **more}

    def _delete_rule(self, call: ApiCall) -> Mapping[str, Any]:
        rule = self._rule(call, str(call.params["ConfigRuleName"]))
        del self._region(call).rules[rule.name]
        return {}

    def _start_evaluation(self, call: ApiCall) -> Mapping[str, Any]:
        for rule in self._rules(call):
            self._evaluator.order(self._region(call), rule)
        return {}

    def _evaluation_status(self, call: ApiCall) -> Mapping[str, Any]:
        found, more = page(self._rules(call), call.params, limit="Limit", token="NextToken")  # noqa: S106 - no secret
        return {"ConfigRulesEvaluationStatus": [_status(rule) for rule in found], **more}

    def _compliance_by_rule(self, call: ApiCall) -> Mapping[str, Any]:
        wanted = call.params.get("ComplianceTypes") or list(Compliance)
        said = [_compliance(rule) for rule in self._rules(call)]
        said = [one for one in said if one["Compliance"]["ComplianceType"] in wanted]
        found, more = page(said, call.params, limit="Limit", token="NextToken")  # noqa: S106 - no secret
        return {"ComplianceByConfigRules": found, **more}

    def _details_by_rule(self, call: ApiCall) -> Mapping[str, Any]:
        rule = self._rule(call, str(call.params["ConfigRuleName"]))
        wanted = call.params.get("ComplianceTypes") or list(Compliance)
        results = [one for _, one in sorted(rule.results.items()) if one.compliance in wanted]
        found, more = page(results, call.params, limit="Limit", token="NextToken")  # noqa: S106 - no secret
        return {"EvaluationResults": [one.answer(rule.name) for one in found], **more}

    def _details_by_resource(self, call: ApiCall) -> Mapping[str, Any]:
        key = str(call.params.get("ResourceType", "")), str(call.params.get("ResourceId", ""))
        wanted = call.params.get("ComplianceTypes") or list(Compliance)
        said = [
            rule.results[key].answer(rule.name)
            for rule in self._rules(call)
            if key in rule.results and rule.results[key].compliance in wanted
        ]
        return {"EvaluationResults": said}

    def _discovered(self, call: ApiCall) -> Mapping[str, Any]:
        kind, ids = str(call.params["resourceType"]), call.params.get("resourceIds") or []
        name = call.params.get("resourceName")
        with self._cloud.lock:
            there = resources(self._region(call).place, kind) if self._region(call).recording else []
        kept = [one for one in there if (not ids or one.id in ids) and name in (None, one.name)]
        found, more = page(kept, call.params, limit="limit", token="nextToken")  # noqa: S106 - no secret
        said = [{"resourceType": kind, "resourceId": one.id, "resourceName": one.name} for one in found]
        return {"resourceIdentifiers": said, **more}


def _changes_nothing(call: ApiCall) -> bool:
    """Whether a call leaves every configuration as it was: it reads, or it is about data."""
    if data_resource_type(call.service, call.operation):
        return True
    return event_name(call.service, call.operation).read_only


def _checked(given: Mapping[str, Any]) -> Managed | Custom:
    """The rule that a request asks for.

    Raises:
        ApiError: `InvalidParameterValueException`: there is no such rule, or it can't take what is given.
    """
    source = given.get("Source") or {}
    if (given.get("Scope") or {}).get("TagKey"):
        raise invalid("The embedded sandbox has no rules scoped by tag.")
    if source.get("Owner") == OWNER:
        _parameters(given)
        return custom(given)
    if source.get("Owner") != "AWS":
        raise invalid(f"The embedded sandbox has no custom policy rules: Source.Owner is AWS or {OWNER}.")
    identifier = str(source.get("SourceIdentifier") or "")
    managed = managed_rules().get(identifier)
    if managed is None:
        raise invalid(
            f"The sourceIdentifier {identifier} is invalid, or the embedded sandbox does not have that rule. "
            f"It has {', '.join(managed_rules())}."
        )
    if given.get("MaximumExecutionFrequency") and not managed.periodic:
        raise invalid(f"{identifier} is triggered by changes only: it takes no MaximumExecutionFrequency.")
    unknown = sorted(set(_parameters(given)) - managed.parameters)
    if unknown:
        raise invalid(f"Unknown parameters provided in the inputParameters: {', '.join(unknown)}.")
    return managed


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        parameters = json.loads(given.get("InputParameters") or "{}")
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise invalid("InputParameters is not a JSON object.")
    return parameters


def _evaluation(given: Mapping[str, Any], invoked: datetime, now: datetime) -> Result:
    """What a function says of one resource (AWS Config API Reference, Evaluation)."""
    said = str(given["ComplianceType"])
    if said not in set(Compliance) - {Compliance.INSUFFICIENT_DATA}:
        raise invalid(f"AWS Config does not accept the ComplianceType {said} from PutEvaluations.")
    return Result(
        str(given["ComplianceResourceType"]),
        str(given["ComplianceResourceId"]),
        Compliance(said),
        now,
        str(given.get("Annotation") or ""),
        invoked,
        _aware(given["OrderingTimestamp"]),
    )


def _aware(at: datetime | str | float) -> datetime:
    """A timestamp as botocore's parser or the wire has it."""
    if isinstance(at, datetime):
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at)


def _compliance(rule: Rule) -> dict[str, Any]:
    said: dict[str, Any] = {"ComplianceType": str(rule.compliance)}
    if rule.compliance is Compliance.NON_COMPLIANT:
        failing = sum(one.compliance is Compliance.NON_COMPLIANT for one in rule.results.values())
        count = {"CappedCount": min(failing, _CAP), "CapExceeded": failing > _CAP}
        said["ComplianceContributorCount"] = count
    return {"ConfigRuleName": rule.name, "Compliance": said}


def _status(rule: Rule) -> dict[str, Any]:
    said: dict[str, Any] = {
        "ConfigRuleName": rule.name,
        "ConfigRuleArn": rule.arn,
        "ConfigRuleId": rule.given["ConfigRuleId"],
        "FirstActivatedTime": rule.made,
        "FirstEvaluationStarted": rule.evaluated is not None,
    }
    if rule.failure:
        said |= {"LastErrorCode": rule.failure.partition(":")[0], "LastErrorMessage": rule.failure}
    if rule.evaluated is None:
        return said
    return {
        **said,
        "LastSuccessfulInvocationTime": rule.evaluated,
        "LastSuccessfulEvaluationTime": rule.evaluated,
    }
