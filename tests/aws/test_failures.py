from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as boto

from chaoskit.aws.failures import translated
from chaoskit.errors import AwsError, ChaoskitError, DeniedError, TargetError

CALL = "iam:AttachRolePolicy"
HEAD = "User: arn:aws:sts::444455556666:assumed-role/harness/s is not authorized to perform: iam:X"


def answer(code: str, message: str = "Something.", status: int = 400) -> boto.ClientError:
    return boto.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": status},
        },
        "AttachRolePolicy",
    )


def told(error: Exception, *, own_keys: bool = True) -> ChaoskitError:
    with pytest.raises(ChaoskitError) as raised, translated(CALL, own_keys=own_keys):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


def api_error(error: Exception, *, own_keys: bool = True) -> AwsError:
    found = told(error, own_keys=own_keys)
    assert isinstance(found, AwsError)
    assert str(found).startswith(f"{CALL} failed: {found.code}: ")
    return found


def test_what_goes_well_is_left_alone() -> None:
    with translated(CALL, own_keys=True):
        value = 1
    assert value == 1


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_what_is_not_botocores_is_left_alone(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, translated(CALL, own_keys=True):
        raise error
    assert raised.value is error


@pytest.mark.parametrize(
    ("reason", "layer"),
    [
        ("with an explicit deny in a service control policy", "scp"),
        ("because no service control policy allows the iam:X action", "scp"),
        ("with an explicit deny in a resource control policy", "rcp"),
        ("with an explicit deny in a permissions boundary", "boundary"),
        ("because no permissions boundary allows the iam:X action", "boundary"),
        ("because no session policy allows the iam:X action", "session"),
        ("with an explicit deny in an identity-based policy", "identity"),
        ("because no identity-based policy allows the iam:X action", "identity"),
        ("with an explicit deny in a resource-based policy", "resource"),
        ("with an explicit deny in a VPC endpoint policy", "endpoint"),
        ("because public access is prevented by the BlockPublicPolicy setting", "bpa"),
        ("", "unknown"),
    ],
)
def test_a_denial_names_the_layer_that_awss_own_words_name(reason: str, layer: str) -> None:
    # IAM User Guide, "Troubleshoot access denied error messages".
    denial = api_error(answer("AccessDenied", f"{HEAD} on resource: * {reason}".strip(), 403))
    assert isinstance(denial, DeniedError)
    assert (denial.layer, denial.request_id) == (layer, "r-1")


@pytest.mark.parametrize(
    "code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"]
)
def test_every_services_code_for_a_denial_is_a_denial(code: str) -> None:
    denial = api_error(answer(code, "Access Denied", 403))
    assert isinstance(denial, DeniedError)
    assert denial.layer == "unknown"


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
def test_an_expired_session_says_to_log_in_again(code: str) -> None:
    error = told(answer(code, "The security token included in the request is expired", 403))
    assert isinstance(error, TargetError)
    assert str(error) == (f"The AWS session has expired ({code}): log in again, then run the same command.")


@pytest.mark.parametrize(
    "code",
    ["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"],
)
def test_keys_that_aws_does_not_know_are_the_persons_to_fix(code: str) -> None:
    error = told(answer(code, "The security token is invalid.", 403))
    assert isinstance(error, TargetError)
    assert str(error) == (
        f"AWS does not accept these credentials ({code}: The security token is invalid.): "
        "check the profile's keys."
    )


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken", "InvalidSignatureException"])
def test_the_keys_of_a_fault_are_not_the_persons_to_fix(code: str) -> None:
    error = api_error(answer(code, status=403), own_keys=False)
    assert (error.code, error.sent, error.transient) == (code, True, False)


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("Throttling", 400, True),
        ("TooManyRequestsException", 429, True),
        ("ConcurrentModification", 409, True),
        ("OperationAborted", 409, True),
        ("EntityTemporarilyUnmodifiable", 409, True),
        ("ResourceConflictException", 409, True),
        ("InternalFailure", 500, True),
        ("NobodyKnowsThisOne", 503, True),
        ("NoSuchEntity", 404, False),
        ("ValidationError", 400, False),
    ],
)
def test_only_what_may_pass_by_itself_is_transient(code: str, status: int, transient: bool) -> None:
    error = api_error(answer(code, status=status))
    assert (error.code, error.request_id, error.sent, error.transient) == (code, "r-1", True, transient)


def test_an_answer_without_words_is_told_by_its_code() -> None:
    error = api_error(boto.ClientError({"Error": {"Code": "404"}}, "HeadBucket"))
    assert str(error) == f"{CALL} failed: 404: 404"
    assert error.request_id == ""


def test_an_answer_without_a_code_is_unknown() -> None:
    assert api_error(boto.ClientError({}, "HeadBucket")).code == "Unknown"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (boto.NoCredentialsError(), "aws sso login"),
        (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "AWS_PROFILE"),
        (boto.ProfileNotFound(profile="nosuch"), "aws configure list-profiles"),
        (boto.UnauthorizedSSOTokenError(), "aws sso login"),
        (boto.SSOTokenLoadError(error_msg="gone"), "aws sso login"),
        (boto.TokenRetrievalError(provider="sso", error_msg="gone"), "aws sso login"),
        (boto.CredentialRetrievalError(provider="process", error_msg="exit 1"), "could not be read"),
    ],
)
def test_credentials_that_can_not_be_used_come_with_what_to_do(error: Exception, advice: str) -> None:
    found = told(error)
    assert isinstance(found, TargetError)
    assert advice in str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize(
    "error",
    [
        boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        boto.ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"),
        boto.ProxyConnectionError(proxy_url="http://127.0.0.1:1"),
    ],
)
def test_a_call_that_never_reached_the_service_says_so(error: Exception) -> None:
    found = api_error(error)
    assert (found.code, found.sent, found.transient) == ("EndpointUnreachable", False, True)


@pytest.mark.parametrize(
    "error",
    [
        boto.ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
        boto.ConnectionClosedError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_a_call_whose_answer_was_lost_may_have_been_made(error: Exception) -> None:
    found = api_error(error)
    assert (found.code, found.sent, found.transient) == ("NoAnswer", True, True)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (boto.NoRegionError(), False),
        (boto.UnknownServiceError(service_name="x", known_service_names="y"), False),
        (boto.ParamValidationError(report="Missing required parameter"), False),
        (boto.DataNotFoundError(data_path="x"), True),
    ],
)
def test_whatever_else_botocore_raises_is_an_api_error(error: Any, sent: bool) -> None:
    found = api_error(error)
    assert (found.code, found.sent, found.transient) == (type(error).__name__, sent, False)
