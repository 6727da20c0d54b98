"""What is a policy document and what is not, and that nothing else ever happens.

`CHAOSKIT_FUZZ` says how many documents are fuzzed (1,000), `CHAOSKIT_FUZZ_SEED` with which seed; the whole
run is 10,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from chaoskit.policy import Kind, MalformedPolicyDocument, PolicyCache, compile_policy, evaluate
from tests.examples import examples
from tests.policy.support import ACCOUNT, ALICE, FULL, OBJECT, allow, deny, doc

if TYPE_CHECKING:
    from tests.policy.support import Doc

MANY = int(os.environ.get("CHAOSKIT_FUZZ", "1000"))
SEED = int(os.environ.get("CHAOSKIT_FUZZ_SEED", "20121017"))
S = "Statement[0]"
RESOURCE = allow("s3:*", "arn:aws:s3:::b/*", Principal="*")


def without(statement: Doc, *names: str) -> Doc:
    return {name: value for name, value in statement.items() if name not in names}


def faults(document: Any, kind: Kind = Kind.IDENTITY) -> list[str]:
    """The paths of all faults; empty for a document that is right."""
    try:
        compile_policy(document, kind)
    except MalformedPolicyDocument as error:
        return [fault.path for fault in error.faults]
    return []


MALFORMED: list[tuple[Any, Kind, str]] = [
    ([], Kind.IDENTITY, ""),
    (None, Kind.IDENTITY, ""),
    ("", Kind.IDENTITY, ""),
    ("{", Kind.IDENTITY, ""),
    ("[1]", Kind.IDENTITY, ""),
    ('{"Statement": NaN}', Kind.IDENTITY, ""),
    ("[" * 100_000, Kind.IDENTITY, ""),
    ('{"Statement": ' + "1" * 5000 + "}", Kind.IDENTITY, ""),
    ({"Version": "2012-10-17"}, Kind.IDENTITY, "Statement"),
    ({"Version": "2012-10-17", "Statement": "Allow"}, Kind.IDENTITY, "Statement"),
    ({"Version": "2012-10-17", "Statement": ["Allow"]}, Kind.IDENTITY, S),
    (doc(allow(), version="2012-10-18"), Kind.IDENTITY, "Version"),
    (doc(allow()) | {"Version": 2012}, Kind.IDENTITY, "Version"),
    (doc(allow()) | {"Id": 5}, Kind.IDENTITY, "Id"),
    (doc(allow()) | {"Statements": []}, Kind.IDENTITY, "Statements"),
    (doc(allow()) | {5: 6}, Kind.IDENTITY, "a number"),
    (doc(allow(Resources="*")), Kind.IDENTITY, f"{S}.Resources"),
    ({"Statement": allow(Effect="allow")}, Kind.IDENTITY, "Statement.Effect"),
    (doc(without(allow(), "Effect")), Kind.IDENTITY, f"{S}.Effect"),
    (doc(allow(Effect=["Allow"])), Kind.IDENTITY, f"{S}.Effect"),
    (doc(without(allow(), "Action")), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow(NotAction="s3:*")), Kind.IDENTITY, f"{S}.NotAction"),
    (doc(allow([])), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow({})), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow(["s3:*", 5])), Kind.IDENTITY, f"{S}.Action[1]"),
    (doc(allow("GetObject")), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow("s3:")), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow("s3:Get:Object")), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow("s3*:Get")), Kind.IDENTITY, f"{S}.Action"),
    (doc(allow("s3: Get")), Kind.IDENTITY, f"{S}.Action"),
    (doc(without(allow(), "Resource")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(NotResource="*")), Kind.IDENTITY, f"{S}.NotResource"),
    (doc(allow(resource="bkt")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(resource="")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(resource=["*", "arn:aws:s3"])), Kind.IDENTITY, f"{S}.Resource[1]"),
    (doc(allow(resource="arn:aws:sqs:us-*1:jobs")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(resource="arn:azure:s3:::b")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(resource="arn:aws:*:::b")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(resource="arn:aws::::b")), Kind.IDENTITY, f"{S}.Resource"),
    (doc(allow(Principal="*")), Kind.IDENTITY, f"{S}.Principal"),
    (doc(allow(Sid=5)), Kind.IDENTITY, f"{S}.Sid"),
    (doc(allow(Sid="with space")), Kind.IDENTITY, f"{S}.Sid"),
    (doc(allow(Sid="A"), deny(Sid="A")), Kind.IDENTITY, "Statement[1].Sid"),
    (doc(allow(Condition=[])), Kind.IDENTITY, f"{S}.Condition"),
    (doc(allow(Condition={"Equals": {"a:b": "c"}})), Kind.IDENTITY, f"{S}.Condition.Equals"),
    (doc(allow(Condition={"NullIfExists": {"a:b": "true"}})), Kind.IDENTITY, f"{S}.Condition.NullIfExists"),
    (
        doc(allow(Condition={"ForSome:StringLike": {"a:b": "c"}})),
        Kind.IDENTITY,
        f"{S}.Condition.ForSome:StringLike",
    ),
    (doc(allow(Condition={"Bool": "true"})), Kind.IDENTITY, f"{S}.Condition.Bool"),
    (doc(allow(Condition={"Bool": {"key": "true"}})), Kind.IDENTITY, f"{S}.Condition.Bool.key"),
    (doc(allow(Condition={"Bool": {"a:b": None}})), Kind.IDENTITY, f"{S}.Condition.Bool.a:b"),
    (doc(allow(Condition={"Bool": {"a:b": ["true", {}]}})), Kind.IDENTITY, f"{S}.Condition.Bool.a:b[1]"),
    (doc(allow(Condition={"Bool": {"a:b": 10**5000}})), Kind.IDENTITY, f"{S}.Condition.Bool.a:b"),
    (doc(without(RESOURCE, "Principal")), Kind.RESOURCE, f"{S}.Principal"),
    (doc(RESOURCE | {"Principal": "me"}), Kind.RESOURCE, f"{S}.Principal"),
    (doc(RESOURCE | {"Principal": {}}), Kind.RESOURCE, f"{S}.Principal"),
    (doc(RESOURCE | {"Principal": {"User": "x"}}), Kind.RESOURCE, f"{S}.Principal.User"),
    (doc(RESOURCE | {"Principal": {"AWS": []}}), Kind.RESOURCE, f"{S}.Principal.AWS"),
    (doc(RESOURCE | {"Principal": {"AWS": "1234"}}), Kind.RESOURCE, f"{S}.Principal.AWS"),
    (
        doc(RESOURCE | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}}),
        Kind.RESOURCE,
        f"{S}.Principal.AWS",
    ),
    (
        doc(RESOURCE | {"Principal": {"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:group/g"]}}),
        Kind.RESOURCE,
        f"{S}.Principal.AWS[1]",
    ),
    (doc(RESOURCE | {"Principal": {"Service": "*"}}), Kind.RESOURCE, f"{S}.Principal.Service"),
    (doc(RESOURCE | {"NotPrincipal": {"AWS": ACCOUNT}}), Kind.RESOURCE, f"{S}.NotPrincipal"),
    (doc(without(RESOURCE, "Resource")), Kind.RESOURCE, f"{S}.Resource"),
    (doc(allow("sts:AssumeRole", Principal="*")), Kind.TRUST, f"{S}.Resource"),
    (doc(without(allow("s3:*", Principal="*"), "Resource")), Kind.TRUST, f"{S}.Action"),
    (
        doc({"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": ACCOUNT}}),
        Kind.TRUST,
        f"{S}.NotPrincipal",
    ),
    (doc(allow(), version="2008-10-17"), Kind.SCP, "Version"),
    (doc(allow(Principal="*")), Kind.SCP, f"{S}.Principal"),
    (doc(allow("s3:*", Principal="*")), Kind.RCP, f"{S}.Effect"),
    (doc(deny("s3:*")), Kind.RCP, f"{S}.Principal"),
    (doc(deny("s3:*", Principal={"AWS": ACCOUNT})), Kind.RCP, f"{S}.Principal"),
    (
        doc({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Principal": "*"}),
        Kind.RCP,
        f"{S}.NotAction",
    ),
]


@pytest.mark.parametrize(("document", "kind", "path"), MALFORMED)
def test_a_malformed_document_is_refused_where_its_fault_is(document: Any, kind: Kind, path: str) -> None:
    assert path in faults(document, kind)


WELL_FORMED: list[tuple[Any, Kind]] = [
    (doc(), Kind.IDENTITY),
    (json.dumps(FULL), Kind.IDENTITY),
    ({"Statement": allow()}, Kind.IDENTITY),
    (doc(allow(Sid=""), deny(Sid="")), Kind.IDENTITY),
    (doc(allow(["s3:Get*", "iam:*Key*", "execute-api:Invoke"])), Kind.IDENTITY),
    (doc(allow(resource=["arn:aws:s3:::b", "arn:aws-cn:s3:::b/*", "arn:*:iam::*:role/x"])), Kind.IDENTITY),
    (doc(allow(resource="arn:aws:iam::aws:policy/*")), Kind.IDENTITY),
    (doc(allow(resource=["arn:aws:sns:*", "arn:aws:sqs:*:jobs", "arn:aws:s3:::"])), Kind.IDENTITY),
    (doc(allow(Condition={})), Kind.IDENTITY),
    (doc(allow(Condition={"stringlike": {"saml:sub": ["a", 1, True]}})), Kind.IDENTITY),
    (doc(allow(Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": []}})), Kind.IDENTITY),
    (doc(RESOURCE | {"Sid": "Any words: really!"}), Kind.RESOURCE),
    (
        doc(RESOURCE | {"Principal": {"AWS": ["*", ACCOUNT, ALICE], "Service": "s3.amazonaws.com"}}),
        Kind.RESOURCE,
    ),
    (doc(RESOURCE | {"Principal": {"CanonicalUser": "79a59df900b949e5"}}), Kind.RESOURCE),
    (doc(RESOURCE | {"Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}}), Kind.RESOURCE),
    (doc(allow("execute-api:Invoke", "execute-api:/*", Principal="*")), Kind.RESOURCE),
    (doc(without(allow("SNS:Publish", Principal="*"), "Resource")), Kind.RESOURCE),
    (doc(without(allow(["sts:AssumeRole", "sts:TagSession"], Principal="*"), "Resource")), Kind.TRUST),
    (doc({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b"}), Kind.SCP),
    (doc(deny(["s3:*", "sqs:*"], Principal="*", Sid="Perimeter")), Kind.RCP),
    (doc({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}), Kind.RCP),
]


@pytest.mark.parametrize(("document", "kind"), WELL_FORMED)
def test_a_well_formed_document_is_taken(document: Any, kind: Kind) -> None:
    assert faults(document, kind) == []


def test_the_policies_that_aws_manages_are_taken() -> None:
    managed = {name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()}
    tried = sorted(managed)[:: max(1, 10_000 // MANY)]
    assert len(tried) > MANY / 10
    assert {name: found for name in tried if (found := faults(managed[name]))} == {}


def test_all_faults_of_a_document_are_told_at_once() -> None:
    bad = doc(allow("GetObject", "bkt"), {"Effect": "allow", "Action": "s3:*", "Resource": "*"})
    with pytest.raises(MalformedPolicyDocument) as caught:
        compile_policy(bad, Kind.IDENTITY)
    error = caught.value
    assert [fault.path for fault in error.faults] == [f"{S}.Action", f"{S}.Resource", "Statement[1].Effect"]
    assert error.path == f"{S}.Action"
    assert "s3:GetObject" in error.reason
    assert str(error).startswith(f"{S}.Action: {error.reason}; {S}.Resource: ")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Version"),
        (
            '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
            "Statement.Effect",
        ),
        (
            (
                '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",'
                ' "Condition": {"Bool": {"a:b": "true", "a:b": "false"}}}}'
            ),
            "Statement.Condition.Bool.a:b",
        ),
    ],
)
def test_an_element_given_twice_is_refused(text: str, path: str) -> None:
    assert faults(text) == [path]


def test_evaluate_tells_which_policy_is_malformed() -> None:
    request = {"principal": ALICE, "action": "s3:GetObject", "resource": OBJECT}
    with pytest.raises(MalformedPolicyDocument) as caught:
        evaluate(request, {"scps": [[FULL], [FULL, doc(allow("oops"))]]})
    assert caught.value.path == "scps[1][1].Statement[0].Action"


def test_the_cache_compiles_equal_documents_once_and_forgets_the_oldest() -> None:
    cache = PolicyCache(size=2)
    text = json.dumps(FULL)
    first = cache.compile(text, Kind.IDENTITY, "a")
    assert cache.compile(json.loads(text), Kind.IDENTITY, "a") is first
    assert cache.compile(text, Kind.SCP, "a") is not first
    assert cache.compile(text, Kind.IDENTITY, "a") is first
    cache.compile(text, Kind.IDENTITY, "b")
    cache.compile(text, Kind.IDENTITY, "c")
    assert cache.compile(text, Kind.IDENTITY, "a") is not first
    with pytest.raises(MalformedPolicyDocument):
        cache.compile({"Statement": {1, 2}}, Kind.IDENTITY)


WORDS = (
    *("Version", "Id", "Statement", "Sid", "Effect", "Allow", "Deny", "Action", "NotAction", "Resource"),
    *("NotResource", "Principal", "NotPrincipal", "AWS", "Service", "Condition", "StringLike", "Null"),
    *("ForAnyValue:ArnLikeIfExists", "aws:username", "${aws:username}", "${", "*", "?", "s3:*", "*:*", ""),
    *("arn:aws:s3:::b/${*}*", "arn:aws:s3:*a*a?:*", "2012-10-17", "2008-10-17", ACCOUNT, ALICE, "\ud800"),
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "\x00",
    "\u2028",
    {},
    [],
    (),
)
ROOTS = (
    doc(allow(Sid="A", Condition={"StringLike": {"aws:username": ["a", "${aws:x}*"]}}), deny("s3:*")),
    doc(RESOURCE, RESOURCE | {"Principal": {"AWS": [ACCOUNT, ALICE], "Service": "s3.amazonaws.com"}}),
    doc({"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": ["sts:AssumeRole"]}),
)


def mutated(value: Any, random: Random, chance: float) -> Any:
    """The same tree with some of its nodes replaced, dropped, doubled or renamed."""
    if random.random() < chance:
        return random.choice((*ODD, *WORDS, [value], {"AWS": value}, [value, value]))
    if isinstance(value, dict):
        return {
            random.choice((*WORDS, 5, None)) if random.random() < chance else key: mutated(
                item, random, chance
            )
            for key, item in value.items()
            if random.random() > chance / 2
        }
    if isinstance(value, list):
        return [mutated(item, random, chance) for item in value if random.random() > chance / 2]
    return value


def test_fuzzed_documents_are_taken_or_refused_as_malformed() -> None:
    random = Random(SEED)  # noqa: S311 - reproducible, not secret
    outcomes: Counter[str] = Counter()
    for number in range(MANY):
        document = mutated(random.choice(ROOTS), random, random.choice((0.01, 0.05, 0.2)))
        kind = random.choice(tuple(Kind))
        try:
            policy = compile_policy(json.dumps(document) if number % 2 else document, kind)
        except MalformedPolicyDocument as error:
            outcomes[str(error.path.partition(".")[0])] += 1
        else:
            outcomes["taken"] += 1
            policy.candidates("s3:getobject")
    assert outcomes["taken"] > MANY / 20
    assert outcomes["Statement[0]"] > MANY / 20


JUNK = st.recursive(
    st.sampled_from(WORDS) | st.text(max_size=8) | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(derandomize=True, max_examples=examples(300), deadline=None, database=None)
@given(statement=JUNK, more=JUNK, kind=st.sampled_from(Kind))
def test_any_tree_is_a_policy_or_malformed(statement: Any, more: Any, kind: Kind) -> None:
    faults(
        {"Version": "2012-10-17", "Statement": [statement, allow(Condition=more), allow(Principal=more)]},
        kind,
    )
    faults(more, kind)


@settings(derandomize=True, max_examples=examples(300), deadline=None, database=None)
@given(text=st.text(max_size=40))
def test_any_text_is_json_or_malformed(text: str) -> None:
    assert faults(text)
