"""What the policies of an account will make of a call, decided before it is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chaoskit.permissions import requirements
from chaoskit.permissions.public_access import blocking_setting, sets_acl
from chaoskit.permissions.public_policy import is_public
from chaoskit.policy import Effect, Kind, PolicyCache, PolicySet, Request, decide
from chaoskit.policy.context import Query
from chaoskit.policy.layers import collect
from chaoskit.predict.account import ReadAccount
from chaoskit.predict.callers import planned, signer, who_is
from chaoskit.predict.documents import Compiler, Document, placeholder, unknown
from chaoskit.predict.endpoints import Endpoints
from chaoskit.predict.identities import Identities
from chaoskit.predict.keys import Keys, of_action, of_caller, of_request, of_resource
from chaoskit.predict.look import Look, UnreadError
from chaoskit.predict.organization import RCP, SCP, Organization
from chaoskit.predict.resources import Resources
from chaoskit.result import Foreseen, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaoskit.aws import Call, Reader
    from chaoskit.permissions import Requirement
    from chaoskit.policy import Decision, Policy
    from chaoskit.predict.callers import Planned, Who
    from chaoskit.predict.effects import Effects
    from chaoskit.predict.identities import Identity
    from chaoskit.predict.organization import Levels, Place
    from chaoskit.predict.resources import Gates

_NOT_STOPPED: Final = Prediction(Foreseen.NOT_STOPPED)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who makes a call, and all that stands above it for the whole call."""

    who: Who
    identity: Identity | None
    place: Place | None
    organized: bool
    policies: tuple[Document, ...]
    boundary: Document | None
    scps: Levels | None
    rcps: Levels | None
    session: Document | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A call, and what all its requirements share."""

    call: Planned
    asker: Asker
    known: ReadAccount
    effects: Effects
    endpoint: Document | None = None


_COMPILED: Final = PolicyCache()
"""Of every prediction of this process: what a policy compiles to depends on its text alone."""


class Predictor:
    """Predicts calls of one account, from reads alone.

    In the sandbox a call passes the VPC endpoint that it names, or none. On AWS it may pass any endpoint of
    the account that leads to its service; that it comes from another account's network is left out, and so is
    the session policy of a foreign role session: nobody can read either beforehand.
    """

    def __init__(
        self,
        aws: Reader,
        caller: str,
        *,
        management: Reader | None = None,
        local_address: str | None = None,
        session_policy: str | None = None,
        endpoints: bool = True,
    ) -> None:
        """Read nothing yet.

        Args:
            aws: The account, for an identity that may read its policies.
            caller: ARN of the role that a run assumes, or of the identity that it uses as it is.
            management: The organization's management account or a delegated administrator's.
            local_address: The address that calls come from, where it is known; a call's own address
                counts only then.
            session_policy: What the run's role session is limited to.
            endpoints: Ask which VPC endpoints a call may come through. They can only make it depend on that;
                whoever acts on what is certain need not know.
        """
        self.look = Look(aws)
        self._above = Look(management) if management else None
        self._caller = caller
        self._address = local_address
        self._session = Document("session policy", session_policy) if session_policy else None
        self._identities = Identities(self.look)
        self._organization = Organization(self.look, self._above)
        self._resources = Resources(self.look, self._identities)
        self._endpoints = Endpoints(self.look)
        self._one_way = local_address is not None or not endpoints

    def predict(
        self, call: Call, before: Sequence[Call], effects: Effects
    ) -> tuple[Prediction, Planned | None, tuple[Requirement, ...]]:
        """Predict a call.

        Args:
            call: A call of a fault; texts of the form `<Operation.Field>` stand for replies to come.
            before: The fault's calls before it.
            effects: What changes before it will have altered.

        Returns:
            The prediction; the call as it would be made, and what it needs permission for, as far as known.
        """
        try:
            who = signer(call, before, self.look) or who_is(self._caller)
        except UnreadError as error:
            return _depends(str(error)), None, ()
        address = (call.source_ip or self._address) if self._address else None
        made, passed = planned(call, who, self.look.region, address), None
        try:
            if self._address and call.source_vpce:
                passed = self._endpoints.called(call.source_vpce, effects)
                made = replace(made, source_vpce=passed.id, source_vpc=passed.vpc)
        except UnreadError as error:
            return _depends(str(error)), made, ()
        known = ReadAccount(self.look, self._identities)
        known.created = dict(effects.created)
        needed = tuple(requirements(made, known))
        asker = self._asker(made, own=call.signed_by is None, effects=effects)
        case = _Case(made, asker, known, effects, passed.policy if passed else None)
        found = [self._one(case, each) for each in needed]
        found.append(self._gated(made, asker, effects))
        if known.unread:
            found.append(_depends(*dict.fromkeys(known.unread)))
        return _joined(found), made, needed

    def _asker(self, call: Planned, *, own: bool, effects: Effects) -> Asker:
        who, identity = call.principal, None
        policies: tuple[Document, ...] = ()
        boundary = None
        if who.kind != "root":
            try:
                identity = self._identities.get(who.kind, who.name)
                policies = (*identity.policies, *effects.on(sorted(identity.made_of)))
                boundary = identity.boundary
            except UnreadError as error:
                policies = (unknown(str(error)),)
                boundary = unknown(str(error))
        try:
            place, organized = self._organization.place, True
        except UnreadError:
            place, organized = None, False
        managed = place is not None and place.management_account == who.account
        return Asker(
            who,
            identity,
            place,
            organized,
            policies,
            boundary,
            None if managed else self._organization.levels(SCP),
            None if managed else self._organization.levels(RCP),
            self._session if own and who.kind == "role" else None,
        )

    def _one(self, case: _Case, needed: Requirement) -> Prediction:
        """One permission that a call needs."""
        now = self._wherever(case, needed)
        if needed.or_role and now.effect is Foreseen.STOPPED:
            return _depends(f"whether {needed.or_role} may do {needed.action} instead")
        replaced = case.effects.replacement(needed.resource)
        if replaced is None:
            return now
        then = self._decided(case, needed, replaced)
        settled = then == now or case.effects.happened
        return then if settled else _depends("what s3:PutBucketPolicy changes before")

    def _wherever(self, case: _Case, needed: Requirement) -> Prediction:
        """One permission, whichever of the account's VPC endpoints the call comes through, or none."""
        now = self._decided(case, needed, None)
        if self._one_way or now.effect is not Foreseen.NOT_STOPPED:
            return now
        try:
            ways = self._endpoints.that_lead_to(case.call.service)
        except UnreadError as error:
            return _depends(str(error))
        for way in ways:
            call = replace(case.call, source_vpce=way.id, source_vpc=way.vpc)
            through = self._decided(replace(case, call=call, endpoint=way.policy), needed, None)
            if through.effect is not Foreseen.NOT_STOPPED:
                return _depends(f"whether the call comes through {way.id}")
        return now

    def _decided(self, case: _Case, needed: Requirement, replaced: Document | None) -> Prediction:
        call, asker = case.call, case.asker
        arn = needed.resource
        compiler = Compiler(arn, _COMPILED)
        try:
            owner = self._resources.owner(arn)
            documents = (replaced,) if replaced else self._resources.policies(arn, needed.action)
        except UnreadError as error:
            owner, documents = call.account, (unknown(str(error)),)
        documents += case.effects.on([arn])
        if needed.action.startswith("s3:"):
            documents += self._acl(arn)
        keys = self._keys(case, needed, owner, tagged=_asks_for_tags(asker, documents))
        governing = Kind.of_resource(needed.action, arn)
        policies = PolicySet(
            identity=compiler.all(asker.policies, Kind.IDENTITY),
            resource=compiler.all(documents, governing),
            boundary=compiler.one(asker.boundary, Kind.BOUNDARY) if asker.boundary else None,
            session=compiler.all((asker.session,), Kind.SESSION) if asker.session else None,
            scps=_levels(compiler, asker.scps, Kind.SCP),
            rcps=_levels(compiler, asker.rcps, Kind.RCP),
            endpoint=compiler.one(case.endpoint, Kind.ENDPOINT) if case.endpoint else None,
        )
        request = Request(
            principal=asker.who.arn,
            action=needed.action,
            resource=arn,
            resource_account=owner,
            context=keys.known,
            unknown=sorted(keys.unknown | set(compiler.keys)),
            management_account=asker.place is not None
            and asker.place.management_account == asker.who.account,
            service_linked_role=asker.identity is not None and "/aws-service-role/" in asker.identity.arn,
        )
        return _prediction(decide(request, policies), request, policies, compiler)

    def _keys(self, case: _Case, needed: Requirement, owner: str, *, tagged: bool) -> Keys:
        call, asker = case.call, case.asker
        altered = bool(case.effects.on([needed.resource]))
        tags = self._resources.tags(needed.resource) if tagged and not altered else None
        keys = Keys()
        for part in (
            of_caller(call, asker.identity, asker.place, organized=asker.organized),
            of_request(call),
            of_resource(needed, owner, asker.place, tags, organized=asker.organized),
            of_action(call, needed, case.known),
        ):
            keys.known |= part.known
            keys.unknown |= part.unknown
        keys.settle()
        return keys

    def _acl(self, arn: str) -> tuple[Document, ...]:
        """What a bucket's ACL may grant besides."""
        if placeholder(arn) or not arn.startswith("arn:"):
            return ()
        bucket = arn.rpartition(":")[2].partition("/")[0]
        try:
            gates = self._resources.gates(bucket)
        except UnreadError as error:
            return (unknown(str(error), allows_only=True),)
        open_acl = gates.public_acl and not (gates.acls_disabled or gates.block.ignore_public_acls)
        return (unknown(f"the ACL of bucket {bucket}", allows_only=True),) if open_acl else ()

    def _gated(self, call: Planned, asker: Asker, effects: Effects) -> Prediction:
        """S3's own gates, which stand behind all policies."""
        bucket = call.params.get("Bucket")
        if call.service != "s3" or not isinstance(bucket, str) or placeholder(bucket):
            return _NOT_STOPPED
        try:
            gates = self._resources.gates(bucket)
        except UnreadError as error:
            shut = sets_acl(call) or call.operation == "PutBucketPolicy"
            return _depends(str(error)) if shut else _NOT_STOPPED
        stopped = self._shut(call, gates, asker, bucket)
        if effects.open_gates(f"arn:aws:s3:::{bucket}") and (sets_acl(call) or stopped):
            return _depends("what a change before does to the bucket's settings")
        return stopped or _NOT_STOPPED

    def _shut(self, call: Planned, gates: Gates, asker: Asker, bucket: str) -> Prediction | None:
        stopped = replace(_NOT_STOPPED, effect=Foreseen.STOPPED, resource=f"arn:aws:s3:::{bucket}")
        if gates.acls_disabled and sets_acl(call):
            return replace(stopped, layer="ownership", policy="BucketOwnerEnforced")
        setting = blocking_setting(call, gates.block)
        if setting:
            return replace(stopped, layer="bpa", policy=setting)
        if gates.block.restrict_public_buckets and asker.who.account != self.look.account:
            found = self._resources.policies(f"arn:aws:s3:::{bucket}", "s3:GetObject")
            if any(document.text and is_public(document.text) for document in found):
                return replace(stopped, layer="bpa", policy="RestrictPublicBuckets")
        return None


def _asks_for_tags(asker: Asker, documents: Iterable[Document]) -> bool:
    """Whether any policy names a tag of the resource; they are worth reading only then."""
    levels = (level for above in (asker.scps, asker.rcps) for level in above or ())
    every = [*asker.policies, *documents, *(document for level in levels for document in level)]
    every += [document for document in (asker.boundary, asker.session) if document]
    return any("tag/" in (document.text or "").lower() for document in every)


def _levels(compiler: Compiler, levels: Levels | None, kind: Kind) -> tuple[tuple[Policy, ...], ...] | None:
    return None if levels is None else tuple(compiler.all(level, kind) for level in levels)


def _depends(*words: str) -> Prediction:
    return Prediction(Foreseen.DEPENDS, depends_on=words)


def _prediction(decision: Decision, request: Request, policies: PolicySet, compiler: Compiler) -> Prediction:
    about = Prediction(Foreseen.NOT_STOPPED, action=request.action, resource=request.resource)
    if decision.effect is Effect.ALLOW:
        return about
    if decision.effect is Effect.DEPENDS:
        return replace(about, effect=Foreseen.DEPENDS, depends_on=compiler.words(decision.depends_on))
    return replace(
        about,
        effect=Foreseen.STOPPED,
        layer=decision.layer.value if decision.layer else None,
        policy=decision.policy,
        sid=decision.sid,
        certain=not _open_denials(request, policies),
    )


def _open_denials(request: Request, policies: PolicySet) -> bool:
    """Whether a Deny that can't be decided yet might come before the one that is sure."""
    found = collect(Query(request), policies, complete=True)
    return any(not isinstance(hit.truth, bool) for scan in found.scans for hit in scan.denies)


def _joined(found: Iterable[Prediction]) -> Prediction:
    """The prediction of a call, all of whose permissions are needed."""
    every = list(found)
    for number, each in enumerate(every):
        if each.effect is Foreseen.STOPPED:
            doubtful = any(one.effect is Foreseen.DEPENDS for one in every[:number])
            return replace(each, certain=each.certain and not doubtful)
    open_ones = [each for each in every if each.effect is Foreseen.DEPENDS]
    if open_ones:
        words = dict.fromkeys(word for each in open_ones for word in each.depends_on)
        return replace(open_ones[0], depends_on=tuple(words))
    return replace(every[0], depends_on=())
