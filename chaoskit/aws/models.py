"""The service models, read once in a process: reading costs most of a client."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@functools.cache
def loader() -> Any:
    """A loader that does not go through the folders of all 450 services to find out that one is there."""
    from botocore.loaders import Loader  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    class Models(Loader):  # type: ignore[misc] # botocore has no types
        def list_available_services(self, type_name: str) -> Collection[str]:
            return _Available(
                functools.partial(self.list_api_versions, type_name=type_name),
                functools.partial(Loader.list_available_services, self, type_name),
            )

    return Models()


class _Available(Collection[str]):
    """Which services have a model of some type: asked for one, it looks for that one only."""

    def __init__(self, versions: Callable[[str], Any], every: Callable[[], list[str]]) -> None:
        self._versions, self._every = versions, every

    def __contains__(self, service: object) -> bool:
        from botocore.exceptions import DataNotFoundError  # noqa: PLC0415 - as above

        try:
            return bool(self._versions(str(service)))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._every())

    def __len__(self) -> int:
        return len(self._every())


@functools.cache
def service(name: str) -> Any:
    """The model of a service by its boto3 name, as AWS publishes it."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - as above
    from botocore.model import ServiceModel  # noqa: PLC0415 - as above

    # A client of S3 changes the model that its session has read: paths lose the bucket.
    reading = create_loader() if name == "s3" else loader()
    return ServiceModel(reading.load_service_model(name, "service-2"), name)
