"""Access Analyzer's API for external access, and the observer that has changes analyzed."""

from __future__ import annotations

import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.access_analyzer.analyzer import ACCOUNT, ORGANIZATION, Analyzer, ArchiveRule
from chaoskit.sandbox.access_analyzer.finding import ACTIVE, ARCHIVED, RESOLVED, matches
from chaoskit.sandbox.access_analyzer.resources import SERVICES
from chaoskit.sandbox.access_analyzer.zone import organization
from chaoskit.sandbox.config.paging import page
from chaoskit.sandbox.trail.names import data_resource_type, event_name
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.access_analyzer.finding import Finding
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import Answer, ApiCall

    PutEvent = Callable[[tuple[str, str, str], Mapping[str, Any]], None]
    Handler = Callable[[ApiCall], Mapping[str, Any]]


class AccessAnalyzer:
    """Access Analyzer (`wire.Provider`), and the observer (`wire.Observer`) of what it analyzes.

    Args:
        cloud: The sandbox.
        put_event: Puts an event on a bus, named by account, region and name.
    """

    service = "accessanalyzer"

    def __init__(self, cloud: Sandbox, put_event: PutEvent) -> None:
        self._cloud = cloud
        self._put_event = put_event
        self._lock = threading.Lock()
        self._analyzing = threading.RLock()
        self._analyzers: dict[str, Analyzer] = {}

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations answered here."""
        return {
            "CreateAnalyzer": self._create,
            "GetAnalyzer": lambda call: {"analyzer": self._named(call).answer()},
            "ListAnalyzers": self._list,
            "DeleteAnalyzer": self._delete,
            "ListFindings": partial(self._findings, version=1),
            "ListFindingsV2": partial(self._findings, version=2),
            "GetFinding": lambda call: {"finding": {**(one := self._finding(call)).about, **one.detail}},
            "GetFindingV2": self._finding_v2,
            "UpdateFindings": self._update_findings,
            "StartResourceScan": self._scan,
            "CreateArchiveRule": self._create_rule,
            "GetArchiveRule": lambda call: {"archiveRule": self._rule(call).answer()},
            "ListArchiveRules": self._list_rules,
            "DeleteArchiveRule": self._delete_rule,
            "ApplyArchiveRule": self._apply_rule,
        }

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Have every analyzer look again that a change can concern."""
        if not self._analyzers or answer.error is not None or call.service not in SERVICES:
            return
        service, operation = call.service, call.operation
        if data_resource_type(service, operation) or event_name(service, operation).read_only:
            return
        with self._lock:
            concerned = list(self._analyzers.values())
        for analyzer in concerned:
            if analyzer.type == ORGANIZATION or analyzer.account == call.account:
                self._order(analyzer)

    def _order(self, analyzer: Analyzer) -> None:
        """Analyze soon; what is ordered and has not begun is not ordered again."""
        with self._lock:
            if analyzer.pending:
                return
            analyzer.pending = True
        work = partial(self._analyze, analyzer)
        delay = self._cloud.profile.access_analyzer.time
        if delay:
            self._cloud.agenda.at(self._cloud.now() + delay, lambda _: self._cloud.spawn(work))
        else:
            self._cloud.spawn(work)

    def _analyze(self, analyzer: Analyzer) -> None:
        with self._lock:
            analyzer.pending = False
        with self._analyzing:
            if self._analyzers.get(analyzer.arn) is not analyzer:
                return
            with self._cloud.lock:
                # The time is taken with the state, so that a finding is never newer than what it rests on.
                changed = analyzer.analyze(self._cloud.now())
            self._tell(analyzer, changed)

    def _tell(self, analyzer: Analyzer, findings: list[Finding]) -> None:
        """Put "Access Analyzer Finding" events on the bus of the analyzer's account."""
        for finding in findings:
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Access Analyzer Finding",
                "source": "aws.access-analyzer",
                "account": analyzer.account,
                "time": self._cloud.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": analyzer.region,
                "resources": [analyzer.arn],
                "detail": finding.told(region=analyzer.region),
            }
            self._put_event((analyzer.account, analyzer.region, "default"), event)

    def _create(self, call: ApiCall) -> Mapping[str, Any]:
        name, kind = str(call.params["analyzerName"]), str(call.params["type"])
        if kind not in {ACCOUNT, ORGANIZATION}:
            raise ApiError(
                "ValidationException", f"The embedded sandbox analyzes external access only, not {kind}."
            )
        with self._cloud.lock:
            if kind == ORGANIZATION and organization(call.account) is None:
                raise ApiError(
                    "ValidationException",
                    "You must create an organization, and use its management account, to create an analyzer "
                    "with the organization as zone of trust.",
                )
        now = self._cloud.now()
        analyzer = Analyzer(name, kind, call.account, call.region, now, dict(call.params.get("tags") or {}))
        for rule in call.params.get("archiveRules") or []:
            analyzer.rules[rule["ruleName"]] = ArchiveRule(rule["ruleName"], rule["filter"], now, now)
        with self._lock:
            if analyzer.arn in self._analyzers:
                raise ApiError("ConflictException", f"An analyzer with name {name} already exists.", 409)
            self._analyzers[analyzer.arn] = analyzer
        self._order(analyzer)
        return {"arn": analyzer.arn}

    def _list(self, call: ApiCall) -> Mapping[str, Any]:
        with self._lock:
            here = [
                one
                for one in self._analyzers.values()
                if (one.account, one.region) == (call.account, call.region)
                and call.params.get("type") in (None, one.type)
            ]
        found, more = page(here, call.params, limit="maxResults", token="nextToken")  # noqa: S106 - no secret
        return {"analyzers": [one.answer() for one in found], **more}

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        arn = self._named(call).arn
        with self._lock:
            self._analyzers.pop(arn, None)
        return {}

    def _named(self, call: ApiCall) -> Analyzer:
        name = call.params["analyzerName"]
        return self._by_arn(f"arn:aws:access-analyzer:{call.region}:{call.account}:analyzer/{name}", call)

    def _by_arn(self, arn: str, call: ApiCall) -> Analyzer:
        with self._lock:
            analyzer = self._analyzers.get(arn)
        if analyzer is None or (analyzer.account, analyzer.region) != (call.account, call.region):
            raise _missing("Analyzer", arn)
        return analyzer

    def _asked(self, call: ApiCall) -> Analyzer:
        return self._by_arn(str(call.params["analyzerArn"]), call)

    def _findings(self, call: ApiCall, version: int) -> Mapping[str, Any]:
        criteria = call.params.get("filter") or {}
        with self._analyzing:
            all_ = sorted(self._asked(call).findings.values(), key=lambda one: one.updated, reverse=True)
            kept = [one for one in all_ if matches(one, criteria)]
            found, more = page(kept, call.params, limit="maxResults", token="nextToken")  # noqa: S106 - no secret
            return {"findings": [_summary(one, version) for one in found], **more}

    def _finding(self, call: ApiCall) -> Finding:
        wanted = str(call.params["id"])
        with self._analyzing:
            found = next((one for one in self._asked(call).findings.values() if one.id == wanted), None)
        if found is None:
            raise _missing("Finding", wanted)
        return found

    def _finding_v2(self, call: ApiCall) -> Mapping[str, Any]:
        finding = self._finding(call)
        details = [{"externalAccessDetails": finding.detail}]
        return {**finding.about, "findingType": "ExternalAccess", "findingDetails": details}

    def _update_findings(self, call: ApiCall) -> Mapping[str, Any]:
        status, ids = str(call.params["status"]), set(call.params.get("ids") or [])
        resource = call.params.get("resourceArn")
        if status not in {ACTIVE, ARCHIVED}:
            raise ApiError("ValidationException", f"A finding is set to ACTIVE or ARCHIVED, not to {status}.")
        with self._analyzing:
            analyzer = self._asked(call)
            kept = [one for one in analyzer.findings.values() if one.id in ids or one.resource == resource]
            self._set(analyzer, kept, status)
        return {}

    def _set(self, analyzer: Analyzer, findings: list[Finding], status: str) -> None:
        changed = [one for one in findings if one.status not in (RESOLVED, status)]
        for finding in changed:
            finding.status, finding.updated = status, self._cloud.now()
        self._tell(analyzer, changed)

    def _scan(self, call: ApiCall) -> Mapping[str, Any]:
        self._order(self._asked(call))
        return {}

    def _create_rule(self, call: ApiCall) -> Mapping[str, Any]:
        analyzer, name, now = self._named(call), str(call.params["ruleName"]), self._cloud.now()
        if name in analyzer.rules:
            raise ApiError("ConflictException", f"An archive rule with name {name} already exists.", 409)
        analyzer.rules[name] = ArchiveRule(name, call.params["filter"], now, now)
        return {}

    def _rule(self, call: ApiCall, analyzer: Analyzer | None = None) -> ArchiveRule:
        name = str(call.params["ruleName"])
        rule = (analyzer or self._named(call)).rules.get(name)
        if rule is None:
            raise _missing("ArchiveRule", name)
        return rule

    def _list_rules(self, call: ApiCall) -> Mapping[str, Any]:
        return {"archiveRules": [rule.answer() for rule in self._named(call).rules.values()]}

    def _delete_rule(self, call: ApiCall) -> Mapping[str, Any]:
        del self._named(call).rules[self._rule(call).name]
        return {}

    def _apply_rule(self, call: ApiCall) -> Mapping[str, Any]:
        with self._analyzing:
            analyzer = self._asked(call)
            rule = self._rule(call, analyzer)
            matching = [one for one in analyzer.findings.values() if matches(one, rule.filter)]
            self._set(analyzer, [one for one in matching if one.status == ACTIVE], ARCHIVED)
        return {}


def _summary(finding: Finding, version: int) -> dict[str, Any]:
    if version == 1:
        return {**finding.about, **finding.detail}
    return {**finding.about, "findingType": "ExternalAccess"}


def _missing(kind: str, name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{kind} {name} does not exist.", 404)
