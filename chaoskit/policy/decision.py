"""The answer to a request, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.policy.kinds import Layer


class Effect(StrEnum):
    """What becomes of the request; `DEPENDS` only when context keys are unknown."""

    ALLOW = "allow"
    DENY = "deny"
    DEPENDS = "depends"


def _no_trace() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    Attributes:
        effect: Allow, deny, or depends on keys that are unknown.
        explicit: A Deny statement decided; false for a denial because nothing allows.
        layer: Who decided; for `depends`, None.
        policy: The name of the deciding policy, or of the level that lacks an allow; may be empty.
        sid: The deciding statement's Sid; empty when it has none.
        depends_on: For `depends`, the condition keys that would settle it.
    """

    effect: Effect
    explicit: bool = False
    layer: Layer | None = None
    policy: str = ""
    sid: str = ""
    depends_on: tuple[str, ...] = ()
    _trace: Callable[[], tuple[str, ...]] = field(default=_no_trace, repr=False, compare=False)

    @classmethod
    def denied(
        cls, layer: Layer, *, explicit: bool = True, policy: str = "", sid: str = "", reason: str = ""
    ) -> Decision:
        """A denial that the caller states, such as one by S3 Block Public Access."""
        return cls(Effect.DENY, explicit, layer, policy, sid, (), lambda: (reason,) if reason else ())

    @property
    def allowed(self) -> bool:
        """Whether the request surely goes through."""
        return self.effect is Effect.ALLOW

    @property
    def kind(self) -> str | None:
        """`explicit` or `implicit` for a denial, else None."""
        if self.effect is not Effect.DENY:
            return None
        return "explicit" if self.explicit else "implicit"

    @property
    def trace(self) -> tuple[str, ...]:
        """What each layer said, in sentences; written only when asked for."""
        return self._trace()

    def describe(self) -> str:
        """A prediction in words: "not stopped", "stopped by ..." or "depends on ..."."""
        if self.effect is Effect.ALLOW:
            return "not stopped"
        if self.effect is Effect.DEPENDS:
            return f"depends on {', '.join(self.depends_on)}"
        layer = self.layer.value if self.layer else "the caller"
        if not self.explicit:
            return f"stopped by {' '.join(filter(None, (layer, self.policy)))}: nothing allows it"
        sid = f", Sid {self.sid}" if self.sid else ""
        return f"stopped by {' '.join(filter(None, (layer, self.policy)))}{sid}"
