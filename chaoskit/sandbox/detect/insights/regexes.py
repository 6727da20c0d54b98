"""Regular expressions as Logs Insights takes them, which are Java's, made into Python's.

Source: CloudWatch Logs User Guide, "filter", whose examples are `/^(?i)Exception$/` and `(?<name>...)`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights.errors import InvalidQuery

if TYPE_CHECKING:
    from chaoskit.sandbox.detect.insights.lexer import Token

_PARTS = re.compile(
    r"""\\.                                   # an escaped character
    | \[\^?\]?(?:\\.|[^\]\\])*\]              # a class; a bracket that comes first is one of its characters
    | \(\?(?P<flags>[imsx]+)\) | (?P<named>\(\?<(?=[A-Za-z_])) | (?P<opens>\() | (?P<closes>\)) | (?P<or>\|)
    | .""",
    re.DOTALL | re.VERBOSE,
)


def regular_expression(token: Token) -> re.Pattern[str]:
    """Compile a regular expression.

    Raises:
        InvalidQuery: It is malformed.
    """
    try:
        return re.compile(_translated(token.value))
    except re.error as problem:
        raise InvalidQuery(
            f"the regular expression is malformed: {problem.msg}", token.start + 1 + (problem.pos or 0)
        ) from None


def _translated(source: str) -> str:
    """Named groups as Python writes them, and flags amid the text as groups up to where they end.

    Java's flags hold from where they stand to the end of the group around them, over its alternatives too.
    """
    made: list[str] = []
    # For each open group the flags that were switched on inside it.
    flags: list[list[str]] = [[]]
    for part in _PARTS.finditer(source):
        text = part.group()
        match part.lastgroup:
            case "flags":
                flags[-1].append(text[:-1] + ":")
                text = flags[-1][-1]
            case "named" | "opens":
                flags.append([])
                text = "(?P<" if part.lastgroup == "named" else text
            case "closes" if len(flags) > 1:
                text = ")" * len(flags.pop()) + text
            case "or":
                text = ")" * len(flags[-1]) + text + "".join(flags[-1])
            case _:
                pass
        made.append(text)
    return "".join(made) + ")" * len(flags[0])
