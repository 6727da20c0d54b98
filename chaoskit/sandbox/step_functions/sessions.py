"""The sessions of a state machine's role, one for each execution, and boto3 clients that sign as them.

Source: Step Functions Developer Guide, "Creating an IAM role for your state machine" and "Cross-service
confused deputy prevention" (`aws:SourceArn` is the state machine's ARN).
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import Cloud, Principal

STATES = "states.amazonaws.com"
_UNASSUMABLE = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
    "assume the provided role."
)


@dataclass(frozen=True, slots=True)
class Acting:
    """Whom a task acts as, in moto's `StateCredentials` place, and for which execution of which machine."""

    role_arn: str
    execution: str = ""
    state_machine: str = ""


class Sessions:
    """Assumes the roles of executions."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._held: dict[Acting, Principal] = {}

    def client(self, region: str, service: str, state_credentials: Any) -> Any:
        """A client that signs as the role of the execution that a task belongs to.

        Raises:
            ClientError: `AccessDeniedException`: the role's trust policy refuses Step Functions.
        """
        acting = state_credentials
        if not isinstance(acting, Acting):
            acting = Acting(state_credentials.role_arn)
        return self._cloud.client(service, self._session(acting), region=region)

    def _session(self, acting: Acting) -> Principal:
        with self._lock:
            held = self._held.get(acting)
        if held is not None and (held.expires is None or held.expires > self._cloud.now()):
            return held
        try:
            made = self._cloud.assume(
                acting.role_arn,
                service=STATES,
                session_name=uuid.uuid5(uuid.NAMESPACE_OID, acting.execution or acting.role_arn).hex,
                source_arn=acting.state_machine,
            )
        except ApiError:
            answer = {
                "Error": {"Code": "AccessDeniedException", "Message": _UNASSUMABLE},
                "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": str(uuid.uuid4())},
            }
            raise ClientError(answer, "AssumeRole") from None
        if acting.execution:
            with self._lock:
                self._held[acting] = made
        return made

    def end(self, execution: str) -> None:
        """Forget the sessions of an execution that has ended."""
        with self._lock:
            for acting in [each for each in self._held if each.execution == execution]:
                del self._held[acting]
