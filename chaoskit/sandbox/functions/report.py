"""What an invocation leaves behind, in Lambda's words: its error payload and its log lines.

Source: Lambda Developer Guide, "Python Lambda function errors" and "View CloudWatch logs for Lambda"; the
runtime's own errors are spelled as AWS's open source runtime interface client for Python spells them.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.sandbox.functions.process import Outcome

PAYLOAD_LIMIT = 6 * 2**20
"""Bytes of a synchronous request or response (Lambda Developer Guide, Lambda quotas)."""


def error_payload(outcome: Outcome, *, request_id: str, timeout: float) -> dict[str, object] | None:
    """The payload of a failed invocation; None when the handler answered."""
    if outcome.timed_out:
        message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": message}
    if outcome.exit_status is not None:
        how = "signal: killed" if outcome.exit_status < 0 else f"exit status {outcome.exit_status}"
        message = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
        return {"errorType": "Runtime.ExitError", "errorMessage": message}
    if outcome.failure is not None:
        return {
            "errorMessage": outcome.failure.message,
            "errorType": outcome.failure.type,
            "requestId": request_id,
            "stackTrace": list(outcome.failure.trace),
        }
    if outcome.payload is not None and len(outcome.payload.encode()) > PAYLOAD_LIMIT:
        message = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
        return {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    return None


def log_events(
    outcome: Outcome, *, request_id: str, version: str, memory_mb: int, timeout: float, ended: datetime
) -> list[str]:
    """The messages that the invocation adds to its log stream."""
    events = [f"START RequestId: {request_id} Version: {version}"]
    events += outcome.log.splitlines()
    status = ""
    if outcome.timed_out:
        stamp = ended.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ended.microsecond // 1000:03d}Z"
        events.append(f"{stamp} {request_id} Task timed out after {timeout:.2f} seconds")
        status = "Status: timeout"
    elif outcome.exit_status is not None:
        status = "Status: error\tError Type: Runtime.ExitError"
    elif outcome.failure is not None:
        error = f"[ERROR] {outcome.failure.type}: {outcome.failure.message}"
        if outcome.failure.trace:
            error += "\nTraceback (most recent call last):\n" + "".join(outcome.failure.trace).rstrip("\n")
        events.append(error)
    events.append(f"END RequestId: {request_id}")
    duration = outcome.duration * 1000
    events.append(
        f"REPORT RequestId: {request_id}"
        f"\tDuration: {duration:.2f} ms\tBilled Duration: {math.ceil(duration)} ms"
        f"\tMemory Size: {memory_mb} MB\tMax Memory Used: {outcome.max_memory_mb or memory_mb} MB"
        f"\tInit Duration: {outcome.init * 1000:.2f} ms\t{status}".rstrip("\t")
    )
    return events


def payload_bytes(outcome: Outcome, error: dict[str, object] | None) -> bytes:
    """The response body of an invocation."""
    if error is not None:
        return json.dumps(error).encode()
    return (outcome.payload or "null").encode()
