from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws, Call, Connection, Credentials, Query
from chaoskit.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Heard:
    """A service that keeps the headers of what it was asked, and answers with nothing."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.connections = 0
        self.url = ""

    def by(self, agent: str) -> list[str]:
        """The keys that the requests of a user agent were signed with."""
        return [
            each["Authorization"].partition("Credential=")[2].partition("/")[0]
            for each in self.requests
            if each["User-Agent"].endswith(agent)
        ]


@pytest.fixture
def heard() -> Iterator[Heard]:
    told = Heard()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            told.connections += 1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.requests.append(dict(self.headers))
            body = json.dumps({"TableNames": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def account(heard: Heard, number: int, base: Connection | None = None) -> Connection:
    keys = Credentials(f"AKIA{number:016d}", "secret")
    return replace(base or Connection("us-east-1", endpoint_url=heard.url), credentials=keys)


LIST = Query("dynamodb", "ListTables")


def test_accounts_share_client_models_endpoint_data_and_connection(heard: Heard) -> None:
    base = account(heard, 0)
    one, two = Aws(account(heard, 1, base)), Aws(account(heard, 2, base))
    for aws in (one, two, one, two):
        aws.read(LIST)
    first, second = (each._client("dynamodb", attempts=4) for each in (one, two))
    assert first is second
    assert first._loader is second._loader
    assert first._ruleset_resolver is second._ruleset_resolver
    assert heard.connections == 1


def test_each_signs_with_its_own_keys_and_says_who_it_is(heard: Heard) -> None:
    base = account(heard, 0)
    for number in (1, 2, 1):
        Aws(account(heard, number, base), user_agent=f"run/{number}").read(LIST)
    assert heard.by("run/1") == ["AKIA0000000000000001"] * 2
    assert heard.by("run/2") == ["AKIA0000000000000002"]


def test_accounts_that_are_called_at_the_same_time_are_not_mixed_up(heard: Heard) -> None:
    base = account(heard, 0)
    begin = threading.Barrier(4)

    def call(number: int) -> None:
        aws = Aws(account(heard, number, base), user_agent=f"run/{number}")
        begin.wait()
        for _ in range(10):
            aws.read(LIST)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [heard.by(f"run/{n}") for n in range(4)] == [[f"AKIA{n:016d}"] * 10 for n in range(4)]


def test_a_call_that_others_sign_leaves_the_next_its_own_keys(heard: Heard) -> None:
    aws = Aws(account(heard, 1), user_agent="run/1")
    leaked = Credentials("AKIALEAKED", "secret")
    aws.send(Call("dynamodb", "ListTables", signed_by=leaked, source_ip="203.0.113.9"))
    aws.send(Call("dynamodb", "ListTables"))
    assert heard.by("run/1") == ["AKIALEAKED", "AKIA0000000000000001"]
    said = [each.get("x-chaoskit-source-ip") for each in heard.requests]
    assert said == ["203.0.113.9", None]
    assert "x-chaoskit-source-ip" in heard.requests[0]["Authorization"]


def test_a_person_s_own_client_keeps_its_identity_wherever_it_is_used(heard: Heard) -> None:
    base = account(heard, 0)
    mine = Aws(account(heard, 1, base), user_agent="lab").client("dynamodb")
    Aws(account(heard, 2, base), user_agent="run/2").read(LIST)
    mine.list_tables()
    assert heard.by("lab") == ["AKIA0000000000000001"]


def test_every_person_s_own_client_can_do_what_boto3_adds(heard: Heard) -> None:
    place = Connection("us-east-1", endpoint_url=heard.url, credentials=Credentials("AKIAONE", "s"))
    people = [Aws(place), Aws(replace(place, credentials=Credentials("AKIATWO", "s")))]
    for person in people:
        person.client("iam")
        assert callable(person.client("s3").upload_file)


def test_without_keys_those_of_the_environment_sign(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    base = Connection("us-east-1", endpoint_url=heard.url)
    Aws(base, user_agent="own").read(LIST)
    Aws(account(heard, 1, base), user_agent="theirs").read(LIST)
    Aws(base, user_agent="own").read(LIST)
    assert (heard.by("own"), heard.by("theirs")) == (["AKIAENVIRONMENT"] * 2, ["AKIA0000000000000001"])


def test_without_any_keys_a_person_is_told_to_log_in(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(TargetError, match="log in"):
        Aws(Connection("us-east-1", endpoint_url=heard.url)).read(LIST)


def test_a_pool_shows_nobody_s_keys(heard: Heard) -> None:
    shown: Any = repr(account(heard, 1))
    assert "AKIA" not in shown
    assert "secret" not in shown
