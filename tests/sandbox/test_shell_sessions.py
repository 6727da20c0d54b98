from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

INSTANCE = "i-0123456789abcdef0"


def test_a_session_goes_on_until_it_is_terminated(aws: Aws) -> None:
    ssm = aws.client("ssm")
    session = ssm.start_session(Target=INSTANCE, Reason="a look")["SessionId"]
    assert session.startswith("admin-")
    assert ssm.resume_session(SessionId=session)["StreamUrl"].startswith("wss://ssmmessages.us-east-1.")
    active = ssm.describe_sessions(State="Active")["Sessions"]
    assert [(one["SessionId"], one["Target"], one["Reason"]) for one in active] == [
        (session, INSTANCE, "a look")
    ]
    ssm.terminate_session(SessionId=session)
    assert ssm.describe_sessions(State="Active")["Sessions"] == []
    assert [one["Status"] for one in ssm.describe_sessions(State="History")["Sessions"]] == ["Terminated"]
    assert refusal(ssm.terminate_session, SessionId="none")[0] == "DoesNotExistException"


def test_a_key_reaches_the_serial_console_only_where_the_account_lets_it(aws: Aws) -> None:
    ec2, connect = aws.client("ec2"), aws.client("ec2-instance-connect")
    key = {"InstanceId": INSTANCE, "SerialPort": 0, "SSHPublicKey": f"ssh-ed25519 {'A' * 80}"}
    assert not ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"]
    refused = refusal(connect.send_serial_console_ssh_public_key, **key)
    assert refused[0] == "SerialConsoleAccessDisabledException"
    assert ec2.enable_serial_console_access()["SerialConsoleAccessEnabled"]
    assert connect.send_serial_console_ssh_public_key(**key)["Success"]
    assert not ec2.disable_serial_console_access()["SerialConsoleAccessEnabled"]
