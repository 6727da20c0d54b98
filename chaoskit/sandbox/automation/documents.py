"""SSM documents: moto keeps them all; Automation runbooks are checked before they get there.

One store for every document type, so that lists, versions, tags, sharing and CloudFormation see the same
documents. Native here is what AWS does and moto does not: the checks, `$DEFAULT`, platform types.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException

from chaoskit.sandbox import moto_ssm
from chaoskit.sandbox.automation.document import InvalidDocumentError, parse
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.automation.model import Document
    from chaoskit.sandbox.wire import ApiCall, Cloud

NAME = re.compile(r"[\w.-]{3,128}")
_BACKENDS = moto_ssm.backends()
PLATFORMS = ["Windows", "Linux", "MacOS"]


class Documents:
    """The document operations of one sandbox."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        # A runbook is read once, not each time that it is started.
        self._parse = lru_cache(maxsize=64)(parse)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """What is answered here; moto answers the rest from the same store."""
        return {
            "CreateDocument": self._locked(self.create),
            "UpdateDocument": self._locked(self.update),
            "GetDocument": self._locked(self.get),
            "DescribeDocument": self._locked(self.describe),
        }

    def _locked(
        self, operation: Callable[[ApiCall], Mapping[str, Any]]
    ) -> Callable[[ApiCall], Mapping[str, Any]]:
        def locked(call: ApiCall) -> Mapping[str, Any]:
            with self._cloud.lock:
                return operation(call)

        return locked

    def create(self, call: ApiCall) -> Mapping[str, Any]:
        """`CreateDocument`: an Automation runbook with any problem is refused, with all of them named."""
        params = call.params
        kind = params.get("DocumentType", "Command")
        if not NAME.fullmatch(params["Name"]):
            raise ApiError("ValidationException", f"Invalid document name {params['Name']}")
        if kind == "Automation":
            self._checked(params["Content"])
        backend = _backend(call)
        documents = _moto(
            backend.create_document,
            content=params["Content"],
            requires=params.get("Requires"),
            attachments=params.get("Attachments"),
            name=params["Name"],
            version_name=params.get("VersionName"),
            document_type=kind,
            document_format=params.get("DocumentFormat", "JSON"),
            target_type=params.get("TargetType"),
            tags=params.get("Tags"),
        )
        return {"DocumentDescription": _shown(documents.describe(tags=params.get("Tags")))}

    def update(self, call: ApiCall) -> Mapping[str, Any]:
        """`UpdateDocument`: a new version, checked as in `create`."""
        params = call.params
        backend = _backend(call)
        if _stored(call, params["Name"]).get_default_version().document_type == "Automation":
            self._checked(params["Content"])
        description = _moto(
            backend.update_document,
            content=params["Content"],
            attachments=params.get("Attachments"),
            name=params["Name"],
            version_name=params.get("VersionName"),
            document_version=params.get("DocumentVersion", "$LATEST"),
            document_format=params.get("DocumentFormat", "JSON"),
            target_type=params.get("TargetType"),
        )
        return {"DocumentDescription": _shown(description)}

    def get(self, call: ApiCall) -> Mapping[str, Any]:
        """`GetDocument`, as JSON unless YAML is asked for."""
        params = call.params
        answer = _moto(
            _backend(call).get_document,
            name=params["Name"],
            document_version=_version(params),
            version_name=params.get("VersionName"),
            document_format=params.get("DocumentFormat", "JSON"),
        )
        return {**answer, "Content": _content(answer["Content"])}

    def describe(self, call: ApiCall) -> Mapping[str, Any]:
        """`DescribeDocument`."""
        params = call.params
        description = _moto(
            _backend(call).describe_document,
            name=params["Name"],
            document_version=_version(params),
            version_name=params.get("VersionName"),
        )
        return {"Document": _shown(description)}

    def runbook(self, call: ApiCall, name: str, version: str | None) -> tuple[str, Document]:
        """The version number and the runbook to start; ApiError when there is none or it cannot be used."""
        # A runbook may also be named by its ARN.
        short = name.rsplit(":document/", 1)[-1].rsplit(":automation-definition/", 1)[-1]
        wanted = None if version == "$DEFAULT" else version
        try:
            with self._cloud.lock:
                found = _stored(call, short).find(document_version=wanted, strict=False)
        except ApiError:
            raise ApiError(
                "AutomationDefinitionNotFoundException",
                f"Automation definition with name {name} could not be found.",
            ) from None
        if found is None:
            raise ApiError(
                "AutomationDefinitionVersionNotFoundException",
                f"Automation definition {name} has no version {version}.",
            )
        if found.document_type != "Automation":
            raise ApiError(
                "AutomationDefinitionNotFoundException",
                f"{name} is a {found.document_type} document, not an Automation.",
            )
        return found.document_version, self._checked(_content(found.content))

    def _checked(self, content: str) -> Document:
        try:
            return self._parse(content)
        except InvalidDocumentError as error:
            raise ApiError("InvalidDocumentContent", str(error)) from None


def _backend(call: ApiCall) -> Any:
    return _BACKENDS[call.account][call.region]


def _stored(call: ApiCall, name: str) -> Any:
    return _moto(_backend(call)._get_documents, name)  # noqa: SLF001 - moto has no public way to a document's versions


def _moto(operation: Callable[..., Any], *args: object, **kwargs: object) -> Any:
    try:
        return operation(*args, **kwargs)
    except ServiceException as error:
        raise ApiError(error.code, error.message) from None


def _version(params: Mapping[str, Any]) -> str | None:
    version = params.get("DocumentVersion")
    return None if version == "$DEFAULT" else version


def _content(content: object) -> str:
    # CloudFormation leaves a document that was given as a mapping as one.
    return content if isinstance(content, str) else json.dumps(content)


def _shown(description: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in description.items() if value is not None}
    if shown.get("DocumentType") == "Automation":
        shown["PlatformTypes"] = PLATFORMS
    return shown
