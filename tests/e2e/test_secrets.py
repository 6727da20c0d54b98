"""Nothing that chaoskit writes holds a secret, and only its owner may read it: secrets are planted."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws
from chaoskit.cli import main
from chaoskit.cli.common import write_private
from chaoskit.engine import Stop
from chaoskit.home import home, journal_path
from chaoskit.journal import SqliteJournal
from chaoskit.mutate import Stage, mutate
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.lab import Lab

TOKEN = "t0p-s3cret-siem-token"
SECRET_KEYS = ("SecretAccessKey", "SessionToken", "SecretString", "Password", "SecretBinary", "Token")
# A created key, one that reads a secret and one that makes a session, a password, and roles' sessions.
PLANTED = (
    "access-key-in-research",
    "leaked-key-for-research-secret",
    "leaked-key-for-research-federation-token",
    "login-profile-in-research",
    "unscoped-session",
)
# Reading a secret from a SIEM with a token of the environment; the SIEM says it back.
SIEM = """\
id: siem
title: A SIEM that is asked with a token
owner: tests
layer: identity
hypothesis: The SIEM reports it.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 1}}
faults:
  - iam.create-login-profile: {{user: "${{workload.research_ci}}"}}
expect:
  - detection:
      http.json:
        url: "http://127.0.0.1:{port}/{path}?token=${{env.SIEM_TOKEN}}"
        headers: ["Authorization: Bearer ${{env.SIEM_TOKEN}}"]
        body: '{{"token": "${{env.SIEM_TOKEN}}"}}'
        jmespath: hits
    within: 1s
"""


@dataclass
class Known:
    """The secrets that were met, by where."""

    of: dict[str, str] = field(default_factory=dict)

    def take(self, where: str, value: Any, *, inside: bool = False) -> None:
        """Every text under a key of a secret; what a secret's JSON says in it too."""
        match value:
            case dict():
                for key, inner in value.items():
                    self.take(f"{where} {key}", inner, inside=inside or key in SECRET_KEYS)
            case list():
                for inner in value:
                    self.take(where, inner, inside=inside)
            case str() if inside and len(value) > 7:
                self.of[where] = str(value)
                if value.startswith("{"):
                    self.take(where, json.loads(value), inside=True)

    def found_in(self, where: str, written: bytes) -> list[str]:
        """Which of them are in what was written."""
        return [f"{name} in {where}" for name, value in self.of.items() if value.encode() in written]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Looks over the shoulder of all calls that a run makes."""
    known, send, assumed = Known(), Aws.send, Aws._assumed

    def watched(self: Aws, call: Any) -> Mapping[str, Any]:
        known.take(f"the parameters of {call}", dict(call.params))
        reply = send(self, call)
        known.take(f"the reply to {call}", dict(reply))
        return reply

    def watched_session(self: Aws, asked: Any) -> Any:
        keys = assumed(self, asked)
        known.take("a role's session", dict(keys))
        return keys

    monkeypatch.setattr(Aws, "send", watched)
    monkeypatch.setattr(Aws, "_assumed", watched_session)
    return known


@pytest.fixture
def as_aws(lab: Lab, monkeypatch: pytest.MonkeyPatch, known: Known) -> list[str]:
    """The sandbox as an AWS account: keys in the environment, and the options to use it."""
    keys = lab.member.get_credentials()
    assert keys is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    monkeypatch.setenv("SIEM_TOKEN", TOKEN)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    known.of |= {"the person's own key": keys.secret_key, "the environment's token": TOKEN}
    return ["--target", "aws", "--region", "us-east-1", "--allow-account", lab.target.account]


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, as a chatty API does in its errors."""

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"])) + f" {self.path} {TOKEN}".encode()
        self.send_response(500 if "broken" in self.path else 200, f"no {TOKEN}")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing on standard error, which is searched."""


@contextmanager
def _siem() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def permissive() -> Iterator[None]:
    """The umask of somebody who shares everything, and a log that tells everything."""
    before, level = os.umask(0), logging.getLogger("chaoskit").level
    yield
    os.umask(before)
    logging.getLogger("chaoskit").setLevel(level)


def _written(*folders: Path) -> dict[Path, bytes]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files}


def _open_to_others(files: Mapping[Path, bytes]) -> list[str]:
    return [f"{path.name} {mode:o}" for path in files if (mode := stat.S_IMODE(path.stat().st_mode)) != 0o600]


@pytest.mark.usefixtures("permissive")
def test_what_a_run_writes_is_its_owners_only_and_holds_no_secret(
    known: Known,
    as_aws: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    out, files = tmp_path / "out", [str(next(SHIPPED.rglob(f"{name}.yaml"))) for name in PLANTED]
    out.mkdir()
    (out / "there.json").touch(0o666)  # since before; it is narrowed
    caplog.set_level(logging.DEBUG, "chaoskit")
    with _siem() as port:
        for path in ("broken", "whole"):
            file = tmp_path / path / "siem.yaml"
            file.parent.mkdir()
            file.write_text(SIEM.format(port=port, path=path))
            files.append(str(file))
        reports = ["--json", str(out / "there.json"), "--junit", str(out / "new" / "out.xml")]
        with pytest.raises(SystemExit):
            main(["--verbose", "run", *files[:-1], *as_aws, *reports])
        with pytest.raises(SystemExit):
            main(["run", files[-1], *as_aws, "--json", str(out / "siem.json")])
        for command in (["plan", *files[:-1], *as_aws, "--json"], ["history", "slo"], ["status"]):
            with pytest.raises(SystemExit):
                main(command)
    said = capfd.readouterr()
    results = json.loads((out / "there.json").read_text())["results"]
    assert [each["verdict"] for each in results] == ["PASSED"] * len(PLANTED) + ["INCONCLUSIVE"], results
    kinds = ("CreateAccessKey", "GetSecretValue", "GetFederationToken", "CreateLoginProfile", "session")
    assert [kind for kind in kinds if not any(kind in where for where in known.of)] == []
    files_of = _written(home(), out)
    names = {path.name for path in files_of}
    assert names >= {journal_path().name, "history.sqlite", "out.xml", "siem.json"}
    everything = {str(path): content for path, content in files_of.items()}
    everything |= {"stdout": said.out.encode(), "stderr": said.err.encode(), "log": caplog.text.encode()}
    assert b"CreateAccessKey" in everything["log"]
    assert [hit for where, content in everything.items() for hit in known.found_in(where, content)] == []
    assert _open_to_others(files_of) == []


def test_a_search_finds_what_is_there(known: Known) -> None:
    known.take("a reply", {"AccessKey": {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "abc/def+ghi"}})
    known.take("a reply", {"SecretString": '{"password": "correct horse"}'})
    assert "AKIAEXAMPLE" not in known.of.values()
    assert known.found_in("a log", b"... abc/def+ghi") == ["a reply AccessKey SecretAccessKey in a log"]
    assert known.found_in("a log", b"... correct horse") == ["a reply SecretString password in a log"]


@pytest.mark.usefixtures("permissive")
@pytest.mark.long
def test_a_mutation_report_is_its_owners_only_and_holds_no_secret(
    lab: Lab, known: Known, tmp_path: Path
) -> None:
    file = tmp_path / "mutation.json"
    paths = [next(SHIPPED.rglob(f"{name}.yaml")) for name in PLANTED[1:2]]
    with SqliteJournal(journal_path()) as journal:
        stage = Stage(lab.instance, lab.target, paths, journal)
        campaign = mutate([stage], Stop(), wanted=lambda each: each.name == "disable-leaked-key")
    write_private(file, json.dumps(campaign.dump()))
    assert [each.outcome for each in campaign.mutants] == ["killed"]
    assert any("GetSecretValue" in where for where in known.of)
    assert known.found_in("the report", file.read_bytes()) == []
    assert _open_to_others(_written(tmp_path)) == []
