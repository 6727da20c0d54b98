"""What sorts of policies there are, and the layers that can decide a request."""

from __future__ import annotations

from enum import StrEnum

_TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)


class Layer(StrEnum):
    """Who decided. `sts` stands for the calls that no policy decides; `bpa` is S3 Block Public Access."""

    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "endpoint"
    RESOURCE = "resource"
    KMS = "kms"
    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    BPA = "bpa"
    STS = "sts"


class Kind(StrEnum):
    """What a document is used as; AWS checks each kind by rules of its own."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    RESOURCE = "resource"
    TRUST = "trust"
    KEY = "key"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "endpoint"

    @property
    def layer(self) -> Layer:
        """The layer under which this kind decides."""
        match self:
            case Kind.TRUST:
                return Layer.RESOURCE
            case Kind.KEY:
                return Layer.KMS
            case _:
                return Layer(self.value)

    @property
    def names_principals(self) -> bool:
        """Whether a statement of this kind must say whom it is about."""
        return self in _WITH_PRINCIPAL

    @staticmethod
    def of_resource(action: str, resource: str) -> Kind:
        """Which kind of resource policy governs this action: `TRUST`, `KEY` or `RESOURCE`.

        Role trust policies and KMS key policies differ from other resource policies: without their
        explicit allow nobody gets in (IAM User Guide, "Policy evaluation logic").
        """
        service, _, name = action.partition(":")
        if service == "s3":
            return Kind.RESOURCE
        lowered = f"{service.lower()}:{name.lower()}"
        if lowered in _TRUST_ACTIONS and ":role/" in resource:
            return Kind.TRUST
        if lowered.startswith("kms:") and ":key/" in resource:
            return Kind.KEY
        return Kind.RESOURCE


_WITH_PRINCIPAL = frozenset({Kind.RESOURCE, Kind.TRUST, Kind.KEY, Kind.RCP, Kind.ENDPOINT})
