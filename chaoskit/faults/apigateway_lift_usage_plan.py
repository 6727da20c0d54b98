"""The limits of a usage plan are lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._rest_api import BUSY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SHOWN: Final = {"rate": "throttle.rateLimit", "burst": "throttle.burstLimit", "quota": "quota.limit"}
"""Where GetUsagePlan shows each limit; a patch names it by the same path."""


@fault(
    "apigateway.lift-usage-plan",
    layer="application",
    attack=("T1685",),
    atlas=("AML.T0024.002", "AML.T0034"),
    owasp_ml=("ML05",),
)
class LiftUsagePlan(Fault):
    """Raise a usage plan's throttle and quota beyond reach, before a model is copied or its cost driven up.

    Detected by: UpdateUsagePlan (apigateway.amazonaws.com)

    Attributes:
        usage_plan: The plan's id.
        rate: Requests a second that it then allows.
        burst: Requests at once that it then allows.
        quota: Requests in the quota's period that it then allows.
    """

    usage_plan: str
    rate: int = 10_000
    burst: int = 5_000
    quota: int = 1_000_000_000

    def changes(self, aws: Reader) -> Changes:
        """Replace the limits that there are; undone by replacing them again. One without limits is left."""
        prior: dict[str, float | None] = aws.read(self._limits(_SHOWN))
        wanted = {"rate": self.rate, "burst": self.burst, "quota": self.quota}
        lifted = {name: wanted[name] for name, limit in prior.items() if limit not in (None, wanted[name])}
        if not lifted:
            return
        yield Change(
            do=self._set(lifted),
            undo=(self._set({name: prior[name] for name in lifted}),),
            state=self._limits(lifted),
        )

    def _limits(self, names: Iterable[str]) -> Query:
        shown = ", ".join(f"{name}: {_SHOWN[name]}" for name in names)
        return Query("apigateway", "GetUsagePlan", {"usagePlanId": self.usage_plan}, f"{{{shown}}}")

    def _set(self, limits: dict[str, Any]) -> Call:
        """The call that sets these limits (API Gateway API Reference, Patch operations: UpdateUsagePlan)."""
        patches = [
            {"op": "replace", "path": f"/{_SHOWN[name].replace('.', '/')}", "value": f"{limit:.10g}"}
            for name, limit in limits.items()
        ]
        return Call(
            "apigateway",
            "UpdateUsagePlan",
            not_yet=BUSY,
            usagePlanId=self.usage_plan,
            patchOperations=patches,
        )
