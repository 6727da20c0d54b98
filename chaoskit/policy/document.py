"""Reading a policy document: JSON, top level and statements, with every fault named.

Source: IAM User Guide, "Grammar of the IAM JSON policy language"; Organizations User Guide, "SCP syntax" and
"RCP syntax".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.policy import elements
from chaoskit.policy.faults import Fault, MalformedPolicyDocument, shown
from chaoskit.policy.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

_CURRENT: Final = "2012-10-17"
_VERSIONS: Final = frozenset({_CURRENT, "2008-10-17"})
_TOP: Final = frozenset({"Version", "Id", "Statement"})
_COMMON: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"})
_PLAIN_SID: Final = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_FREE_SID: Final = frozenset({Kind.RESOURCE, Kind.KEY, Kind.ENDPOINT})
_ORGANIZATION: Final = frozenset({Kind.SCP, Kind.RCP})
_RESOURCE_OPTIONAL: Final = ("ecr:", "sns:", "sqs:")
_RCP_FULL_ACCESS: Final = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A checked statement. `None`: the element is absent; `negated`: its Not... form is there."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    actions_negated: bool
    resources: tuple[str, ...] | None
    resources_negated: bool
    principals: Mapping[str, tuple[str, ...]] | None
    principals_negated: bool
    conditions: tuple[elements.ConditionText, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document. `variables` says whether its version knows policy variables."""

    kind: Kind
    variables: bool
    statements: tuple[Statement, ...]


def read_document(document: object, kind: Kind) -> Document:
    """Check a document, given as JSON text or as the object it stands for.

    Raises:
        MalformedPolicyDocument: AWS would refuse it as a policy of this kind; all faults are listed.
    """
    tree = _parse(document) if isinstance(document, str) else document
    if not isinstance(tree, Mapping):
        raise MalformedPolicyDocument([Fault("", f"a policy is a JSON object, not {shown(tree)}")])
    reader = _Reader(kind)
    result = reader.document(tree)
    if reader.faults:
        raise MalformedPolicyDocument(reader.faults)
    return result


class _Object(dict[str, Any]):
    """A JSON object that remembers the names it was given twice."""

    repeated: tuple[str, ...] = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        found.repeated = tuple(sorted({name for name in names if names.count(name) > 1}))
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _parse(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except RecursionError:
        reason = "the JSON is nested too deeply"
    except ValueError as error:
        reason = f"this is not JSON: {error}"
    raise MalformedPolicyDocument([Fault("", reason)])


class _Reader:
    """Walks one document and collects its faults."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.faults: list[Fault] = []

    def fault(self, path: str, reason: str) -> None:
        self.faults.append(Fault(path, reason))

    def document(self, tree: Mapping[Any, Any]) -> Document:
        self._names(tree, _TOP, "")
        version = tree.get("Version", "2008-10-17")
        if not isinstance(version, str) or version not in _VERSIONS:
            self.fault("Version", f"the version is 2012-10-17 or 2008-10-17, not {shown(version)}")
        elif self.kind in _ORGANIZATION and version != _CURRENT:
            self.fault("Version", f"this kind of policy must say Version {_CURRENT}")
        if not isinstance(tree.get("Id", ""), str):
            self.fault("Id", f"the id is text, not {shown(tree['Id'])}")
        return Document(self.kind, version == _CURRENT, tuple(self._statements(tree)))

    def _names(self, tree: Mapping[Any, Any], known: frozenset[str], path: str) -> None:
        """Refuse unknown and repeated names."""
        for name in tree:
            if not isinstance(name, str) or name not in known:
                self.fault(elements.join(path, name), "this element is not known here")
        for name in getattr(tree, "repeated", ()):
            self.fault(elements.join(path, name), "this element is given twice")

    def _statements(self, tree: Mapping[Any, Any]) -> Iterable[Statement]:
        if "Statement" not in tree:
            self.fault("Statement", "a policy needs statements")
            return
        found = tree["Statement"]
        if isinstance(found, Mapping):
            found, paths = [found], ["Statement"]
        elif isinstance(found, Sequence) and not isinstance(found, str | bytes):
            paths = [f"Statement[{index}]" for index in range(len(found))]
        else:
            self.fault("Statement", f"this is a statement or a list of them, not {shown(found)}")
            return
        sids: set[str] = set()
        for path, statement in zip(paths, found, strict=True):
            if not isinstance(statement, Mapping):
                self.fault(path, f"a statement is an object, not {shown(statement)}")
                continue
            read = self._statement(statement, path)
            if read.sid and read.sid in sids:
                self.fault(f"{path}.Sid", f"the Sid {shown(read.sid)} is taken by another statement")
            sids.add(read.sid)
            yield read

    def _statement(self, tree: Mapping[Any, Any], path: str) -> Statement:
        known = set(_COMMON)
        if self.kind is not Kind.TRUST:
            known |= {"Resource", "NotResource"}
        if self.kind.names_principals:
            known.add("Principal")
            if self.kind not in {Kind.TRUST, Kind.RCP}:
                known.add("NotPrincipal")
        if self.kind is Kind.RCP:
            known.discard("NotAction")
        self._names(tree, frozenset(known), path)
        effect = tree.get("Effect")
        if effect not in ("Allow", "Deny"):
            self.fault(f"{path}.Effect", f"the effect is Allow or Deny, not {shown(effect)}")
        elif self.kind is Kind.RCP and effect == "Allow" and not _is_full_access(tree):
            self.fault(f"{path}.Effect", "in an RCP only RCPFullAWSAccess allows; write Deny")
        actions, actions_negated = self._either(tree, "Action", path, required=True)
        required = "Resource" in known and not self._may_omit_resource(actions)
        resources, resources_negated = self._either(tree, "Resource", path, required=required)
        principals, principals_negated = self._principals(tree, path)
        conditions, faults = elements.read_condition(tree.get("Condition", {}), f"{path}.Condition")
        self.faults += faults
        return Statement(
            sid=self._sid(tree, path),
            allows=effect == "Allow",
            actions=actions or (),
            actions_negated=actions_negated,
            resources=resources,
            resources_negated=resources_negated,
            principals=principals,
            principals_negated=principals_negated,
            conditions=conditions,
        )

    def _sid(self, tree: Mapping[Any, Any], path: str) -> str:
        sid = tree.get("Sid", "")
        if not isinstance(sid, str):
            self.fault(f"{path}.Sid", f"a Sid is text, not {shown(sid)}")
            return ""
        if self.kind not in _FREE_SID and _PLAIN_SID.fullmatch(sid) is None:
            self.fault(f"{path}.Sid", f"a Sid is letters and digits, unlike {shown(sid)}")
        return sid

    def _either(
        self, tree: Mapping[Any, Any], name: str, path: str, *, required: bool
    ) -> tuple[tuple[str, ...] | None, bool]:
        """Read Action or Resource, or its Not... form."""
        negated = f"Not{name}"
        if name in tree and negated in tree:
            self.fault(f"{path}.{negated}", f"a statement has {name} or {negated}, not both")
        used = negated if negated in tree else name
        if used not in tree:
            if required:
                self.fault(f"{path}.{name}", f"a statement needs {name} or {negated}")
            return None, False
        check = elements.action_fault if name == "Action" else elements.resource_fault
        found, faults = elements.read_texts(tree[used], f"{path}.{used}", lambda text: check(text, self.kind))
        self.faults += faults
        return found, used == negated

    def _may_omit_resource(self, actions: tuple[str, ...] | None) -> bool:
        """Whether the service takes the resource that carries the policy, as in the SNS and ECR guides."""
        return self.kind is Kind.RESOURCE and all(
            action.lower().startswith(_RESOURCE_OPTIONAL) for action in actions or ()
        )

    def _principals(
        self, tree: Mapping[Any, Any], path: str
    ) -> tuple[Mapping[str, tuple[str, ...]] | None, bool]:
        if not self.kind.names_principals:
            return None, False
        if "Principal" in tree and "NotPrincipal" in tree:
            self.fault(f"{path}.NotPrincipal", "a statement has Principal or NotPrincipal, not both")
        used = "NotPrincipal" if "NotPrincipal" in tree else "Principal"
        if used not in tree:
            self.fault(f"{path}.Principal", "a resource policy's statement needs a Principal")
            return None, False
        found, faults = elements.read_principal(tree[used], f"{path}.{used}")
        if self.kind is Kind.RCP and not faults and found != {"AWS": ("*",)}:
            faults = [Fault(f"{path}.Principal", 'the Principal of an RCP is "*"')]
        self.faults += faults
        return found, used == "NotPrincipal"


def _is_full_access(tree: Mapping[Any, Any]) -> bool:
    return {name: value for name, value in tree.items() if name != "Sid"} == _RCP_FULL_ACCESS
