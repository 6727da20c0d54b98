"""Security Hub's API, and the ear by which it hears of other services' findings."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.security_hub import products, standards
from chaoskit.sandbox.security_hub.filters import check, selects
from chaoskit.sandbox.security_hub.format import problem
from chaoskit.sandbox.security_hub.hub import Hub, stamp
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chaoskit.sandbox.wire import ApiCall, Cloud

    Place = tuple[str, str, str]
    Put = Callable[[Place, Mapping[str, Any]], None]

_MOST_IMPORTED = 100
_MOST_UPDATED = 100
_PAGE = 100


class SecurityHub:
    """The hubs of all accounts.

    A product's findings flow in while the hub is enabled; what was found before does not follow later.
    """

    service = "securityhub"

    def __init__(self, cloud: Cloud, put: Put) -> None:
        self._cloud = cloud
        self._put = put
        self._lock = threading.RLock()
        self._hubs: dict[tuple[str, str], Hub] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; members and organizations are moto's."""
        return {
            "EnableSecurityHub": self._enable,
            "DescribeHub": self._describe,
            "DisableSecurityHub": self._disable,
            "BatchImportFindings": self._import,
            "GetFindings": self._get_findings,
            "BatchUpdateFindings": self._batch_update,
            "UpdateFindings": self._update,
            "BatchEnableStandards": self._enable_standards,
            "BatchDisableStandards": self._disable_standards,
            "GetEnabledStandards": self._enabled_standards,
            "DescribeStandards": lambda call: _page(call, "Standards", standards.described(call.region)),
            "DescribeStandardsControls": self._controls,
        }

    def hear(self, place: Place, event: Mapping[str, Any]) -> None:
        """Take the finding that an event of another service brings; a listener of the event bus."""
        hub = self._hubs.get(place[:2])
        if hub is None:
            return
        found = products.finding(event)
        if found is not None:
            self._take(hub, found, *products.NAMES[found["ProductArn"].rpartition("/")[2]])

    def _take(self, hub: Hub, found: Mapping[str, Any], product: str, company: str) -> None:
        now = self._cloud.now()
        with self._lock:
            event = hub.event(hub.take(found, product, company, now), now)
        self._put((hub.account, hub.region, "default"), event)

    def _hub(self, call: ApiCall) -> Hub:
        hub = self._hubs.get((call.account, call.region))
        if hub is None:
            raise ApiError(
                "InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub", 401
            )
        return hub

    def _enable(self, call: ApiCall) -> Mapping[str, Any]:
        place = (call.account, call.region)
        with self._lock:
            if place in self._hubs:
                raise ApiError(
                    "ResourceConflictException", "Account is already subscribed to Security Hub", 409
                )
            generator = str(call.params.get("ControlFindingGenerator") or "SECURITY_CONTROL")
            hub = Hub(*place, stamp(self._cloud.now()), generator, dict(call.params.get("Tags") or {}))
            if call.params.get("EnableDefaultStandards") is not False:
                for arn in standards.arns(call.region, default_only=True):
                    standards.enable(hub, arn, self._cloud.now())
            self._hubs[place] = hub
        return {}

    def _describe(self, call: ApiCall) -> Mapping[str, Any]:
        hub = self._hub(call)
        wanted = str(call.params.get("HubArn") or hub.arn)
        if wanted != hub.arn:
            raise ApiError("ResourceNotFoundException", f"Hub {wanted} does not exist.", 404)
        return {
            "HubArn": hub.arn,
            "SubscribedAt": hub.subscribed,
            "AutoEnableControls": True,
            "ControlFindingGenerator": hub.generator,
        }

    def _disable(self, call: ApiCall) -> Mapping[str, Any]:
        self._hub(call)
        with self._lock:
            del self._hubs[call.account, call.region]
        return {}

    def _import(self, call: ApiCall) -> Mapping[str, Any]:
        hub, given = self._hub(call), call.params.get("Findings") or []
        if not 1 <= len(given) <= _MOST_IMPORTED:
            raise _invalid(f"1 to {_MOST_IMPORTED} findings can be imported at once.")
        failed = []
        for each in given:
            refused = _refusal(each, call)
            if refused is None and hub.is_old(each):
                continue
            if refused is None:
                named = {name: each[name] for name in ("ProductName", "CompanyName") if each.get(name)}
                self._take(
                    hub, each, named.get("ProductName", "Default"), named.get("CompanyName", "Personal")
                )
            else:
                failed.append(
                    {"Id": str(each.get("Id", "")), "ErrorCode": refused[0], "ErrorMessage": refused[1]}
                )
        return {
            "FailedCount": len(failed),
            "SuccessCount": len(given) - len(failed),
            "FailedFindings": failed,
        }

    def _get_findings(self, call: ApiCall) -> Mapping[str, Any]:
        found = self._selected(self._hub(call), call.params.get("Filters") or {})
        for sort in reversed(call.params.get("SortCriteria") or []):
            by = partial(_sort_key, str(sort.get("Field")))
            found.sort(key=by, reverse=sort.get("SortOrder") == "desc")
        return _page(call, "Findings", found)

    def _selected(self, hub: Hub, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        check(filters)
        now = self._cloud.now()
        with self._lock:
            return [dict(each) for each in hub.findings.values() if selects(filters, each, now)]

    def _batch_update(self, call: ApiCall) -> Mapping[str, Any]:
        hub = self._hub(call)
        named = call.params.get("FindingIdentifiers") or []
        if len(named) > _MOST_UPDATED:
            raise _invalid(f"At most {_MOST_UPDATED} findings can be updated at once.")
        processed, unprocessed = [], []
        for each in named:
            if (each["ProductArn"], each["Id"]) in hub.findings:
                processed.append(each)
            else:
                unprocessed.append(
                    {
                        "FindingIdentifier": each,
                        "ErrorCode": "FindingNotFound",
                        "ErrorMessage": "Finding Not Found",
                    }
                )
        self._change(hub, ((each["ProductArn"], each["Id"]) for each in processed), call.params)
        return {"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}

    def _update(self, call: ApiCall) -> Mapping[str, Any]:
        hub = self._hub(call)
        found = self._selected(hub, call.params.get("Filters") or {})
        self._change(hub, ((each["ProductArn"], each["Id"]) for each in found), call.params)
        return {}

    def _change(self, hub: Hub, keys: Iterable[tuple[str, str]], changes: Mapping[str, Any]) -> None:
        now = self._cloud.now()
        with self._lock:
            events = [hub.event(hub.update(key, changes, now), now) for key in keys]
        for event in events:
            self._put((hub.account, hub.region, "default"), event)

    def _enable_standards(self, call: ApiCall) -> Mapping[str, Any]:
        hub = self._hub(call)
        wanted = [str(each["StandardsArn"]) for each in call.params["StandardsSubscriptionRequests"]]
        with self._lock:
            now = self._cloud.now()
            return {"StandardsSubscriptions": [standards.enable(hub, arn, now) for arn in wanted]}

    def _disable_standards(self, call: ApiCall) -> Mapping[str, Any]:
        hub = self._hub(call)
        wanted = [str(each) for each in call.params["StandardsSubscriptionArns"]]
        with self._lock:
            now = self._cloud.now()
            return {"StandardsSubscriptions": [standards.disable(hub, each, now) for each in wanted]}

    def _enabled_standards(self, call: ApiCall) -> Mapping[str, Any]:
        hub, wanted = self._hub(call), call.params.get("StandardsSubscriptionArns")
        with self._lock:
            there = standards.enabled(hub, self._cloud.now())
        found = [each for each in there if not wanted or each["StandardsSubscriptionArn"] in wanted]
        return _page(call, "StandardsSubscriptions", found)

    def _controls(self, call: ApiCall) -> Mapping[str, Any]:
        """No controls: the sandbox evaluates none, so that it lists none."""
        with self._lock:
            standards.known(self._hub(call), str(call.params["StandardsSubscriptionArn"]), self._cloud.now())
        return {"Controls": []}


def _refusal(finding: Mapping[str, Any], call: ApiCall) -> tuple[str, str] | None:
    """Why a finding is not imported: its format, whose it is, or which product it says it is of."""
    wrong = problem(finding)
    if wrong:
        return "InvalidInput", f"Finding does not adhere to Amazon Finding Format. {wrong}."
    own = f"arn:aws:securityhub:{call.region}:{call.account}:product/{call.account}/default"
    if finding["ProductArn"] != own or finding["AwsAccountId"] != call.account:
        whose = f"account {finding['AwsAccountId']} for product {finding['ProductArn']}"
        return (
            "AccessDenied",
            f"Account {call.account} is not authorized to import findings of {whose}.",
        )
    return None


def _sort_key(name: str, finding: Mapping[str, Any]) -> str:
    return str(finding.get(name, ""))


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInputException", message)


def _page(call: ApiCall, name: str, items: Sequence[Any]) -> dict[str, Any]:
    token = str(call.params.get("NextToken") or "")
    if token and not token.isdigit():
        raise _invalid("The NextToken is not valid.")
    start = int(token or 0)
    end = start + int(call.params.get("MaxResults") or _PAGE)
    answer: dict[str, Any] = {name: list(items[start:end])}
    return {**answer, "NextToken": str(end)} if end < len(items) else answer
