"""Looks whether anything with a search API over HTTP, such as a SIEM, has reported the fault."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from chaoskit.contract import Observation, Probe, Template, probe
from chaoskit.probes._findings import check_path, moment, search, tied
from chaoskit.probes._templates import Filler, unknown, unset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_WITHIN_S: Final = 20.0
_MOST_BYTES: Final = 10 * 1024 * 1024
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the headers, and the secrets in them, to another place."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@probe("http.json")
class HttpJson(Probe):
    """The answer of an HTTP API has a finding that stems from this run.

    Asked from this machine, with GET, or with POST if there is a body. `${env.NAME}` stands for an
    environment variable, whose value is never written anywhere; `${run.trace_id}`, `${run.session}`,
    `${run.since}`, `${run.since_s}` and `${run.since_ms}` tell the API what to search for. TLS is verified;
    plain HTTP goes to this machine only; redirects are not followed. What can't be asked is unknown.

    Attributes:
        url: What to ask.
        headers: A list of `Name: value`.
        body: The request's body, with its Content-Type among the headers.
        jmespath: Where the findings are in the answer: a list, or one object.
        timestamp: Where a finding has its time: a JMESPath expression on the finding, whose value is
            ISO 8601, or seconds or milliseconds since 1970. Without it the time is the look's.
    """

    url: Template
    headers: tuple[Template, ...] = ()
    body: Template | None = None
    jmespath: str
    timestamp: str | None = None

    example: ClassVar = {"url": Template("http://127.0.0.1:9/search?q=${run.trace_id}"), "jmespath": "hits"}

    def __post_init__(self) -> None:
        """Refuse what can't be asked or read."""
        check_path("jmespath", self.jmespath)
        if self.timestamp is not None:
            check_path("timestamp", self.timestamp)
        place = urlsplit(self.url)
        if place.scheme != "https" and not (place.scheme == "http" and place.hostname in _LOOPBACK):
            raise ValueError("url must be https (plain http is for this machine only)")
        for header in self.headers:
            if ":" not in header:
                raise ValueError("a header is written `Name: value`")
        if names := unknown(*self._templates()):
            raise ValueError(f"there is no ${{run.{names[0]}}}")

    def ready(self, aws: Reader) -> Observation:
        """The environment has what the request needs."""
        del aws
        missing = unset(*self._templates())
        return Observation(
            holds=not missing,
            summary=f"set {', '.join(missing)} in the environment" if missing else "the request is complete",
        )

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Ask once, and compare the findings with the run's calls."""
        del aws
        if missing := unset(*self._templates()):
            return Observation(holds=None, summary=f"set {', '.join(missing)} in the environment")
        filler = Filler(trace)
        place = urlsplit(self.url).hostname
        try:
            answer = self._ask(filler)
        except HTTPError as error:
            error.close()
            return Observation(holds=None, summary=f"{place} answered {error.code}, so nothing can be told")
        except (URLError, OSError, HTTPException, ValueError) as error:
            why = filler.hide(str(getattr(error, "reason", error)))
            return Observation(holds=None, summary=f"{place} can't be asked: {why}")
        findings = search(self.jmespath, answer)
        findings = findings if isinstance(findings, list) else [findings] if findings else []
        for finding in findings:
            at = moment(search(self.timestamp, finding)) if self.timestamp else None
            if self.timestamp and at is None:
                continue  # a finding without the time that it should have can't be judged
            if tie := tied(finding, trace, at):
                return Observation(
                    holds=True,
                    summary=f"{place} reported {tie.attempt.call.operation}",
                    evidence={
                        "asked": place,
                        "findings": len(findings),
                        "found_at": at.isoformat() if at else None,
                        "tied_by": tie.by,
                    },
                    at=at,
                    cause=tie.attempt.at,
                    final=True,
                )
        return Observation(
            holds=False,
            summary=f"{place} has no finding of this run ({len(findings)} of others)",
        )

    def _templates(self) -> Iterator[Template]:
        yield self.url
        yield from self.headers
        if self.body is not None:
            yield self.body

    def _ask(self, filler: Filler) -> Any:
        body = filler.fill(self.body).encode() if self.body is not None else None
        request = Request(filler.fill(self.url), data=body)  # noqa: S310 - https, or this machine; see above
        for header in self.headers:
            name, _, value = filler.fill(header).partition(":")
            request.add_header(name.strip(), value.strip())
        with build_opener(_NoRedirect).open(request, timeout=_WITHIN_S) as answer:
            text = answer.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError(f"the answer is larger than {_MOST_BYTES // 1024 // 1024} MiB")
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError("the answer is not JSON") from None
