"""botocore's exceptions as chaoskit's: who is to blame, and what a person can do about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chaoskit.errors import AwsError, DeniedError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "UnauthorizedAccess",
        "403",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_BAD_KEYS = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
    }
)
_TRANSIENT = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "PriorRequestNotComplete",
        "SlowDown",
        "ConcurrentModification",
        "ConcurrentModificationException",
        # IAM's, for some seconds after a login profile or certificate is made: its undo must outlast them.
        "EntityTemporarilyUnmodifiable",
        # SageMaker's, while a job is being stopped that is to be deleted.
        "ResourceInUse",
        "OperationAborted",
        # Lambda's, while an earlier update of the function is in progress (Lambda Developer Guide, "Lambda
        # function states"). For what exists already it says the same, and is asked in vain for a minute.
        "ResourceConflictException",
        "InternalError",
        "InternalFailure",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
    }
)
_SERVER_ERROR = 500


@contextmanager
def translated(call: str, *, own_keys: bool) -> Iterator[None]:
    """Raise chaoskit's exceptions for botocore's.

    Args:
        call: What was called, for the message.
        own_keys: True when the run's own credentials sign; bad keys are then the person's to fix.

    Raises:
        TargetError: Credentials are missing, wrong or expired, or the endpoint can't be reached.
        DeniedError: A policy refused.
        AwsError: Anything else the API answered, or no answer.
    """
    from botocore import exceptions as boto  # noqa: PLC0415 - importing chaoskit.aws must stay cheap
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    try:
        yield
    except boto.ClientError as error:
        raise _client_error(call, error, own_keys=own_keys) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
        raise TargetError(
            "No AWS credentials were found: log in (aws sso login), set AWS_PROFILE or pass --profile."
        ) from error
    except boto.ProfileNotFound as error:
        raise TargetError(f"{error}. `aws configure list-profiles` shows which there are.") from error
    except (boto.SSOTokenLoadError, boto.UnauthorizedSSOTokenError, boto.TokenRetrievalError) as error:
        raise TargetError(f"The AWS login has ended ({error}): run `aws sso login` again.") from error
    except boto.CredentialRetrievalError as error:
        raise TargetError(f"AWS credentials could not be read: {error}.") from error
    except (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError) as error:
        raise AwsError(call, "EndpointUnreachable", str(error), sent=False, transient=True) from error
    except (boto.HTTPClientError, ResponseParserError) as error:  # a garbled answer is none
        raise AwsError(call, "NoAnswer", str(error), transient=True) from error
    except (boto.ParamValidationError, boto.NoRegionError, boto.UnknownServiceError) as error:
        raise AwsError(call, type(error).__name__, str(error), sent=False) from error
    except boto.BotoCoreError as error:
        raise AwsError(call, type(error).__name__, str(error)) from error


def _client_error(call: str, error: ClientError, *, own_keys: bool) -> AwsError | TargetError:
    from chaoskit.policy import parse_denial  # noqa: PLC0415 - only a denial needs it

    answer = error.response
    code = str(answer.get("Error", {}).get("Code", "Unknown"))
    message = str(answer.get("Error", {}).get("Message", "")) or code
    metadata = answer.get("ResponseMetadata", {})
    request_id = str(metadata.get("RequestId", ""))
    if code in _EXPIRED and own_keys:
        return TargetError(f"The AWS session has expired ({code}): log in again, then run the same command.")
    if code in _BAD_KEYS and own_keys:
        return TargetError(
            f"AWS does not accept these credentials ({code}: {message}): check the profile's keys."
        )
    if code in _DENIED:
        denial = parse_denial(message)
        layer = denial.layer if denial and denial.layer else "unknown"
        return DeniedError(call, code, message, layer=layer, request_id=request_id)
    transient = code in _TRANSIENT or metadata.get("HTTPStatusCode", 0) >= _SERVER_ERROR
    return AwsError(call, code, message, request_id=request_id, transient=transient)
