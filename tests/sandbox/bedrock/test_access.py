from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

MODEL = "anthropic.claude-3-sonnet-20240229-v1:0"


def agreement(bedrock: Any) -> str:
    available = bedrock.get_foundation_model_availability(modelId=MODEL)
    return str(available["agreementAvailability"]["status"])


def test_an_agreement_takes_the_token_of_the_models_own_offer(aws: Aws) -> None:
    bedrock = aws.client("bedrock")
    assert agreement(bedrock) == "NOT_AVAILABLE"
    refused = refusal(bedrock.create_foundation_model_agreement, modelId=MODEL, offerToken="guessed")
    assert refused[0] == "ValidationException"
    offer = bedrock.list_foundation_model_agreement_offers(modelId=MODEL)["offers"][0]
    bedrock.create_foundation_model_agreement(modelId=MODEL, offerToken=offer["offerToken"])
    assert agreement(bedrock) == "AVAILABLE"
    bedrock.delete_foundation_model_agreement(modelId=MODEL)
    assert agreement(bedrock) == "NOT_AVAILABLE"


def test_a_use_case_is_there_once_it_was_put(aws: Aws) -> None:
    bedrock = aws.client("bedrock")
    assert refusal(bedrock.get_use_case_for_model_access)[0] == "ResourceNotFoundException"
    bedrock.put_use_case_for_model_access(formData=b'{"companyName": "c"}')
    assert bedrock.get_use_case_for_model_access()["formData"] == b'{"companyName": "c"}'
