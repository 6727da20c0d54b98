"""The console's federation endpoint, and what a sign-in leaves in the audit trail."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.sandbox.aws import allow, policy
from tests.sandbox.trail.audited import Audited

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

CONSOLE = "https://console.aws.amazon.com/s3/"


def ask(served: Served, **asked: str) -> tuple[int, dict[str, str], str]:
    """The status, headers and body that the endpoint answers with."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=10)
    try:
        connection.request("GET", f"/federation?{urlencode(asked)}", headers={"User-Agent": "Intruder/1"})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def session(aws: Audited) -> dict[str, str]:
    """Credentials of a federated user, in the endpoint's own form."""
    made = aws.client("sts").get_federation_token(Name="intruder", Policy=policy(allow("*")))["Credentials"]
    return {
        "sessionId": made["AccessKeyId"],
        "sessionKey": made["SecretAccessKey"],
        "sessionToken": made["SessionToken"],
    }


def token(served: Served, given: dict[str, str]) -> str:
    status, _, body = ask(served, Action="getSigninToken", Session=json.dumps(given))
    assert status == 200
    return str(json.loads(body)["SigninToken"])


def test_a_stolen_session_becomes_a_console_login_with_the_documented_records(served: Served) -> None:
    aws = Audited(served)
    given = session(aws)
    signed = token(served, given)
    status, headers, _ = ask(served, Action="login", Destination=CONSOLE, SigninToken=signed)
    assert (status, headers["Location"]) == (302, CONSOLE)
    handed_out, login = aws.record("GetSigninToken"), aws.record("ConsoleLogin")
    assert handed_out["responseElements"] == {
        "credentials": {"accessKeyId": given["sessionId"]},
        "GetSigninToken": "Success",
    }
    assert login["responseElements"] == {"ConsoleLogin": "Success"}
    assert login["additionalEventData"] == {"LoginTo": CONSOLE, "MobileVersion": "No", "MFAUsed": "No"}
    assert login["eventType"] == "AwsConsoleSignIn"
    assert login["eventSource"] == "signin.amazonaws.com"
    assert login["userIdentity"]["type"] == "FederatedUser"
    assert login["userAgent"] == "Intruder/1"
    assert login["requestParameters"] is None
    assert given["sessionKey"] not in json.dumps([handed_out, login])


def test_a_sign_in_token_is_good_for_one_login_and_a_quarter_of_an_hour(served: Served) -> None:
    given = session(Audited(served))
    first, second = token(served, given), token(served, given)
    assert ask(served, Action="login", SigninToken=first)[0] == 302
    assert ask(served, Action="login", SigninToken=first)[0] == 400
    served.cloud.clock.advance(901)
    assert ask(served, Action="login", SigninToken=second)[0] == 400


def test_only_valid_temporary_credentials_get_a_token(served: Served) -> None:
    aws = Audited(served)
    key: Any = served.credentials["admin"]
    long_term = {
        "sessionId": key.access_key_id,
        "sessionKey": key.secret_access_key,
        "sessionToken": "",
    }
    wrong = {**session(aws), "sessionKey": "guessed"}
    for given in (long_term, wrong, {}):
        assert ask(served, Action="getSigninToken", Session=json.dumps(given))[0] == 400


def test_a_rule_hears_of_a_console_login_under_its_own_detail_type(served: Served) -> None:
    aws = Audited(served)
    aws.start_trail()
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = sqs.create_queue(QueueName="logins")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = allow("sqs:SendMessage", Principal={"Service": "events.amazonaws.com"})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(sender)})
    pattern = {"detail-type": ["AWS Console Sign In via CloudTrail"]}
    events.put_rule(Name="logins", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="logins", Targets=[{"Id": "1", "Arn": arn}])
    ask(served, Action="login", SigninToken=token(served, session(aws)))
    aws.settle()
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    heard = [json.loads(one["Body"]) for one in messages]
    assert {one["source"] for one in heard} == {"aws.signin"}
    assert {one["detail"]["eventName"] for one in heard} == {"GetSigninToken", "ConsoleLogin"}


def test_a_bucket_may_have_the_endpoints_name(served: Served) -> None:
    s3 = Audited(served).client("s3")
    s3.create_bucket(Bucket="federation")
    s3.put_object(Bucket="federation", Key="k", Body=b"x")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="federation")["Contents"]] == ["k"]
