"""GuardDuty's API: detectors, findings, suppression rules, threat lists and trusted lists."""

from __future__ import annotations

import uuid
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty.criteria import check, selects
from chaoskit.sandbox.guardduty.detectors import FREQUENCIES, Detector, Filter, Issue
from chaoskit.sandbox.guardduty.findings import stamp
from chaoskit.sandbox.guardduty.list_api import Lists
from chaoskit.sandbox.guardduty.paging import MOST
from chaoskit.sandbox.guardduty.paging import bad_request as _bad
from chaoskit.sandbox.guardduty.paging import page as _page
from chaoskit.sandbox.guardduty.samples import sample, wanted
from chaoskit.sandbox.guardduty.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.guardduty.watch import Put
    from chaoskit.sandbox.wire import ApiCall

    Handler = Callable[[ApiCall], Mapping[str, Any]]


class GuardDuty:
    """Answers the API; `watch` is to be told of every recorded call."""

    service = "guardduty"

    def __init__(self, cloud: Sandbox, put: Put) -> None:
        self.watch = Watch(cloud, put)
        self._cloud = cloud
        self._threats = Lists(cloud, "ThreatIntelSet", 6, lambda call: self.detector(call).threats)
        self._trusted = Lists(cloud, "IPSet", 1, lambda call: self.detector(call).trusted)

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations answered here; none of the rest finds a detector that was made here."""
        return {
            "CreateDetector": self._create_detector,
            "GetDetector": self._get_detector,
            "ListDetectors": self._list_detectors,
            "UpdateDetector": self._update_detector,
            "DeleteDetector": self._delete_detector,
            "ListFindings": self._list_findings,
            "GetFindings": self._get_findings,
            "ArchiveFindings": lambda call: self._archive(call, archived=True),
            "UnarchiveFindings": lambda call: self._archive(call, archived=False),
            "CreateSampleFindings": self._create_samples,
            "CreateFilter": self._create_filter,
            "GetFilter": self._get_filter,
            "UpdateFilter": self._update_filter,
            "ListFilters": self._list_filters,
            "DeleteFilter": self._delete_filter,
            **self._threats.operations,
            **self._trusted.operations,
        }

    def detector(self, call: ApiCall) -> Detector:
        """The detector that a call names.

        Raises:
            ApiError: BadRequestException, as of any detector that is not the caller's.
        """
        found = self.watch.detectors.get(str(call.params["DetectorId"]))
        if found is None or (found.account, found.region) != (call.account, call.region):
            raise _bad("the input detectorId is not owned by the current account")
        return found

    def _create_detector(self, call: ApiCall) -> Mapping[str, Any]:
        here = (call.account, call.region)
        now = stamp(self._cloud.now())
        with self.watch.lock:
            if any((one.account, one.region) == here for one in self.watch.detectors.values()):
                raise _bad("a detector already exists for the current account")
            made = Detector(
                uuid.uuid4().hex,
                *here,
                enabled=bool(call.params["Enable"]),
                frequency=_frequency(call.params) or "SIX_HOURS",
                created=now,
                updated=now,
                tags=dict(call.params.get("Tags") or {}),
            )
            _protect(made, call.params)
            self.watch.detectors[made.id] = made
        return {"DetectorId": made.id}

    def _get_detector(self, call: ApiCall) -> Mapping[str, Any]:
        one = self.detector(call)
        status = "ENABLED" if one.enabled else "DISABLED"
        protection = "ENABLED" if one.s3_protection else "DISABLED"
        basics = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
        features = [*((name, status) for name in basics), ("S3_DATA_EVENTS", protection)]
        return {
            "CreatedAt": one.created,
            "FindingPublishingFrequency": one.frequency,
            "ServiceRole": f"arn:aws:iam::{one.account}:role/aws-service-role/guardduty.amazonaws.com/"
            "AWSServiceRoleForAmazonGuardDuty",
            "Status": status,
            "UpdatedAt": one.updated,
            "Tags": dict(one.tags),
            "Features": [{"Name": name, "Status": value} for name, value in features],
        }

    def _list_detectors(self, call: ApiCall) -> Mapping[str, Any]:
        here = (call.account, call.region)
        with self.watch.lock:
            ids = [one.id for one in self.watch.detectors.values() if (one.account, one.region) == here]
        return {"DetectorIds": ids}

    def _update_detector(self, call: ApiCall) -> Mapping[str, Any]:
        one, enable = self.detector(call), call.params.get("Enable")
        with self.watch.lock:
            one.enabled = one.enabled if enable is None else bool(enable)
            one.frequency = _frequency(call.params) or one.frequency
            _protect(one, call.params)
            one.updated = stamp(self._cloud.now())
        return {}

    def _delete_detector(self, call: ApiCall) -> Mapping[str, Any]:
        with self.watch.lock:
            del self.watch.detectors[self.detector(call).id]
        return {}

    def _list_findings(self, call: ApiCall) -> Mapping[str, Any]:
        one = self.detector(call)
        criteria = call.params.get("FindingCriteria") or {}
        check(criteria)
        sort = call.params.get("SortCriteria") or {}
        with self.watch.lock:
            found = [each.finding for each in one.issues.values() if selects(criteria, each.finding)]
        by = str(sort.get("AttributeName") or "updatedAt")
        by = {"severity": "Severity", "createdAt": "CreatedAt", "type": "Type"}.get(by, "UpdatedAt")
        found.sort(key=lambda finding: finding[by], reverse=sort.get("OrderBy") != "ASC")
        return _page(call, "FindingIds", [finding["Id"] for finding in found])

    def _get_findings(self, call: ApiCall) -> Mapping[str, Any]:
        one = self.detector(call)
        with self.watch.lock:
            found = [one.issues[each].finding for each in _ids(call) if each in one.issues]
            return {"Findings": deepcopy(found)}

    def _archive(self, call: ApiCall, *, archived: bool) -> Mapping[str, Any]:
        one = self.detector(call)
        with self.watch.lock:
            for each in _ids(call):
                if each not in one.issues:
                    raise _bad(f"the finding {each} does not exist")
                one.issues[each].finding["Service"]["Archived"] = archived
        return {}

    def _create_samples(self, call: ApiCall) -> Mapping[str, Any]:
        one = self.detector(call)
        made = [
            Issue(sample(each, one, self._cloud.now())) for each in wanted(call.params.get("FindingTypes"))
        ]
        for issue in made:
            with self.watch.lock:
                one.issues[issue.finding["Id"]] = issue
            self.watch.publish(one, issue)
        return {}

    def _create_filter(self, call: ApiCall) -> Mapping[str, Any]:
        one, given = self.detector(call), call.params
        criteria = given.get("FindingCriteria") or {}
        check(criteria)
        name = str(given["Name"])
        with self.watch.lock:
            if name in one.filters:
                raise _bad("a filter with the given name already exists")
            one.filters[name] = Filter(
                name,
                str(given.get("Action") or "NOOP"),
                int(given.get("Rank") or len(one.filters) + 1),
                str(given.get("Description") or ""),
                criteria,
                dict(given.get("Tags") or {}),
            )
        return {"Name": name}

    def _filter(self, call: ApiCall) -> Filter:
        found = self.detector(call).filters.get(str(call.params["FilterName"]))
        if found is None:
            raise _bad("the specified filter does not exist")
        return found

    def _get_filter(self, call: ApiCall) -> Mapping[str, Any]:
        found = self._filter(call)
        return {
            "Name": found.name,
            "Description": found.description,
            "Action": found.action,
            "Rank": found.rank,
            "FindingCriteria": found.criteria,
            "Tags": dict(found.tags),
        }

    def _update_filter(self, call: ApiCall) -> Mapping[str, Any]:
        found, given = self._filter(call), call.params
        check(given.get("FindingCriteria") or {})
        with self.watch.lock:
            found.action = str(given.get("Action") or found.action)
            found.rank = int(given.get("Rank") or found.rank)
            found.description = str(given.get("Description") or found.description)
            found.criteria = given.get("FindingCriteria") or found.criteria
        return {"Name": found.name}

    def _list_filters(self, call: ApiCall) -> Mapping[str, Any]:
        return _page(call, "FilterNames", list(self.detector(call).filters))

    def _delete_filter(self, call: ApiCall) -> Mapping[str, Any]:
        found = self._filter(call)
        with self.watch.lock:
            del self.detector(call).filters[found.name]
        return {}


def _frequency(params: Mapping[str, Any]) -> str:
    given = str(params.get("FindingPublishingFrequency") or "")
    if given and given not in FREQUENCIES:
        raise _bad(f"findingPublishingFrequency is one of {', '.join(FREQUENCIES)}")
    return given


def _protect(detector: Detector, params: Mapping[str, Any]) -> None:
    """Switch S3 Protection as the features, or the older data sources, of a request say."""
    sources = ((params.get("DataSources") or {}).get("S3Logs") or {}).get("Enable")
    if sources is not None:
        detector.s3_protection = bool(sources)
    for feature in params.get("Features") or ():
        if feature.get("Name") == "S3_DATA_EVENTS":
            detector.s3_protection = feature.get("Status") == "ENABLED"


def _ids(call: ApiCall) -> list[str]:
    ids = [str(each) for each in call.params.get("FindingIds") or ()]
    if len(ids) > MOST:
        raise _bad(f"at most {MOST} findings can be named")
    return ids
