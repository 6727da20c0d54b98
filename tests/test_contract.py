from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from chaoskit.aws import Call, Credentials
from chaoskit.contract import FAULTS, PROBES, About, Change, Fault, Observation, Probe, session_name
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.registry import Registry
from tests.samples import NOW, Saying, attempt, trace

TRACE_ID = "20260301T120000-abc123.1"
LEAKED = Credentials("AKIAIOSFODNN7EXAMPLE", "a-secret")
# A CloudTrail record of the attempt that `samples.attempt()` makes, by somebody else.
RECORD: dict[str, Any] = {
    "eventName": "AttachRolePolicy",
    "eventSource": "iam.amazonaws.com",
    "requestID": "another-request",
    "userAgent": "Boto3/1.40.0 md/Botocore#1.40.0",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/alice"},
}


def test_a_record_with_the_runs_user_agent_was_caused_by_it() -> None:
    tie = trace(attempt()).caused({**RECORD, "userAgent": f"Boto3/1.40.0 chaoskit/0.1.0 run/{TRACE_ID}"})
    assert tie is not None
    assert tie.by == "user agent"


def test_a_record_with_the_runs_session_name_was_caused_by_it() -> None:
    arn = f"arn:aws:sts::444455556666:assumed-role/harness/{session_name(TRACE_ID)}"
    tie = trace(attempt()).caused({**RECORD, "userIdentity": {"arn": arn}})
    assert tie is not None
    assert tie.by == "session name"


def test_a_record_signed_with_the_key_that_the_fault_used_was_caused_by_it() -> None:
    made = attempt(call=Call("sagemaker-runtime", "InvokeEndpoint", signed_by=LEAKED))
    identity = {"accessKeyId": LEAKED.access_key_id}
    tie = trace(made).caused({**RECORD, "eventName": "InvokeEndpoint", "userIdentity": identity})
    assert tie is not None
    assert tie.by == "access key id"


def test_a_record_of_the_very_request_was_caused_by_the_run() -> None:
    tie = trace(attempt(request_id="r-1")).caused({**RECORD, "requestID": "r-1"})
    assert tie is not None
    assert tie.by == "request id"


def test_the_request_id_tells_two_calls_of_one_operation_apart() -> None:
    first, second = attempt(request_id="r-1"), attempt(request_id="r-2")
    tie = trace(first, second).caused({**RECORD, "requestID": "r-2"})
    assert tie is not None
    assert tie.attempt is second


def test_what_the_run_itself_reads_is_no_evidence_of_a_fault_that_reads_the_same_way() -> None:
    fault = attempt(call=Call("s3", "GetObject", Bucket="b", Key="k"), request_id="r-1")
    look = {**RECORD, "eventName": "GetObject", "readOnly": True, "userAgent": f"run/{TRACE_ID}"}
    assert trace(fault).caused(look) is None
    assert trace(fault).caused({**look, "requestID": "r-1"}) is not None
    unanswered = replace(fault, request_id="")  # then its record can only be told by its name
    assert trace(unanswered).caused(look) is not None


def test_an_event_name_may_carry_the_apis_version() -> None:
    made = attempt(operation="AddPermission", request_id="r-1")
    record = {**RECORD, "eventName": "AddPermission20150331v2", "userAgent": f"run/{TRACE_ID}"}
    assert trace(made).caused(record) is not None


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        {**RECORD, "userAgent": f"run/{TRACE_ID}0"},
        {**RECORD, "userAgent": f"xrun/{TRACE_ID}"},
        {**RECORD, "userIdentity": None},
        {**RECORD, "userIdentity": {"arn": f"arn:aws:sts::444455556666:assumed-role/x/my-{TRACE_ID}"}},
        {**RECORD, "eventName": "DetachRolePolicy", "userAgent": f"run/{TRACE_ID}"},
        {},
    ],
    ids=[
        "somebody-else",
        "a-run-whose-id-begins-alike",
        "another-word",
        "no-identity",
        "another-session",
        "another-operation",
        "nothing",
    ],
)
def test_what_others_did_is_no_evidence(record: dict[str, Any]) -> None:
    assert trace(attempt(request_id="r-1")).caused(record) is None


def test_a_run_that_made_no_call_caused_nothing() -> None:
    assert trace().caused({**RECORD, "userAgent": f"run/{TRACE_ID}"}) is None


def test_what_a_run_touched_are_the_names_it_gave_and_the_keys_it_used() -> None:
    made = attempt(
        call=Call("sagemaker-runtime", "InvokeEndpoint", signed_by=LEAKED, EndpointName="e", Body=b"")
    )
    # What AWS owns, such as a managed policy, is nobody's resource.
    assert trace(made, attempt()).touched() == {
        "e",
        LEAKED.access_key_id,
        "training",
    }


def test_a_session_name_is_one_that_sts_accepts() -> None:
    # AWS STS API Reference, AssumeRole: 2 to 64 characters of [\w+=,.@-].
    assert session_name(TRACE_ID) == f"chaoskit-{TRACE_ID}"
    assert len(session_name(f"{TRACE_ID}00")) <= 64


def test_a_faults_parameters_are_keywords_and_do_not_change() -> None:
    made = AttachRolePolicy(role="training")
    with pytest.raises(FrozenInstanceError):
        made.role = "other"  # type: ignore[misc] # that is the test
    with pytest.raises(TypeError):
        AttachRolePolicy("training")  # type: ignore[call-arg] # that is the test


def test_faults_with_the_same_parameters_are_equal() -> None:
    assert AttachRolePolicy(role="training") == AttachRolePolicy(role="training")
    assert AttachRolePolicy(role="training") != AttachRolePolicy(role="other")


def test_the_registries_list_their_elements_by_name() -> None:
    assert [element.about.name for element in FAULTS] == FAULTS.names() == sorted(FAULTS.names())
    assert [element.about.name for element in PROBES] == PROBES.names() == sorted(PROBES.names())
    assert not set(FAULTS.names()) & set(PROBES.names())


def test_a_registry_knows_nothing_by_an_unknown_name() -> None:
    assert FAULTS.get("iam.no-such-fault") is None


def test_a_registry_finds_the_modules_of_its_package() -> None:
    assert FAULTS.get("iam.attach-role-policy") is AttachRolePolicy


def test_a_name_can_be_taken_once() -> None:
    registry: Registry[type[Fault]] = Registry("chaoskit.faults")

    class One(Fault):
        about = About("iam.attach-role-policy", "identity")

    class Two(One):
        pass

    registry.add(One)
    with pytest.raises(ValueError, match=r"iam\.attach-role-policy is defined twice: .*One.*Two"):
        registry.add(Two)


def test_the_summary_is_the_docstrings_first_line() -> None:
    assert (
        AttachRolePolicy.summary()
        == "Attach a managed policy to a role, as an intruder widening a foothold would."
    )


def test_a_fault_or_probe_without_code_does_not_pretend_to_have_some() -> None:
    with pytest.raises(NotImplementedError):
        Fault().changes(Any)  # type: ignore[arg-type] # it is not used
    with pytest.raises(NotImplementedError):
        Probe().look(Any, trace())  # type: ignore[arg-type] # it is not used


def test_a_probe_that_needs_no_telemetry_is_ready() -> None:
    assert Probe().ready(Any).holds  # type: ignore[arg-type] # it is not used


def test_an_observation_holds_no_evidence_until_it_is_given_some() -> None:
    first, second = Observation(holds=None, summary="?"), Saying(answer=None).look(Any, trace())  # type: ignore[arg-type] # it is not used
    assert first.evidence == second.evidence == {}
    assert (first.at, first.cause, first.final) == (None, None, False)
    assert replace(first, at=NOW).at == NOW


def test_a_burst_must_leave_nothing_behind() -> None:
    call = Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="an-endpoint")
    assert Change(do=call, beside=(call, call)).beside == (call, call)
    with pytest.raises(ValueError, match="a burst must leave nothing behind"):
        Change(do=call, undo=(call,), beside=(call,))


def test_a_call_to_another_region_must_leave_nothing_behind_since_undos_are_made_in_this_one() -> None:
    there, here = Call("s3", "CreateBucket", region="eu-west-2"), Call("s3", "DeleteBucket")
    assert Change(do=there).do.region == "eu-west-2"
    with pytest.raises(ValueError, match="a call to another region must leave nothing behind"):
        Change(do=there, undo=(here,))


def test_what_a_call_names_in_a_structure_is_touched_too() -> None:
    logging = {"cloudWatchConfig": {"logGroupName": "a-group"}, "textDataDeliveryEnabled": False}
    call = Call("bedrock", "PutModelInvocationLoggingConfiguration", loggingConfig=logging)
    assert replace(attempt(), call=call, resource=frozenset()).touched() == {"a-group"}


def test_what_many_things_have_alike_names_none_of_them() -> None:
    key = Call("kms", "PutKeyPolicy", KeyId="a-key", PolicyName="default", Policy="{}")
    method = Call("apigateway", "UpdateMethod", restApiId="an-api", resourceId="a-path", httpMethod="POST")
    made = [replace(attempt(), call=call, resource=frozenset()) for call in (key, method)]
    assert trace(*made).touched() == {"a-key", "{}", "an-api", "a-path"}


def test_an_element_lies_in_the_module_of_its_name() -> None:
    for element in (*FAULTS, *PROBES):
        assert element.__module__.rpartition(".")[2] == re.sub("[^a-z0-9]+", "_", element.about.name)


def test_a_run_imports_the_elements_that_it_needs_and_no_log_that_nobody_reads() -> None:
    asked = """
import sys, chaoskit.api
from chaoskit.contract import FAULTS
assert FAULTS.get("iam.attach-role-policy")
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert "structlog" not in imported
    assert [each for each in imported if re.match(r"chaoskit\.faults\.[a-z]", each)] == [
        "chaoskit.faults.iam_attach_role_policy"
    ]


def test_a_name_that_is_no_module_is_nobodys() -> None:
    assert [FAULTS.get(name) for name in ("", ".documents", "os", "../contract", "x" * 100_000, "\0")] == [
        None
    ] * 6
