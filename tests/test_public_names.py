from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import chaoskit

PUBLIC = [
    "Call",
    "Change",
    "ChaoskitError",
    "Each",
    "Fault",
    "Lab",
    "Observation",
    "Probe",
    "Query",
    "Reader",
    "Result",
    "Results",
    "Trace",
    "Verdict",
    "__version__",
    "fault",
    "opened",
    "probe",
    "run",
]


def test_the_public_names_are_exactly_these() -> None:
    assert chaoskit.__all__ == PUBLIC


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(chaoskit, name))


def test_a_star_import_brings_just_the_public_names() -> None:
    code = (
        "from chaoskit import *; print(sorted(n for n in globals() if n[:2] != '__' or n == '__version__'))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == repr(sorted(PUBLIC))


def test_an_unknown_name_is_an_attribute_error_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match=r"module 'chaoskit' has no attribute 'Fualt'"):
        chaoskit.Fualt  # noqa: B018 - reading it is the test


def test_importing_the_package_brings_neither_the_engine_nor_an_aws_sdk() -> None:
    code = (
        "import sys, chaoskit; "
        "heavy = {'boto3', 'botocore', 'yaml', 'rich', 'click', 'moto', 'tenacity', 'structlog'}; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in heavy or m == 'chaoskit.engine'))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
