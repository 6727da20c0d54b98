"""Fills `${env.NAME}` and `${run.NAME}` when a probe looks; what came from the environment stays secret."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import session_name

if TYPE_CHECKING:
    from chaoskit.contract import Template, Trace

_PLACE: Final = re.compile(r"\$\{(env|run)\.([A-Za-z_][A-Za-z0-9_]*)\}")
_HIDDEN: Final = "***"
_SHORTEST_SECRET: Final = 4


class Filler:
    """Fills the templates of one look.

    `${run.trace_id}` and `${run.session}` are the run's marks, `${run.since}` is when it began (ISO 8601,
    UTC), `${run.since_s}` and `${run.since_ms}` the same since 1970.
    """

    def __init__(self, trace: Trace) -> None:
        self._run = {
            "trace_id": trace.trace_id,
            "session": session_name(trace.trace_id),
            "since": f"{trace.since:%Y-%m-%dT%H:%M:%SZ}",
            "since_s": str(int(trace.since.timestamp())),
            "since_ms": str(int(trace.since.timestamp() * 1000)),
        }
        self._secrets: set[str] = set()

    def fill(self, text: Template) -> str:
        """The text with its places filled.

        Raises:
            KeyError: With the name of a variable that is not set; `unknown` tells beforehand.
        """

        def value(match: re.Match[str]) -> str:
            kind, name = match.groups()
            if kind == "run":
                return self._run[name]
            found = os.environ[name]
            self._secrets.add(found)
            return found

        return _PLACE.sub(value, text)

    def hide(self, value: Any) -> Any:
        """The value without anything that came from the environment."""
        match value:
            case str():
                for secret in sorted(self._secrets, key=len, reverse=True):
                    if len(secret) >= _SHORTEST_SECRET:
                        value = value.replace(secret, _HIDDEN)
                return value
            case dict():
                return {self.hide(key): self.hide(inner) for key, inner in value.items()}
            case list():
                return [self.hide(inner) for inner in value]
            case _:
                return value


def unset(*texts: Template) -> list[str]:
    """The environment variables that the texts name and nobody has set."""
    named = {name for text in texts for kind, name in _PLACE.findall(text) if kind == "env"}
    return sorted(name for name in named if not os.environ.get(name))


def unknown(*texts: Template) -> list[str]:
    """The `${run.NAME}` that there are not."""
    known = ("trace_id", "session", "since", "since_s", "since_ms")
    return sorted(
        {n for text in texts for kind, n in _PLACE.findall(text) if kind == "run" and n not in known}
    )
