"""The pytest plug-in: experiment files as tests, and faults in tests of your own.

`pytest experiments/` validates every YAML below a folder named `experiments`; with `--chaos-run` each
is run, and a verdict other than PASSED fails the test. The fixtures `sandbox`, `chaos` and
`assert_detected` are for Python tests. Each worker of pytest-xdist has a sandbox and a journal of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, cast

import pytest

from chaoskit.pytest_plugin.items import ExperimentFile
from chaoskit.pytest_plugin.laboratory import LAB, laboratory
from chaoskit.pytest_plugin.selection import deselect, skip_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.pytest_plugin.accounts import Chaos, Sandbox

__all__ = ["assert_detected", "chaos", "sandbox"]

# As `chaoskit.contract` has them, which a pytest run without experiments must not pay for.
LAYERS: Final = ("identity", "network", "data", "application")
_FOLDER: Final = "experiments"
_SCOPES: Final = ("function", "module", "session")
_MARKERS: Final = (
    "experiment: an experiment file (chaoskit)",
    *(f"layer_{layer}: about the {layer} layer (chaoskit)" for layer in LAYERS),
    "attack(id): about a MITRE ATT&CK technique, e.g. attack(id='T1098.003') (chaoskit)",
    "chaos_target(name): only for this target, embedded or aws; skipped on the other (chaoskit)",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("chaoskit", "security chaos experiments")
    group.addoption("--chaos-run", action="store_true", help="run the experiments, not only validate them")
    group.addoption(
        "--chaos-target",
        choices=("embedded", "aws"),
        default="embedded",
        help="where experiments run (aws as chaoskit.toml says)",
    )
    group.addoption("--chaos-layer", choices=LAYERS, help="only tests about this layer")
    group.addoption("--chaos-attack", metavar="ID", help="only tests about this ATT&CK technique: T1098.003")
    text = "when the fixture `sandbox` is put back: after each function, module or session"
    group.addoption("--chaos-sandbox-scope", choices=_SCOPES, help=text)
    parser.addini("chaos_sandbox_scope", text, default=_SCOPES[0])


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known.

    Raises:
        UsageError: The ini file names a scope that there is not.
    """
    if (scope := config.getini("chaos_sandbox_scope")) not in _SCOPES:
        raise pytest.UsageError(f"chaos_sandbox_scope must be one of {', '.join(_SCOPES)}, not {scope!r}")
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the YAML files below `experiments`."""
    root = parent.config.rootpath
    inside = file_path.relative_to(root) if file_path.is_relative_to(root) else file_path
    if file_path.suffix in (".yaml", ".yml") and _FOLDER in inside.parent.parts:
        return ExperimentFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `--chaos-layer` and `--chaos-attack` do not ask for."""
    deselect(config, items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is for the other target."""
    skip_elsewhere(item)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the sandbox and free the journal, if there were any."""
    lab = config.stash.get(LAB, None)
    if lab is not None:
        lab.close()


def _scope(fixture_name: str, config: pytest.Config) -> Literal["function", "module", "session"]:
    del fixture_name
    scope = config.getoption("--chaos-sandbox-scope") or config.getini("chaos_sandbox_scope")
    return cast("Literal['function', 'module', 'session']", scope)


@pytest.fixture(scope=_scope)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """An embedded AWS account with the reference workload, put back as it was when the scope ends.

    It is the sandbox that is up (`chaoskit sandbox up`), or one of this session's own. Whatever is changed
    in it meanwhile, by anybody, is gone afterwards. Skipped with `--chaos-target aws`.
    """
    lab = laboratory(request.config)
    if lab.target != "embedded":
        pytest.skip("the fixture `sandbox` is the embedded one, and the target is aws")
    made = lab.sandbox()
    try:
        yield made
    finally:
        lab.put_back()


@pytest.fixture(scope="session")
def chaos(request: pytest.FixtureRequest) -> Chaos:
    """Runs experiments and injects faults, in the account that `--chaos-target` says."""
    return laboratory(request.config).chaos(request.config.rootpath)


@pytest.fixture(scope="session")
def assert_detected(chaos: Chaos) -> Callable[..., Any]:
    """`assert_detected(rule, by=fault, within="60s")`: see `Chaos.assert_detected`."""
    return chaos.assert_detected
