"""Every fault and probe there is, held against AWS's own API models."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import re
import types
import typing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import botocore.session
import jmespath
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationNotFoundError, StructureShape
from botocore.validate import ParamValidator

from chaoskit.aws import Call
from chaoskit.aws.session import _READS
from chaoskit.contract import FAULTS, LAYERS, PROBES, Attempt, Trace
from chaoskit.knowledge import catalog
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape

    from chaoskit.aws import Message, Query
    from chaoskit.contract import Element, Fault, Probe

E = TypeVar("E", bound="Element")
ELEMENTS: list[type[Element]] = [*FAULTS, *PROBES]
_OURS = {"StringEquals": {"aws:SourceAccount": "444455556666"}}
DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Condition": _OURS}}
)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "secret-of-the-reply"
RECORD = json.dumps({"eventID": "an-id", "eventName": "a-name", "eventTime": "2026-03-01T12:00:00Z"})


def _name(element: type[Element]) -> str:
    return element.about.name


elements = pytest.mark.parametrize("element", ELEMENTS, ids=_name)
faults = pytest.mark.parametrize("fault", list(FAULTS), ids=_name)
probes = pytest.mark.parametrize("probe", list(PROBES), ids=_name)
before = pytest.mark.parametrize("absent", [False, True], ids=["there-was-one", "there-was-none"])


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


@functools.cache
def _operation(service: str, operation: str) -> OperationModel:
    return _session().get_service_model(service).operation_model(operation)


def _faults_in(call: Call | Query) -> str:
    """What botocore finds wrong with the parameters of a call; empty when nothing is."""
    shape = _operation(call.service, call.operation).input_shape
    if shape is None:
        return "" if not call.params else f"{call} takes no parameters"
    return str(ParamValidator().validate(dict(call.params), shape).generate_report())


def _answer(query: Query) -> Any:
    """What AWS's model says the answer looks like, as the query selects it from all pages."""
    answer = _example(_operation(query.service, query.operation).output_shape)
    try:
        pages = _session().get_paginator_model(query.service).get_paginator(query.operation)
    except (ValueError, UnknownServiceError):
        pass
    else:
        # Of a paginated answer, botocore keeps the results and what is the same on all pages.
        kept = [pages["result_key"]] if isinstance(pages["result_key"], str) else pages["result_key"]
        kept = [key.partition(".")[0] for key in [*kept, *pages.get("non_aggregate_keys", [])]]
        answer = {key: value for key, value in answer.items() if key in kept}
    value = jmespath.search(query.select, answer)
    return json.loads(value) if query.parse_json else value


def _example(shape: Shape | None, name: str = "", depth: int = 0) -> Any:
    """A value of that shape: every member of a structure, one item in a list."""
    if shape is None or depth > 6:
        return {}
    match shape:
        case StructureShape():
            return {key: _example(member, key, depth + 1) for key, member in shape.members.items()}
        case ListShape():
            return [_example(shape.member, name, depth + 1)]
        case MapShape():
            return _AnyKey(key=_example(shape.value, name, depth + 1))
    if shape.type_name == "string":
        texts = {
            "Policy": DOCUMENT,
            "Document": DOCUMENT,
            "PolicyDocument": DOCUMENT,
            "ResourcePolicy": DOCUMENT,
            "AssumeRolePolicyDocument": DOCUMENT,
            "SecretAccessKey": SECRET,
            "CloudTrailEvent": RECORD,
            "HistoryData": json.dumps({"newState": {"stateValue": "ALARM"}}),
        }
        enum = getattr(shape, "enum", None)
        text = f"arn:aws:logs:us-east-1:444455556666:log-group:a-{name}:*" if name.endswith("Arn") else ""
        if enum:  # a query that never ends would be waited for
            return next((value for value in ("SUCCEEDED", "Complete") if value in enum), enum[0])
        return texts.get(name, text or f"a-{name or 'text'}")
    plain = {"boolean": True, "timestamp": NOW.isoformat(), "blob": b"", "double": 1.0, "float": 1.0}
    return plain.get(shape.type_name, 1)


class _AnyKey(dict[str, Any]):
    """A map of which the model does not tell the keys: it has whichever is asked for."""

    def get(self, key: str, default: Any = None) -> Any:
        del default
        return super().get(key, self["key"])


class ModelReader:
    """Answers every query as AWS's model says it would, and keeps what was asked."""

    account = "444455556666"
    region = "us-east-1"

    def __init__(self, *, absent: bool = False) -> None:
        self.absent = absent
        self.asked: list[Query] = []
        self.received = False

    def read(self, query: Query) -> Any:
        self.asked.append(query)
        return None if self.absent and query.absent else _answer(query)

    def messages(self, queue_url: str) -> list[Message]:
        del queue_url
        self.received = True
        return []


def _parameter(kind: Any, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _parameter(arguments[0], name)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (_parameter(arguments[0], name),)
    return {str: f"a-{name}", int: 1, float: 1.0, bool: True, Duration: Duration(60)}[kind]


def _made(element: type[E]) -> E:
    """The element with a value of its type for each parameter that has no default."""
    hints = typing.get_type_hints(element)
    fields = dataclasses.fields(typing.cast("Any", element))
    return element(
        **{
            field.name: _parameter(hints[field.name], field.name)
            for field in fields
            if field.default is dataclasses.MISSING and field.name not in element.example
        }
        | dict(element.example)
    )


def test_there_are_faults_and_probes() -> None:
    assert {"iam.attach-role-policy", "s3.public-bucket-acl", "sagemaker.leaked-key-invocation"} <= set(
        FAULTS.names()
    )
    assert {"call.denied", "eventbridge.matched", "ssm.runbook-succeeded"} <= set(PROBES.names())


@elements
def test_an_elements_name_is_its_files_name(element: type[Element]) -> None:
    assert element.__module__.rpartition(".")[2] == re.sub(r"[.-]", "_", element.about.name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*", element.about.name)


@elements
def test_an_element_says_in_one_sentence_what_it_is_for(element: type[Element]) -> None:
    assert element.summary().endswith(".")
    assert len(element.summary()) <= 110


@elements
def test_every_parameter_is_documented_and_nothing_else_is(element: type[Element]) -> None:
    _, _, attributes = (inspect.getdoc(element) or "").partition("\nAttributes:\n")
    documented = re.findall(r"^    (\w+): \S", attributes, re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(typing.cast("Any", element))]


@elements
def test_a_parameter_is_of_a_kind_that_an_experiment_can_give(element: type[Element]) -> None:
    assert _made(element)


@faults
def test_a_fault_is_mapped_to_its_layer_and_to_attack_techniques(fault: type[Fault]) -> None:
    assert fault.about.layer in LAYERS
    assert fault.about.attack
    assert len(set(fault.about.attack)) == len(fault.about.attack)


@faults
def test_a_faults_ids_are_those_of_their_catalogs_newest_version(fault: type[Fault]) -> None:
    assert set(fault.about.attack) <= set(catalog("attack").entries)
    assert set(fault.about.atlas) <= set(catalog("atlas").entries)
    assert set(fault.about.owasp_ml) <= set(catalog("owasp_ml").entries)


@probes
def test_a_probe_declares_reads_that_aws_has_and_that_change_nothing(probe: type[Probe]) -> None:
    for read in probe.reads:
        service, _, operation = read.partition(":")
        try:
            assert _operation(service, operation).name == operation
        except (UnknownServiceError, OperationNotFoundError):
            pytest.fail(f"{_name(probe)} reads {read}, which AWS does not have")
        assert _READS.match(operation)
    assert len(set(probe.reads)) == len(probe.reads)


@probes
@before
def test_a_probe_reads_only_what_it_declares_and_as_aws_accepts_it(probe: type[Probe], absent: bool) -> None:
    reader = ModelReader(absent=absent)
    made = _made(probe)
    made.ready(reader)
    made.look(reader, _trace())
    asked = {str(query) for query in reader.asked} | ({"sqs:ReceiveMessage"} if reader.received else set())
    assert asked <= set(probe.reads)
    assert [_faults_in(query) for query in reader.asked] == [""] * len(reader.asked)
    for query in reader.asked:
        assert _answer(query) is not None, f"{query.select} names nothing that {query} answers"


@probes
def test_a_probe_that_reads_nothing_of_the_account_declares_nothing(probe: type[Probe]) -> None:
    reader = ModelReader()
    made = _made(probe)
    made.ready(reader)
    made.look(reader, _trace())
    assert bool(reader.asked) is bool(probe.reads)


@probes
def test_a_look_answers_in_a_sentence_with_evidence_that_json_holds(probe: type[Probe]) -> None:
    answer = _made(probe).look(ModelReader(), _trace())
    assert answer.summary
    assert "\n" not in answer.summary
    assert json.loads(json.dumps(dict(answer.evidence))) == answer.evidence


def _trace() -> Trace:
    call = Call("iam", "AttachRolePolicy", RoleName="a-role", PolicyArn="arn:aws:iam::aws:policy/X")
    made: Mapping[str, Any] = {"fault": "iam.attach-role-policy", "call": call, "at": NOW}
    return Trace("20260301T120000-abc123.1", NOW, (Attempt(**made, outcome="applied"),))
