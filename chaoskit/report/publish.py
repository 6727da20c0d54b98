"""Telling others of results: Security Hub, Slack, Teams, and whoever collects OpenTelemetry traces."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from chaoskit.aws import Call
from chaoskit.errors import ChaoskitError
from chaoskit.report import spans
from chaoskit.report.asff import AT_ONCE, findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.aws import Aws

_WITHIN_S: Final = 10.0
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_MOST_NAMED: Final = 20
_SLACK: Final = "CHAOSKIT_SLACK_WEBHOOK"
_TEAMS: Final = "CHAOSKIT_TEAMS_WEBHOOK"


def to_security_hub(document: Mapping[str, Any], aws: Aws) -> int:
    """Import a finding for each result; how many were taken.

    Args:
        document: Of schema `chaoskit/results/v1`.
        aws: An account in which the caller may call `securityhub:BatchImportFindings`.

    Raises:
        ChaoskitError: Security Hub refused one.
        AwsError: It can't be called.
    """
    every, taken = findings(document), 0
    for begin in range(0, len(every), AT_ONCE):
        reply = aws.send(Call("securityhub", "BatchImportFindings", Findings=every[begin : begin + AT_ONCE]))
        taken += reply["SuccessCount"]
        if failed := reply.get("FailedFindings"):
            raise ChaoskitError(f"Security Hub refused {len(failed)} findings: {failed[0]['ErrorMessage']}")
    return taken


def to_slack(document: Mapping[str, Any]) -> None:
    """Post a message to the webhook in CHAOSKIT_SLACK_WEBHOOK.

    Source: Slack API, "Sending messages using incoming webhooks".

    Raises:
        ChaoskitError: The variable is not set, or the webhook did not take it.
    """
    _post(_SLACK, {"text": _message(document, bold="*")})


def to_teams(document: Mapping[str, Any]) -> None:
    """Post an adaptive card to the workflow's webhook in CHAOSKIT_TEAMS_WEBHOOK.

    Source: Microsoft Teams, "Create incoming webhooks with Workflows".

    Raises:
        ChaoskitError: The variable is not set, or the webhook did not take it.
    """
    lines = _message(document, bold="**").splitlines()
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line, "wrap": True} for line in lines],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    _post(_TEAMS, {"type": "message", "attachments": [content]})


def to_traces(document: Mapping[str, Any]) -> None:
    """Send OpenTelemetry spans to where OTEL_EXPORTER_OTLP_ENDPOINT says; see `chaoskit.report.spans`."""
    spans.export(document)


WEB: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "slack": to_slack,
    "teams": to_teams,
    "otlp": to_traces,
}
"""Those that need no AWS account."""
PUBLISHERS: Final = ("securityhub", *WEB)


def check(names: Iterable[str]) -> None:
    """See to it that they can be told, as far as that shows without telling them.

    Args:
        names: Of `PUBLISHERS`.

    Raises:
        ChaoskitError: A variable is not set, or an extra is missing.
    """
    for name in names:
        if name == "otlp":
            spans.check()
        elif name in _VARIABLES:
            _address(_VARIABLES[name])


_VARIABLES: Final = {"slack": _SLACK, "teams": _TEAMS}


def _message(document: Mapping[str, Any], bold: str) -> str:
    results = document["results"]
    verdicts = [result["verdict"] for result in results]
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
    lines = [f"{bold}chaoskit on {document['target']}: {counts}{bold}"]
    worse = [result for result in results if result["verdict"] != "PASSED"]
    lines += [f"{each['experiment']}: {each['verdict']}: {each['reason']}" for each in worse[:_MOST_NAMED]]
    if len(worse) > _MOST_NAMED:
        lines.append(f"and {len(worse) - _MOST_NAMED} more")
    if not all(result["restored"] for result in results):
        lines.append(f"{bold}Not everything was put back: chaoskit status{bold}")
    return "\n".join(lines)


def _post(variable: str, body: Mapping[str, Any]) -> None:
    url = _address(variable)
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - see above
    try:
        with urlopen(request, timeout=_WITHIN_S):  # noqa: S310 - as above
            pass
    except HTTPError as error:
        error.close()
        raise ChaoskitError(f"The webhook in {variable} answered {error.code}.") from None
    except (OSError, HTTPException, ValueError) as error:
        raise ChaoskitError(f"The webhook in {variable} can't be reached ({type(error).__name__}).") from None


def _address(variable: str) -> str:
    """It is a secret, so it is never shown."""
    url = os.environ.get(variable, "")
    with suppress(ValueError):  # of what is no address at all
        place = urlsplit(url)
        if place.hostname and (
            place.scheme == "https" or (place.scheme == "http" and place.hostname in _LOOPBACK)
        ):
            return url
    raise ChaoskitError(f"Set {variable} to the webhook's address, which begins with https://.")
