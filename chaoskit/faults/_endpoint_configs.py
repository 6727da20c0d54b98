"""What the faults share that let an endpoint serve as another configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE: Final = "ValidationException"  # SageMaker's word for a configuration that it could not find, too
NOT_FOUND: Final = f"{_GONE}: Could not find"
"""How DeleteEndpointConfig and DeleteModel tell that there is nothing to delete."""
_UPDATING: Final = ("ValidationException: Cannot update in-progress endpoint",)
_SETTLES_S: Final = 1200.0
"""An update takes minutes (Amazon SageMaker AI API Reference, UpdateEndpoint: the status is Updating, then
InService). Botocore waits for it up to an hour, which hardly a session would outlast."""
_TOLD: Final = ("CreationTime", "EndpointConfigArn", "EndpointConfigName")
"""What DescribeEndpointConfig tells and CreateEndpointConfig takes no copy of; it takes all else."""


def switched(
    aws: Reader, endpoint: str, config: str, other: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Changes:
    """Make a configuration that differs from the endpoint's own, and let the endpoint serve by it.

    Its variants keep their present weights and instance counts, which UpdateEndpoint would else set to the
    configuration's initial ones; a variant that is new gets those (Amazon SageMaker AI API Reference,
    "UpdateEndpoint": RetainAllVariantProperties). They are no part of the state: what AWS retains need not be
    compared, and scaling, which may change them at any time, must not keep an endpoint from being put back.

    On AWS an endpoint that is being updated refuses the next update until it is in service again, which takes
    minutes; the undo is tried again meanwhile.

    Args:
        aws: The account.
        endpoint: The endpoint's name.
        config: The new configuration's name; one that exists already is left alone.
        other: The changed settings; those that are as before mean that there is nothing to do.
    """
    which: dict[str, Any] = {"EndpointConfigName": config}
    there = Query("sagemaker", "DescribeEndpointConfig", which, "EndpointConfigName", absent=(_GONE,))
    where: dict[str, Any] = {"EndpointName": endpoint}
    serves = Query("sagemaker", "DescribeEndpoint", where, "EndpointConfigName")
    prior = aws.read(serves)
    found = aws.read(Query("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": prior}))
    settings = {name: value for name, value in found.items() if name not in _TOLD and value}
    changed = other(settings)
    if changed == settings or aws.read(there) == config:
        return
    yield Change(
        do=Call("sagemaker", "CreateEndpointConfig", **which, **changed),
        undo=(Call("sagemaker", "DeleteEndpointConfig", absent_ok=(NOT_FOUND,), **which),),
        state=there,
    )
    yield Change(
        do=Call("sagemaker", "UpdateEndpoint", **where, **which, RetainAllVariantProperties=True),
        undo=(
            Call(
                "sagemaker",
                "UpdateEndpoint",
                not_yet=_UPDATING,
                settles=_SETTLES_S,
                **where,
                EndpointConfigName=prior,
                RetainAllVariantProperties=True,
            ),
        ),
        state=serves,
    )
