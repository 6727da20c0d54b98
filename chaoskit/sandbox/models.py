"""botocore's data, read quickly and once: service models for moto and for the sandbox's own clients.

botocore looks at every file of every service before it reads the first model, and does so for each loader;
moto makes a loader for each model.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import moto.core.loaders
import moto.core.utils
from botocore.loaders import JSONFileLoader, Loader, instance_cache
from botocore.session import Session
from moto.core.base_backend import AccountSpecificBackend

if TYPE_CHECKING:
    from collections.abc import Callable


class _Files(JSONFileLoader):  # type: ignore[misc] # botocore has no types
    """Reads JSON into plain dictionaries, which keep their order too."""

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        try:
            with open_method(full_path, "rb") as file:
                return json.loads(file.read())
        except FileNotFoundError:
            return None


class _Quick:
    """Takes every folder for a service; reading a model that is not there fails all the same."""

    search_paths: list[str]

    @instance_cache  # type: ignore[untyped-decorator] # botocore has no types
    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore names it
        folders = (path for path in self.search_paths if os.path.isdir(path))  # noqa: PTH112 - botocore's are texts
        return sorted({name for folder in folders for name in os.listdir(folder)})  # noqa: PTH208 - as above


class _ClientModels(_Quick, Loader):  # type: ignore[misc] # botocore has no types
    """What clients are made of. They change it (S3's paths lose the bucket), so moto needs its own."""


class _ServerModels(_Quick, moto.core.loaders.Loader):
    """The same with moto's additions."""


@cache
def _for_moto() -> Any:
    return _ServerModels(file_loader=_Files(), extra_search_paths=[moto.core.loaders.moto_root])


@cache
def _for_clients() -> Any:
    return _ClientModels(file_loader=_Files())


def share() -> None:
    """Let moto read its models through one loader, clients theirs through another, regions too."""
    vars(moto.core.utils)["create_loader"] = _for_moto
    vars(botocore.session)["create_loader"] = lambda *_: _for_clients()
    setattr(AccountSpecificBackend, "get_session", staticmethod(cache(session)))  # noqa: B010 - it is typed as a method


def session() -> Any:
    """A botocore session that reads nothing of this machine's: no profile, no environment, no metadata."""
    made = Session(session_vars={"config_file": (None, None, None, None)})
    made.set_config_variable("credentials_file", os.devnull)
    made.register_component("data_loader", _for_clients())
    return made
