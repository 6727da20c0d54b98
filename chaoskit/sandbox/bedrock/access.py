"""Access to foundation models: the agreement with a model's provider, and the use case told to it.

Asking for access is an intruder's first step to an account's models. Here nothing depends on it: a model
answers without an agreement too, as Bedrock's own do. Source: Bedrock API Reference,
"CreateFoundationModelAgreement", "GetFoundationModelAvailability", "PutUseCaseForModelAccess".
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall

_CREATED, _ACCEPTED = 201, 202


class ModelAccess:
    """Keeps what accounts have agreed to."""

    service = "bedrock"

    def __init__(self) -> None:
        self._agreed: set[tuple[str, str]] = set()
        self._use_cases: dict[str, bytes] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateFoundationModelAgreement": self.agree,
            "DeleteFoundationModelAgreement": self.end,
            "GetFoundationModelAvailability": self.availability,
            "GetUseCaseForModelAccess": self.use_case,
            "ListFoundationModelAgreementOffers": self.offers,
            "PutUseCaseForModelAccess": self.put_use_case,
        }

    def agree(self, call: ApiCall) -> Mapping[str, Any]:
        """Accept an offer.

        Raises:
            ApiError: `ValidationException`, when the token is not that of the model's offer.
        """
        model = str(call.params["modelId"])
        if call.params["offerToken"] != _token(call):
            raise ApiError("ValidationException", f"The offer token is not valid for {model}.")
        self._agreed.add((call.account, model))
        return {"modelId": model, "ResponseMetadata": {"HTTPStatusCode": _ACCEPTED}}

    def end(self, call: ApiCall) -> Mapping[str, Any]:
        """End an agreement."""
        self._agreed.discard((call.account, str(call.params["modelId"])))
        return {"ResponseMetadata": {"HTTPStatusCode": _ACCEPTED}}

    def availability(self, call: ApiCall) -> Mapping[str, Any]:
        """What the account may do with a model, and whether there is an agreement about it."""
        model = str(call.params["modelId"])
        agreed = (call.account, model) in self._agreed
        return {
            "modelId": model,
            "agreementAvailability": {"status": "AVAILABLE" if agreed else "NOT_AVAILABLE"},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }

    def offers(self, call: ApiCall) -> Mapping[str, Any]:
        """The one offer of each model."""
        terms = {
            "usageBasedPricingTerm": {"rateCard": []},
            "legalTerm": {"url": "https://aws.amazon.com/legal/bedrock/third-party-models/"},
            "supportTerm": {"refundPolicyDescription": "none"},
        }
        token = _token(call)
        offer = {"offerId": f"offer-{token[:12]}", "offerToken": token, "termDetails": terms}
        return {"modelId": call.params["modelId"], "offers": [offer]}

    def put_use_case(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep the form about what the account wants models for."""
        form = call.params["formData"]
        self._use_cases[call.account] = form if isinstance(form, bytes) else str(form).encode()
        return {"ResponseMetadata": {"HTTPStatusCode": _CREATED}}

    def use_case(self, call: ApiCall) -> Mapping[str, Any]:
        """The form that was put.

        Raises:
            ApiError: `ResourceNotFoundException`, when none was.
        """
        if call.account not in self._use_cases:
            raise ApiError(
                "ResourceNotFoundException", "You have not filled out the request form for this account.", 404
            )
        return {"formData": self._use_cases[call.account]}


def _token(call: ApiCall) -> str:
    """The token of a model's offer, the same each time that it is asked for."""
    return hashlib.sha256(f"{call.account}/{call.params['modelId']}".encode()).hexdigest()
