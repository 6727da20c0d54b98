"""The condition keys of SageMaker that stand at another place in each operation's parameters.

Source: Service Authorization Reference, "Condition keys for Amazon SageMaker"; SageMaker AI Developer Guide,
"Identity-based policy examples" (encryption of input and output, VPC, instance types).
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.permissions.call import Account, Call

# Member -> the keys it gives, of which the second is what the reference now calls the first.
_LISTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "InstanceType": "sagemaker:InstanceTypes",
        "SecurityGroupIds": "sagemaker:VpcSecurityGroupIds",
        "SecurityGroups": "sagemaker:VpcSecurityGroupIds",
        "SubnetId": "sagemaker:VpcSubnets",
        "SubnetIds": "sagemaker:VpcSubnets",
        "Subnets": "sagemaker:VpcSubnets",
    }
)
_VOLUME: Final = ("sagemaker:VolumeKmsKey", "sagemaker:VolumeKmsKeyArn")
_OUTPUT: Final = ("sagemaker:OutputKmsKey", "sagemaker:OutputKmsKeyArn")
_OUTPUTS: Final = re.compile(r"Output(?:Data)?(?:Config)?")
# What these hold is about something else than what is created.
_APART: Final = frozenset(
    {
        "ComputeQuotaConfig",
        "DebugRuleConfigurations",
        "ProfilerRuleConfigurations",
        "ValidationSpecification",
    }
)
SAGEMAKER_KEYS: Final = frozenset({*_LISTED.values(), *_VOLUME, *_OUTPUT})


def sagemaker_keys(call: Call, _known: Account) -> dict[str, Any]:
    """Networks, instance types and KMS keys, wherever in the parameters they stand."""
    found: dict[str, list[str]] = {}
    for where, text in _texts(call.params, ()):
        for key in _keys_of(where):
            if text not in found.setdefault(key, []):
                found[key].append(text)
    listed = set(_LISTED.values())
    return {key: values if key in listed or len(values) > 1 else values[0] for key, values in found.items()}


def _keys_of(where: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that the member at a path gives."""
    name = where[-1]
    if name in _LISTED:
        return (_LISTED[name],)
    if name == "VolumeKmsKeyId" or where == ("KmsKeyId",):
        return _VOLUME
    if name in {"KmsKeyId", "KmsKeyArn"} and any(map(_OUTPUTS.search, where[-3:-1])):
        return _OUTPUT
    return ()


def _texts(value: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, where)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in _APART:
                yield from _texts(each, (*where, name))
