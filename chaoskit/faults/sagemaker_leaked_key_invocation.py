"""An access key of an ML user leaks and is used from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import ITEM, Call, Credentials, Each, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.leaked-key-invocation",
    layer="application",
    attack=("T1098.001", "T1078.004"),
    atlas=("AML.T0012", "AML.T0040"),
    owasp_ml=("ML05",),
)
class LeakedKeyInvocation(Fault):
    """Create an access key for a user and call an inference endpoint with it, from another address.

    Detected by: CloudTrail CreateAccessKey, and the data event of InvokeEndpoint.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        endpoint: The SageMaker endpoint that is called.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
        body: The request, as JSON text.
    """

    user: str
    endpoint: str
    source_ip: str = "198.51.100.23"
    body: str = '{"instances": [[0.0, 0.0, 0.0, 0.0]]}'

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        keys = Query(
            "iam", "ListAccessKeys", {"UserName": self.user}, "sort(AccessKeyMetadata[].AccessKeyId)"
        )
        delete = Call(
            "iam", "DeleteAccessKey", absent_ok=("NoSuchEntity",), UserName=self.user, AccessKeyId=ITEM
        )
        reply = yield Change(
            do=Call("iam", "CreateAccessKey", UserName=self.user),
            undo=(Each(keys, delete),),
            state=keys,
        )
        key = reply["AccessKey"]
        yield Change(
            do=Call(
                "sagemaker-runtime",
                "InvokeEndpoint",
                # A new key takes some seconds to be known everywhere (IAM User Guide,
                # "Troubleshoot IAM: changes that I make are not always immediately visible").
                not_yet=("InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException"),
                signed_by=Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
                source_ip=self.source_ip,
                EndpointName=self.endpoint,
                ContentType="application/json",
                Body=self.body.encode(),
            ),
        )
