"""What users and roles were given, read from IAM: policies, groups, boundary, tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.predict.documents import Document
from chaoskit.predict.look import UnreadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.predict.look import Look

_GONE: Final = ("NoSuchEntity",)
_NOTHING: Final = '{"Version":"2012-10-17","Statement":[]}'


@dataclass(frozen=True, slots=True)
class Identity:
    """A user or role as authorization sees it.

    Attributes:
        arn: With its path.
        id: The unique id, `AIDA...` or `AROA...`.
        policies: Inline, managed and of groups.
        boundary: The permissions boundary, or None.
        tags: Its tags.
        made_of: The ARNs whose change would change this.
    """

    arn: str
    id: str = ""
    policies: tuple[Document, ...] = ()
    boundary: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    made_of: frozenset[str] = frozenset()


class Identities:
    """Reads users and roles of one account."""

    def __init__(self, look: Look) -> None:
        """Nothing is read yet."""
        self._look = look
        self._read: dict[tuple[str, str], Identity] = {}

    def find(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """What `GetRole`, `GetUser` or `GetGroup` answer of a `role`, `user` or `group`; None for no such.

        Raises:
            UnreadError: It can't be read.
        """
        title = kind.title()
        query = Query("iam", f"Get{title}", {f"{title}Name": name}, title, absent=_GONE)
        found: Mapping[str, Any] | None = self._look.ask(f"the {kind} {name}", query)
        return found

    def get(self, kind: str, name: str) -> Identity:
        """A `role` or `user` with all its policies.

        Raises:
            UnreadError: Some of it can't be read, or there is none (yet).
        """
        if (kind, name) not in self._read:
            self._read[kind, name] = self._get(kind, name)
        return self._read[kind, name]

    def _get(self, kind: str, name: str) -> Identity:
        found = self.find(kind, name)
        if found is None:
            raise UnreadError(f"the {kind} {name}, which is not there yet")
        documents = list(self._documents(kind, name))
        made_of = {found["Arn"]}
        if kind == "user":
            groups = self._ask(
                kind, name, Query("iam", "ListGroupsForUser", {"UserName": name}, "Groups[].[GroupName, Arn]")
            )
            for group, arn in groups or []:
                made_of.add(arn)
                documents += self._documents("group", group)
        boundary = (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        return Identity(
            arn=found["Arn"],
            id=found.get(f"{kind.title()}Id", ""),
            policies=tuple(documents),
            boundary=self._managed(boundary) if boundary else None,
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()},
            made_of=frozenset(made_of | {d.name for d in documents if d.name.startswith("arn:")}),
        )

    def _documents(self, kind: str, name: str) -> Iterator[Document]:
        title = kind.title()
        who = {f"{title}Name": name}
        inline = self._ask(kind, name, Query("iam", f"List{title}Policies", who, "PolicyNames"))
        for policy in inline or []:
            query = Query("iam", f"Get{title}Policy", {**who, "PolicyName": policy}, "PolicyDocument")
            yield Document.of(policy, self._ask(kind, name, query))
        attached = Query("iam", f"ListAttached{title}Policies", who, "AttachedPolicies[].PolicyArn")
        for arn in self._ask(kind, name, attached) or []:
            yield self._managed(arn)

    def _managed(self, arn: str) -> Document:
        version = self._look.ask(
            f"the policy {arn}",
            Query("iam", "GetPolicy", {"PolicyArn": arn}, "Policy.DefaultVersionId", absent=_GONE),
        )
        if version is None:
            return Document(arn, _NOTHING)  # a boundary that has been deleted permits nothing
        query = Query(
            "iam", "GetPolicyVersion", {"PolicyArn": arn, "VersionId": version}, "PolicyVersion.Document"
        )
        return Document.of(arn, self._look.ask(f"the policy {arn}", query))

    def _ask(self, kind: str, name: str, query: Query) -> Any:
        return self._look.ask(f"the policies of the {kind} {name}", query)
