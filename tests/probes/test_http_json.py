"""The SIEM recipes of docs/recipes/siem.md, asked of a server that answers in each API's documented shape."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.aws import Aws, Connection
from chaoskit.contract import Template, Trace
from chaoskit.errors import SpecError
from chaoskit.probes.http_json import HttpJson
from chaoskit.spec import load
from tests.samples import ACCOUNT, NOW, REGION, SMALL, attempt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.contract import Observation

RECIPES = Path(__file__).parents[2] / "docs" / "recipes" / "siem.md"
TOKEN = "t0p-s3cret-token"
ID = "20260301T120000-abc123.1"
AWS = Aws(Connection(REGION), account=ACCOUNT)
TRACE = Trace(ID, NOW, (attempt(request_id="req-1"),))
RECORD = {
    "eventName": "AttachRolePolicy",
    "eventTime": "2026-03-01T12:00:01Z",
    "requestID": "req-1",
    "userAgent": f"Boto3/1 chaoskit/1 run/{ID}",
    "userIdentity": {"type": "AssumedRole"},
}
SPLUNK = {
    "preview": False,
    "init_offset": 0,
    "messages": [],
    "fields": [{"name": "_raw"}, {"name": "_time"}],
    "results": [{"_time": "2026-03-01T12:00:09.000+00:00", "_raw": json.dumps(RECORD)}],
}
ELASTIC = {
    "took": 3,
    "timed_out": False,
    "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
    "hits": {
        "total": {"value": 1, "relation": "eq"},
        "max_score": None,
        "hits": [
            {
                "_index": ".internal.alerts-security.alerts-default-000001",
                "_id": "1",
                "_source": {
                    "@timestamp": "2026-03-01T12:00:09.000Z",
                    "kibana.alert.rule.name": "Admin policy attached to a role",
                    "user_agent": {"original": f"Boto3/1 chaoskit/1 run/{ID}"},
                },
            }
        ],
    },
}
DATADOG = {
    "data": [
        {
            "id": "AAAAAWgN8Xwgr1vKDQAAAABBV2dOOFh3ZzZobm1mWXJFYTR0OA",
            "type": "signal",
            "attributes": {
                "timestamp": "2026-03-01T12:00:09.000Z",
                "message": "Admin policy attached to a role",
                "tags": ["security:attack", "technique:T1098"],
                "custom": {"http": {"useragent": f"Boto3/1 chaoskit/1 run/{ID}"}},
            },
        }
    ],
    "links": {"next": "https://api.datadoghq.com/api/v2/security_monitoring/signals?page[cursor]=x"},
    "meta": {"page": {"after": "x"}},
}
PANTHER = {
    "data": {
        "alerts": {
            "edges": [
                {
                    "node": {
                        "id": "alert-1",
                        "title": f"AttachRolePolicy by chaoskit-{ID}",
                        "severity": "HIGH",
                        "status": "OPEN",
                        "createdAt": "2026-03-01T12:00:09.000Z",
                    }
                }
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": None},
        }
    }
}
SIEMS = {
    "Splunk": (SPLUNK, "user agent", "SPLUNK_TOKEN"),
    "Elastic": (ELASTIC, "user agent", "KIBANA_API_KEY"),
    "Datadog": (DATADOG, "user agent", "DD_API_KEY"),
    "Panther": (PANTHER, "session name", "PANTHER_TOKEN"),
}


@dataclass
class Stub:
    """A server on this machine that answers what a test tells it to."""

    url: str
    status: int = 200
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Stub]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            made.asked.append((self.command, self.path, dict(self.headers), body))
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(made.answer)))
            self.end_headers()
            self.wfile.write(made.answer)

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Stub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as running:
        yield running


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*(siem[2] for siem in SIEMS.values()), "DD_APP_KEY", "TOKEN"):
        monkeypatch.setenv(name, TOKEN)


def recipe(siem: str, stub: Stub, folder: Path) -> HttpJson:
    """The probe that the recipe writes, read from an experiment as a person would run it."""
    section = RECIPES.read_text("utf-8").split(f"\n## {siem}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    block = re.sub(r"https://[^/\s]+", stub.url, block, count=1)
    path = folder / "small.yaml"
    path.write_text(SMALL[: SMALL.index("expect:")] + block)
    (experiment,) = load([path], {})
    probe = experiment.expect[0].probe
    assert isinstance(probe, HttpJson)
    return probe


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("siem", SIEMS)
def test_each_recipe_finds_the_run_in_the_answer_of_its_siem(siem: str, stub: Stub, tmp_path: Path) -> None:
    answer, by, _ = SIEMS[siem]
    stub.answer = json.dumps(answer).encode()
    probe = recipe(siem, stub, tmp_path)
    assert probe.ready(AWS).holds is True
    seen = probe.look(AWS, TRACE)
    assert seen.holds is True, seen.summary
    assert seen.evidence["tied_by"] == by
    assert seen.at is not None
    assert seen.at.isoformat() == "2026-03-01T12:00:09+00:00"
    ((_, _, headers, body),) = stub.asked
    assert TOKEN in str(headers), "the secret goes to the SIEM"
    assert "${" not in body
    assert TOKEN not in f"{seen}{probe}", "and nowhere else"


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("siem", SIEMS)
def test_no_recipe_takes_another_runs_finding_for_its_own(siem: str, stub: Stub, tmp_path: Path) -> None:
    text = json.dumps(SIEMS[siem][0]).replace(ID, "20260301T120000-abc123.10").replace("req-1", "req-2")
    stub.answer = text.encode()
    assert recipe(siem, stub, tmp_path).look(AWS, TRACE).holds is False


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("siem", SIEMS)
def test_no_recipe_takes_a_finding_from_before_the_fault(siem: str, stub: Stub, tmp_path: Path) -> None:
    stub.answer = json.dumps(SIEMS[siem][0]).replace("12:00:0", "11:00:0").encode()
    assert recipe(siem, stub, tmp_path).look(AWS, TRACE).holds is False


@pytest.mark.parametrize("siem", SIEMS)
def test_a_secret_that_is_not_set_is_told_before_anything_is_injected(
    siem: str, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (SIEMS[siem][2], "DD_APP_KEY"):
        monkeypatch.delenv(name, raising=False)
    probe = recipe(siem, stub, tmp_path)
    assert probe.ready(AWS).holds is False
    assert SIEMS[siem][2] in probe.ready(AWS).summary
    assert probe.look(AWS, TRACE).holds is None
    assert stub.asked == []


def look(stub: Stub, path: str = "results", url: str | None = None) -> Observation:
    headers = (Template("Authorization: Bearer ${env.TOKEN}"),)
    return HttpJson(url=Template(url or f"{stub.url}/search"), jmespath=path, headers=headers).look(
        AWS, TRACE
    )


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(("status", "answer"), [(500, b"{}"), (401, b"{}"), (200, b"<html>"), (200, b"")])
def test_what_is_not_an_answer_is_unknown(stub: Stub, status: int, answer: bytes) -> None:
    stub.status, stub.answer = status, answer
    seen = look(stub)
    assert seen.holds is None
    assert TOKEN not in str(seen)


@pytest.mark.usefixtures("secrets")
def test_nobody_there_is_unknown(stub: Stub) -> None:
    assert look(stub, url="http://127.0.0.1:9/search").holds is None


@pytest.mark.usefixtures("secrets")
def test_a_redirect_does_not_take_the_secret_along(stub: Stub) -> None:
    with serving() as elsewhere:
        stub.status, stub.headers = 302, {"Location": f"{elsewhere.url}/search"}
        assert look(stub).holds is None
        assert elsewhere.asked == []


@pytest.mark.usefixtures("secrets")
def test_a_server_that_tls_does_not_vouch_for_is_not_asked(stub: Stub) -> None:
    seen = look(stub, url=stub.url.replace("http:", "https:"))
    assert seen.holds is None
    assert stub.asked == []


@pytest.mark.usefixtures("secrets")
def test_a_secret_that_the_api_echoes_is_hidden(stub: Stub) -> None:
    finding = {"text": f"run/{ID} asked with {TOKEN}"}
    stub.answer = json.dumps({"results": [finding]}).encode()
    seen = look(stub)
    assert seen.holds is True
    assert TOKEN not in str(seen)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ('url: "http://siem.example/", jmespath: a', "url must be https"),
        ('url: "https://siem.example/", jmespath: "a["', "jmespath is not JMESPath"),
        ('url: "https://siem.example/${run.nothing}", jmespath: a', "there is no ${run.nothing}"),
        ('url: "https://siem.example/", jmespath: a, headers: [x]', "a header is written"),
    ],
)
def test_a_request_that_cant_be_made_is_refused_with_its_place(
    tmp_path: Path, parameters: str, words: str
) -> None:
    path = tmp_path / "small.yaml"
    detection = f"  - detection: {{http.json: {{{parameters}}}}}\n    within: 60s\n"
    path.write_text(SMALL[: SMALL.index("expect:")] + "expect:\n" + detection)
    with pytest.raises(SpecError) as refused:
        load([path], {})
    assert words in str(refused.value)
    assert "small.yaml:10:" in str(refused.value)


def test_the_environment_is_for_templates_only(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("role: training", 'role: "${env.TOKEN}"'))
    with pytest.raises(SpecError, match=r"nothing is called \$\{env.TOKEN\}"):
        load([path], {})
