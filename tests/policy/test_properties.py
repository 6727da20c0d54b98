"""Laws of the evaluation, over random policies and requests. Derandomized: the same examples each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.policy import evaluate
from tests.examples import examples
from tests.policy.support import ACCOUNT, ALICE, BOB, FULL, OBJECT, OTHER, ROLE, ROOT, SESSION, deny, doc

if TYPE_CHECKING:
    from chaoskit.policy import Decision
    from tests.policy.support import Doc

lawful = settings(derandomize=True, max_examples=examples(400), deadline=None, database=None)

ACTIONS = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "ec2:*"])
RESOURCES = st.sampled_from(
    ["*", "arn:aws:s3:::bkt/*", "arn:aws:s3:::${aws:username}/*", OBJECT, "arn:aws:s3:::x"]
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"svc:k": "a"}},
        {"StringNotEquals": {"svc:k": "a"}},
        {"StringEqualsIfExists": {"svc:k": "b"}},
        {"ForAllValues:StringLike": {"svc:m": ["a", "b*"]}},
        {"ForAnyValue:StringNotEquals": {"svc:m": "a"}},
        {"Null": {"svc:k": "true"}},
    ]
)
PATH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/app"
UNIQUE_ID = "AROADBQP57FF2AEXAMPLE"
PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": ALICE},
        {"AWS": ACCOUNT},
        {"AWS": [ROLE, BOB]},
        {"AWS": SESSION},
        {"AWS": [PATH_ROLE, ACCOUNT]},
        {"AWS": PATH_ROLE},
        {"AWS": UNIQUE_ID},
        {"Service": "s3.amazonaws.com"},
    ]
)
EFFECTS = st.sampled_from(["Allow", "Deny"])


def statements(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Doc]:
    base = {"Effect": EFFECTS, "Action": ACTIONS, "Resource": RESOURCES, "Condition": CONDITIONS}
    return st.fixed_dictionaries(base | fixed)


def documents(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Doc]:
    return st.lists(statements(**fixed), max_size=3).map(lambda found: doc(*found))


PLAIN = documents()
LEVELS = st.none() | st.lists(st.lists(PLAIN | st.just(FULL), max_size=2), max_size=3)
POLICIES = st.fixed_dictionaries(
    {
        "identityPolicies": st.lists(PLAIN | st.just(FULL), max_size=2),
        "resourcePolicy": st.none() | documents(Principal=PRINCIPALS),
        "permissionsBoundary": st.none() | st.just(FULL) | PLAIN,
        "sessionPolicy": st.none() | st.just(FULL) | PLAIN,
        "scps": LEVELS,
        "rcps": st.none()
        | st.lists(st.lists(documents(Effect=st.just("Deny"), Principal=st.just("*")), max_size=1)),
    }
)
REQUESTS = st.fixed_dictionaries(
    {
        "principal": st.sampled_from([ALICE, BOB, SESSION, ROOT, "anonymous", "s3.amazonaws.com"]),
        "action": st.sampled_from(["s3:GetObject", "s3:PutObject", "ec2:RunInstances"]),
        "resource": st.sampled_from([OBJECT, "arn:aws:s3:::alice/x", "*"]),
        "resourceAccount": st.sampled_from([ACCOUNT, OTHER]),
        "context": st.fixed_dictionaries(
            {},
            optional={
                "svc:k": st.sampled_from(["a", "b"]),
                "svc:m": st.lists(st.sampled_from(["a", "b", "c"])),
                "aws:PrincipalArn": st.sampled_from([ROLE, PATH_ROLE]),
                "aws:userid": st.sampled_from([UNIQUE_ID, f"{UNIQUE_ID}:s1"]),
            },
        ),
    }
)
EVERYWHERE = {
    "identityPolicies": deny(),
    "resourcePolicy": deny(Principal="*"),
    "permissionsBoundary": deny(),
    "sessionPolicy": deny(),
    "scps": deny(),
    "rcps": deny(Principal="*"),
}


def with_statement(policies: Doc, layer: str, statement: Doc) -> Doc:
    """The policies with one statement more, in a document of its own where the layer holds several."""
    found = policies[layer]
    if layer == "identityPolicies":
        changed: Any = [*found, doc(statement)]
    elif layer in {"scps", "rcps"}:
        changed = [*(found or [[FULL]] if layer == "scps" else found or []), [doc(statement)]]
    else:
        changed = doc(*(found["Statement"] if found else ()), statement)
    return policies | {layer: changed}


def applies(layer: str, request: Doc) -> bool:
    """Whether a layer has a say over this caller."""
    caller = request["principal"]
    if layer == "rcps":
        return bool(request["action"].startswith("s3:"))
    return layer == "resourcePolicy" or caller.startswith("arn:")


@lawful
@given(policies=POLICIES, request=REQUESTS, layer=st.sampled_from(sorted(EVERYWHERE)))
def test_an_explicit_deny_anywhere_wins(policies: Doc, request: Doc, layer: str) -> None:
    if not applies(layer, request):
        return
    decision = evaluate(request, with_statement(policies, layer, EVERYWHERE[layer]))
    assert (decision.effect, decision.explicit) == ("deny", True)


@lawful
@given(policies=POLICIES, request=REQUESTS, more=statements(Effect=st.just("Allow")), data=st.data())
def test_adding_an_allow_to_an_scp_never_turns_an_allow_into_a_deny(
    policies: Doc, request: Doc, more: Doc, data: st.DataObject
) -> None:
    levels = policies["scps"]
    if not levels or not evaluate(request, policies).allowed:
        return
    place = data.draw(st.integers(0, len(levels) - 1))
    widened = [[*level, doc(more)] if place == number else level for number, level in enumerate(levels)]
    assert evaluate(request, policies | {"scps": widened}).allowed


@lawful
@given(policies=POLICIES, request=REQUESTS, empty=st.sampled_from([[], [doc()]]))
def test_adding_an_scp_level_that_allows_nothing_denies_everyone_in_an_account(
    policies: Doc, request: Doc, empty: list[Doc]
) -> None:
    if not request["principal"].startswith("arn:"):
        return
    decision = evaluate(request, policies | {"scps": [*(policies["scps"] or []), empty]})
    assert decision.kind is not None


@lawful
@given(policies=POLICIES, request=REQUESTS, data=st.data())
def test_the_order_of_statements_and_policies_does_not_matter(
    policies: Doc, request: Doc, data: st.DataObject
) -> None:
    def shuffled(found: Any) -> Any:
        if found is None:
            return None
        if isinstance(found, list):
            return [shuffled(one) for one in found]
        return found | {"Statement": data.draw(st.permutations(found["Statement"]))}

    other = {name: shuffled(found) for name, found in policies.items()}
    other["identityPolicies"] = other["identityPolicies"][::-1]
    before, after = evaluate(request, policies), evaluate(request, other)
    assert outcome(before) == outcome(after)


def outcome(decision: Decision) -> tuple[object, ...]:
    return decision.effect, decision.explicit, decision.layer


@lawful
@given(policies=POLICIES, request=REQUESTS)
def test_a_boundary_or_session_policy_never_adds_a_permission(policies: Doc, request: Doc) -> None:
    if evaluate(request, policies).allowed:
        free = {"permissionsBoundary": None, "sessionPolicy": None, "scps": None, "rcps": None}
        assert evaluate(request, policies | free).allowed


@lawful
@given(
    policies=POLICIES,
    request=REQUESTS,
    hidden=st.sets(st.sampled_from(["svc:k", "svc:m", "aws:PrincipalArn", "aws:userid"])),
)
def test_a_prediction_without_some_keys_never_contradicts_the_decision_with_them(
    policies: Doc, request: Doc, hidden: set[str]
) -> None:
    known = {key: value for key, value in request["context"].items() if key not in hidden}
    predicted = evaluate(request | {"context": known, "unknownKeys": sorted(hidden)}, policies)
    decided = evaluate(request, policies)
    if predicted.effect == "depends":
        assert set(predicted.depends_on) <= hidden
    else:
        assert predicted.effect == decided.effect


@lawful
@given(policies=POLICIES, request=REQUESTS)
def test_every_decision_can_be_explained(policies: Doc, request: Doc) -> None:
    decision = evaluate(request, policies)
    assert decision.trace[0].startswith(request["principal"].split(":", maxsplit=1)[0])
    assert decision.describe()
