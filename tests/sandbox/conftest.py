"""A bare sandbox, served for the tests of one module, and boto3 to talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox


@pytest.fixture(scope="module")
def served(one_sandbox: OneSandbox) -> Iterator[Served]:
    """A fresh sandbox with nothing but the organization and its administrators."""
    with one_sandbox.bare() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def aws(served: Served) -> Aws:
    """boto3 against that sandbox."""
    return Aws(served)
