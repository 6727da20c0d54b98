from __future__ import annotations

import pytest

from chaoskit.policy import Decision, Effect, Layer, Request, denial_layer, denial_message, parse_denial
from tests.policy.support import ACCOUNT, ALICE, KEY, OBJECT, ROLE

READ = Request(principal=ALICE, action="s3:GetObject", resource=OBJECT)
HEAD = f"User: {ALICE} is not authorized to perform: s3:GetObject on resource: {OBJECT}"


def denied(layer: Layer, *, explicit: bool) -> Decision:
    return Decision.denied(layer, explicit=explicit)


@pytest.mark.parametrize(
    ("layer", "phrase"),
    [
        (Layer.SCP, "a service control policy"),
        (Layer.RCP, "a resource control policy"),
        (Layer.ENDPOINT, "a VPC endpoint policy"),
        (Layer.BOUNDARY, "a permissions boundary"),
        (Layer.SESSION, "a session policy"),
        (Layer.RESOURCE, "a resource-based policy"),
        (Layer.IDENTITY, "an identity-based policy"),
    ],
)
def test_a_denial_is_worded_as_aws_words_it_and_read_back(layer: Layer, phrase: str) -> None:
    explicit = denial_message(READ, denied(layer, explicit=True))
    implicit = denial_message(READ, denied(layer, explicit=False))
    assert explicit == f"{HEAD} with an explicit deny in {phrase}"
    assert implicit == f"{HEAD} because no {phrase.split(' ', 1)[1]} allows the s3:GetObject action"
    for message, is_explicit in ((explicit, True), (implicit, False)):
        read = parse_denial(message)
        assert read is not None
        assert (read.principal, read.action, read.resource) == (ALICE, "s3:GetObject", OBJECT)
        assert (read.layer, read.explicit, read.policy) == (layer, is_explicit, None)


def test_a_key_policy_is_called_a_resource_based_policy() -> None:
    request = Request(principal=ALICE, action="kms:Decrypt", resource=KEY)
    message = denial_message(request, denied(Layer.KMS, explicit=False))
    assert message.endswith("because no resource-based policy allows the kms:Decrypt action")


def test_a_role_trust_policy_is_called_by_its_name() -> None:
    request = Request(principal=ALICE, action="sts:AssumeRole", resource=ROLE)
    explicit = denial_message(request, denied(Layer.RESOURCE, explicit=True))
    implicit = denial_message(request, denied(Layer.RESOURCE, explicit=False))
    assert explicit.endswith("with an explicit deny in the role trust policy")
    assert implicit.endswith("because no role trust policy allows the sts:AssumeRole action")
    assert denial_layer(explicit) == denial_layer(implicit) == "resource"


def test_a_request_without_a_resource_names_none() -> None:
    request = Request(principal=ALICE, action="s3:ListAllMyBuckets", resource="*")
    assert denial_message(request, denied(Layer.IDENTITY, explicit=False)) == (
        f"User: {ALICE} is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )


def test_block_public_access_is_named_and_read_back() -> None:
    message = denial_message(READ, denied(Layer.BPA, explicit=True))
    assert denial_layer(message) == "bpa"


def test_a_decision_to_allow_has_no_denial_message() -> None:
    with pytest.raises(ValueError, match="allow"):
        denial_message(READ, Decision(Effect.ALLOW))


@pytest.mark.parametrize(
    ("message", "layer", "explicit"),
    [
        # The IAM User Guide's own examples.
        (
            (
                "User: arn:aws:iam::777788889999:user/JohnDoe is not authorized to perform: \n"
                "codecommit:ListRepositories with an explicit deny in a service control policy"
            ),
            "scp",
            True,
        ),
        (
            (
                "User: arn:aws:iam::123456789012:user/JohnDoe is not authorized to perform: \n"
                "codecommit:ListRepositories because no VPC endpoint policy allows the "
                "codecommit:ListRepositories action"
            ),
            "endpoint",
            False,
        ),
        (
            (
                "User: arn:aws:iam::123456789012:user/JohnDoe is not authorized to perform: "
                "codedeploy:ListDeployments on resource: "
                "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* "
                "with an explicit deny in a sessions policy"
            ),
            "session",
            True,
        ),
        (
            (
                "User: arn:aws:iam::123456789012:user/JohnDoe is not authorized to perform: \n"
                "sts:AssumeRole because the role trust policy allows the sts:AssumeRole action"
            ),
            "resource",
            False,
        ),
        (
            (
                "User: arn:aws:sts::111122223333:assumed-role/role-name/role-session-name is not authorized "
                "to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:444455556666:role-name-2 "
                "with an explicit deny in a VPC endpoint policy transitively through a service control policy"
            ),
            "scp",
            True,
        ),
        # What services say around it.
        (
            (
                "An error occurred (AccessDenied) when calling the GetObject operation: User: "
                f'{ALICE} is not authorized to perform: s3:GetObject on resource: "{OBJECT}" '
                "because no permissions boundary allows the s3:GetObject action"
            ),
            "boundary",
            False,
        ),
        (
            (
                f"User: {ALICE} is not authorized to perform: s3:PutBucketPolicy on resource: "
                '"arn:aws:s3:::bkt" because public policies are prevented by the BlockPublicPolicy setting '
                "in S3 Block Public Access"
            ),
            "bpa",
            True,
        ),
    ],
)
def test_the_layer_is_read_from_real_messages(message: str, layer: str, explicit: bool) -> None:
    denial = parse_denial(message)
    assert denial is not None
    assert (denial.layer, denial.explicit) == (layer, explicit)
    assert denial.action


def test_the_policy_arn_of_newer_messages_is_read() -> None:
    arn = "arn:aws:organizations::123456789012:policy/o-exampleorgid/service_control_policy/p-examplepolicy"
    denial = parse_denial(f"{HEAD} with an explicit deny in a service control policy: {arn}")
    assert denial is not None
    assert (denial.layer, denial.policy, denial.resource) == ("scp", arn, OBJECT)


def test_a_denial_without_a_reason_has_no_layer() -> None:
    denial = parse_denial(f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE}")
    assert denial is not None
    assert (denial.layer, denial.explicit, denial.action) == (None, None, "sts:AssumeRole")
    assert denial_layer("Access Denied") is None
    assert parse_denial(f"The bucket of {ACCOUNT} does not exist") is None
