"""Which tests are meant: by layer, by ATT&CK technique, by target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.experiment import Experiment


def marks(experiment: Experiment) -> Iterator[pytest.MarkDecorator]:
    """The markers of an experiment's test: `-m "layer_identity and attack(id='T1098.003')"`."""
    yield pytest.mark.experiment
    yield getattr(pytest.mark, f"layer_{experiment.layer}")
    ids = dict.fromkeys(experiment.maps.get("attack", ()))
    for fault in experiment.faults:
        ids |= dict.fromkeys(fault.about.attack)
    for each in ids:
        yield pytest.mark.attack(id=each)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only the tests that the options ask for; a technique stands for its sub-techniques too."""
    layer, attack = config.getoption("--chaos-layer"), config.getoption("--chaos-attack")
    if not layer and not attack:
        return
    left_out = [item for item in items if not _asked_for(item, layer, attack)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def skip_elsewhere(item: pytest.Item) -> None:
    """Skip a test that is marked for another target."""
    wanted = [str(mark.args[0]) for mark in item.iter_markers("chaos_target") if mark.args]
    target = item.config.getoption("--chaos-target")
    if wanted and target not in wanted:
        pytest.skip(f"for the target {' or '.join(wanted)}, and this is {target}")


def _asked_for(item: pytest.Item, layer: str | None, attack: str | None) -> bool:
    if layer and not item.get_closest_marker(f"layer_{layer}"):
        return False
    if attack is None:
        return True
    from chaoskit.spec.ids import any_of  # noqa: PLC0415 - a pytest run that does not ask must not pay for it

    ids = [str(mark.kwargs.get("id", *mark.args[:1])) for mark in item.iter_markers("attack")]
    return any_of("attack", ids, attack)
