"""Whether a bucket policy is public, as S3 means the word.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", The meaning of "public".
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A statement for everyone is still not public when one of these is held to fixed values.
_FIXING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
_OPERATORS = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
# A CIDR block wider than this is public, private address ranges aside.
_WIDEST = {4: 8, 6: 32}


def is_public(policy: str | bytes) -> bool:
    """Whether a bucket policy grants access to the public; False for one that cannot be read."""
    try:
        document = json.loads(policy)
    except ValueError:
        return False
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    if isinstance(statements, dict):
        statements = [statements]
    return any(_statement_is_public(each) for each in statements if isinstance(each, dict))


def _statement_is_public(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" in statement:
        return True
    if not any("*" in each for each in _principals(statement.get("Principal"))):
        return False
    conditions = statement.get("Condition") or {}
    return not any(
        operator.lower().removeprefix("foranyvalue:") in _OPERATORS
        and any(_fixes(key, _listed(values)) for key, values in tested.items())
        for operator, tested in conditions.items()
    )


def _principals(principal: Any) -> Iterator[str]:
    if isinstance(principal, dict):
        for kind, each in principal.items():
            if kind in {"AWS", "CanonicalUser"}:
                yield from _listed(each)
    else:
        yield from _listed(principal)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _fixes(key: str, values: list[str]) -> bool:
    if key.lower() not in _FIXING or not values:
        return False
    if key.lower() == "aws:sourceip":
        return all(_is_narrow(each) for each in values)
    if key.lower() in {"aws:sourcearn", "aws:principalarn", "s3:dataaccesspointarn"}:
        return all(_names_an_account(each) for each in values)
    if key.lower() == "aws:userid":
        return all("${" not in each and each.partition(":")[0].strip("*?") != "" for each in values)
    return all(not set("*?") & set(each) and "${" not in each for each in values)


def _names_an_account(arn: str) -> bool:
    """A wildcard in the rest of an ARN does not matter once the account is fixed; a bucket's ARN has none."""
    parts = arn.split(":", 5)
    if len(parts) <= 5 or "${" in arn:  # noqa: PLR2004 - an ARN has six parts
        return False
    if not parts[4]:
        return not set("*?") & set(arn)
    return not set("*?") & set("".join(parts[:3]) + parts[4])


def _is_narrow(cidr: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _WIDEST[network.version]
