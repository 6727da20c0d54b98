"""YAML as AWS's document formats use it: read by libyaml, without dates, and never nested too deeply.

A plain scalar that looks like a date, such as a policy's Version, is a text to CloudFormation and to Systems
Manager.
"""

from __future__ import annotations

from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Safe
except ImportError:  # PyYAML without libyaml: ten times slower, otherwise the same
    from yaml import SafeLoader as _Safe  # type: ignore[assignment]

_DEEPEST = 100


class Loader(_Safe):
    """YAML where dates are texts; subclasses may add tags."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Safe.yaml_implicit_resolvers.items()
}


def check_depth(text: str) -> None:
    """Look at the flat events first, as composing is recursive, in C too, and would end the process.

    Raises:
        yaml.YAMLError: the text is not YAML, or nested too deeply.
    """
    if sum(map(text.count, "[{-?:")) <= _DEEPEST:
        return
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += _change(event)
        if depth > _DEEPEST:
            where: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem="the document is nested too deeply", problem_mark=where)


def _change(event: Any) -> int:
    return isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
