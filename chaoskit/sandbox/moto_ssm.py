"""moto's Systems Manager without moto's EC2, which it imports (a second) for one operation on instances."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import yaml

_EC2 = "moto.ec2"


class _Later:
    """EC2's backends, imported by whoever looks one up."""

    def __getitem__(self, account: str) -> Any:
        return import_module(_EC2).ec2_backends[account]


class _Yaml:
    """What moto uses of PyYAML, by libyaml where there is one: ten times quicker, otherwise the same."""

    YAMLError = yaml.YAMLError
    dump = staticmethod(yaml.dump)

    @staticmethod
    def safe_load(content: str) -> Any:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


def backends() -> Any:
    """SSM's backends, by account and region. Hold moto's lock."""
    models = _models()
    vars(models)["yaml"] = _Yaml
    return models.ssm_backends


def _models() -> Any:
    if _EC2 in sys.modules:
        return import_module("moto.ssm.models")
    stand_in = ModuleType(_EC2)
    vars(stand_in)["ec2_backends"] = _Later()
    sys.modules[_EC2] = stand_in
    try:
        return import_module("moto.ssm.models")
    finally:
        del sys.modules[_EC2]
