"""Which instances Systems Manager manages: none, since nothing here runs an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall


class ManagedInstances:
    """Answers DescribeInstanceInformation (Systems Manager API Reference), which moto lacks."""

    service = "ssm"

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"DescribeInstanceInformation": lambda _: {"InstanceInformationList": []}}
