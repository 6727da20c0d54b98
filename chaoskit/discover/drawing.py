"""The identity trust chain as a drawing: from who may start something down to the model that answers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.discover.access import Path
    from chaoskit.discover.inventory import Inventory

_CHAIN: Final = ("states:StartExecution", "lambda:InvokeFunction", "sagemaker:InvokeEndpoint")
_DATA: Final = ("s3:GetObject", "secretsmanager:GetSecretValue", "kms:Decrypt")

Edges = dict[str, list[tuple[str, str]]]


def edges(found: Inventory, allowed: Sequence[Path]) -> Edges:
    """Who reaches whom, and how: principals, what runs as a role, and what they can call.

    A thing that runs as a role reaches what the role may; a role that others may become is reached by them.
    """
    drawn: Edges = defaultdict(list)
    for role in found.roles:
        if role.is_ml:
            for principal in role.principals:
                drawn[principal].append(("becomes", role.arn))
    runs = [*found.machines, *found.functions]
    for thing in runs:
        drawn[thing.arn].append(("runs as", thing.role_arn))
    for path in allowed:
        if path.action in (*_CHAIN, *_DATA):
            how = f"{path.action} through {path.through}" if path.through else path.action
            drawn[path.who].append((how, path.what))
    return drawn


def as_tree(found: Inventory, allowed: Sequence[Path]) -> list[str]:
    """The chain as indented lines, from each principal that nobody else reaches; each thing is told once."""
    drawn = edges(found, allowed)
    reached = {to for own in drawn.values() for _, to in own}
    told = set[str]()
    return [
        line
        for root in sorted(drawn, key=lambda name: (name in reached, name))
        if root not in told
        for line in _lines(root, "", drawn, told, 0)
    ]


def _lines(
    name: str, how: str, drawn: Mapping[str, Sequence[tuple[str, str]]], told: set[str], depth: int
) -> Iterator[str]:
    again = name in told and bool(drawn.get(name))
    yield f"{'  ' * depth}{how + ' ' if how else ''}{short(name)}{' (as above)' if again else ''}"
    if not again:
        told.add(name)
        for action, to in sorted(drawn.get(name, ())):
            yield from _lines(to, action, drawn, told, depth + 1)


def as_mermaid(found: Inventory, allowed: Sequence[Path]) -> str:
    """The same as a Mermaid flow chart, for a page or a pull request."""
    drawn = edges(found, allowed)
    names = sorted({*drawn, *(to for own in drawn.values() for _, to in own)})
    numbers = {name: f"n{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR", *(f'  {numbers[name]}["{_quoted(short(name))}"]' for name in names)]
    for name in names:
        lines += [
            f'  {numbers[name]} -->|"{_quoted(how)}"| {numbers[to]}'
            for how, to in sorted(drawn.get(name, ()))
        ]
    return "\n".join(lines) + "\n"


def short(arn: str) -> str:
    """An ARN as a person says it: the service and the last part."""
    parts = arn.split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004 - an ARN has six parts (General Reference, "ARN format")
        return arn
    return f"{parts[2]} {parts[5]}"


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")
