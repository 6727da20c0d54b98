"""The target and the journal of a pytest session, opened when the first test needs them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.api import Lab
    from chaoskit.pytest_plugin.accounts import Chaos, Sandbox
    from chaoskit.result import Result

_KEPT: Final = "pytest"
_RESTS_WITHIN_S: Final = 60.0
_ANSWERS_WITHIN_S: Final = 10.0


class ExperimentFailedError(AssertionError):
    """Not what was expected of the account; the message is the whole story."""


def laboratory(config: pytest.Config) -> Laboratory:
    """The one of this session."""
    if LAB not in config.stash:
        config.stash[LAB] = Laboratory(config.getoption("--chaos-target"))
    return config.stash[LAB]


class Laboratory:
    """The account that a session's tests share.

    Attributes:
        target: embedded or aws.
    """

    def __init__(self, target: Any) -> None:
        """Nothing is opened yet."""
        self.target = target
        self._open = ExitStack()
        self._lab: Lab | None = None
        self._snapshot = False

    @property
    def lab(self) -> Lab:
        """The open target; a worker of pytest-xdist has a sandbox to itself."""
        from chaoskit import api  # noqa: PLC0415 - only when a test needs the account

        if self._lab is None:
            alone = "PYTEST_XDIST_WORKER" in os.environ
            self._lab = self._open.enter_context(api.opened(self.target, own=alone))
        return self._lab

    def run(self, path: Path) -> Result:
        """Run one experiment file, whatever it comes to."""
        return self.chaos(path.parent).run(path, verdict=None)

    def chaos(self, root: Path) -> Chaos:
        """What the fixture of that name is; experiments are looked for below `root`."""
        from chaoskit.pytest_plugin.accounts import Chaos  # noqa: PLC0415 - as above

        return Chaos(self.lab, root)

    def sandbox(self) -> Sandbox:
        """What the fixture of that name is; from now on its state can be put back."""
        from chaoskit.pytest_plugin.accounts import Sandbox  # noqa: PLC0415 - as above

        made = Sandbox(self.lab)
        if not self._snapshot:
            made.control(f"snapshot?name={_KEPT}&timeout={_RESTS_WITHIN_S}", _RESTS_WITHIN_S)
            self._snapshot = True
        return made

    def put_back(self) -> None:
        """Put the sandbox back as it was when it was first used.

        Raises:
            TargetError: It does not answer, or something in it does not come to rest.
        """
        where = f"restore?name={_KEPT}&timeout={_RESTS_WITHIN_S}"
        self.sandbox().control(where, _RESTS_WITHIN_S + _ANSWERS_WITHIN_S)

    def close(self) -> None:
        """Let go of all of it."""
        self._open.close()


LAB: Final = pytest.StashKey[Laboratory]()
