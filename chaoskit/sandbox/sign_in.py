"""The console's federation endpoint: temporary credentials in, a sign-in token out, with it a login.

It is how an intruder turns stolen keys into a console session, and leaves records that are no API calls.
Sources: IAM User Guide, "Enable custom identity broker access to the AWS console"; CloudTrail User Guide,
"AWS Management Console sign-in events".
"""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from chaoskit.sandbox.identities import Unauthenticated
from chaoskit.sandbox.trail import Recorded
from chaoskit.sandbox.trail.identity import timestamp, user_identity
from chaoskit.sandbox.wire import Answer, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.wire import Principal

PATH = "/federation"
_HOME = "us-east-1"
_VALID = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Token:
    principal: Principal
    until: datetime


class SignIn:
    """Answers at `/federation`; everything else there, say a bucket of that name, is not its business."""

    def __init__(self, cloud: Sandbox, tell: Callable[[Recorded], None]) -> None:
        self._cloud = cloud
        self._tell = tell
        self._tokens: dict[str, _Token] = {}

    def answer(self, http: HttpRequest) -> Answer | None:
        """Answer a request, if it is one of the endpoint's two actions."""
        asked = dict(parse_qsl(http.query) or parse_qsl(http.body.decode("utf-8", "replace")))
        match asked.get("Action"):
            case "getSigninToken":
                return self._token(http, asked)
            case "login":
                return self._login(http, asked)
        return None

    def _token(self, http: HttpRequest, asked: Mapping[str, str]) -> Answer:
        principal = self._verified(asked.get("Session", ""))
        if principal is None:
            return Answer(400, [], b"The session is not one of valid temporary credentials.")
        token = secrets.token_urlsafe(96)
        self._tokens[token] = _Token(principal, self._cloud.now() + _VALID)
        credentials = {"accessKeyId": principal.access_key_id}
        answered = {"credentials": credentials, "GetSigninToken": "Success"}
        self._record(http, principal, "GetSigninToken", answered, {})
        headers = [("Content-Type", "application/json")]
        return Answer(200, headers, json.dumps({"SigninToken": token}).encode())

    def _login(self, http: HttpRequest, asked: Mapping[str, str]) -> Answer:
        token = self._tokens.pop(asked.get("SigninToken", ""), None)
        if token is None or token.until < self._cloud.now():
            return Answer(400, [], b"The sign-in token is not valid or has expired.")
        to = asked.get("Destination", "https://console.aws.amazon.com/")
        self._record(http, token.principal, "ConsoleLogin", {"ConsoleLogin": "Success"}, {"LoginTo": to})
        return Answer(302, [("Location", to)], b"")

    def _verified(self, session: str) -> Principal | None:
        """Whose temporary credentials these are; None when they are none."""
        try:
            told = json.loads(session)
            with self._cloud.lock:
                held = self._cloud.identities.credential(str(told["sessionId"]))
            self._cloud.identities.check_token(held, str(told["sessionToken"]))
            secret = str(told["sessionKey"])
        except (ValueError, KeyError, TypeError, Unauthenticated):
            return None
        genuine = hmac.compare_digest(held.secret.encode(), secret.encode())
        federated = held.principal.kind in (Kind.ROLE, Kind.FEDERATED)
        return held.principal if genuine and federated else None

    def _record(
        self,
        http: HttpRequest,
        principal: Principal,
        name: str,
        answered: Mapping[str, Any],
        more: Mapping[str, str],
    ) -> None:
        at = self._cloud.now()
        record = {
            "eventVersion": "1.08",
            "userIdentity": user_identity(principal),
            "eventTime": timestamp(at),
            "eventSource": "signin.amazonaws.com",
            "eventName": name,
            "awsRegion": _HOME,
            "sourceIPAddress": http.remote_address,
            "userAgent": http.headers.get("user-agent", ""),
            "requestParameters": None,
            "responseElements": dict(answered),
            "additionalEventData": {**more, "MobileVersion": "No", "MFAUsed": "No"},
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsConsoleSignIn",
            "managementEvent": True,
            "recipientAccountId": principal.account,
            "eventCategory": "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": "signin.aws.amazon.com",
            },
        }
        self._tell(Recorded(record, principal.account, _HOME, at))
