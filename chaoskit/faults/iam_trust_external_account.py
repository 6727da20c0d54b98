"""A role comes to trust a foreign account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import new_trust, statements_of, trust_of

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.trust-external-account", layer="identity", attack=("T1098.003", "T1199"), owasp_ml=("ML05",))
class TrustExternalAccount(Fault):
    """Let a foreign account assume a role, as an intruder who wants no foothold left in the account would.

    Detected by: CloudTrail UpdateAssumeRolePolicy; IAM Access Analyzer.

    Attributes:
        role: The role's name, without its path.
        account: The foreign account's id; the default is an example of AWS's documentation.
    """

    role: str
    account: str = "999999999999"

    def changes(self, aws: Reader) -> Changes:
        """Add a statement to the trust policy; undone by the prior document."""
        prior = aws.read(trust_of(self.role))
        stranger = {
            "Sid": "ChaoskitStranger",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"},
            "Action": "sts:AssumeRole",
        }
        statements = statements_of(prior)
        if stranger in statements:
            return
        yield new_trust(self.role, prior, [*statements, stranger])
