from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from chaoskit.records import Record, record


@record
class Point(Record):
    x: int
    y: int = 2


@record
class Other(Record):
    x: int
    y: int = 2


@record
class Positive(Point):
    z: int = 3

    def __post_init__(self) -> None:
        if self.z <= 0:
            raise ValueError("z must be positive")


def test_a_record_is_a_dataclass_to_those_who_ask() -> None:
    made: Any = Point(x=1)
    kind: Any = Positive
    assert dataclasses.asdict(made) == {"x": 1, "y": 2}
    assert dataclasses.replace(made, x=5) == Point(x=5, y=2)
    assert [field.name for field in dataclasses.fields(kind)] == ["x", "y", "z"]
    assert repr(made) == "Point(x=1, y=2)"


def test_a_record_that_lacks_a_field_or_gets_another_is_not_made() -> None:
    with pytest.raises(TypeError, match="Point lacks x"):
        Point(y=1)  # type: ignore[call-arg] # that is the test
    with pytest.raises(TypeError, match="Point has no z"):
        Point(x=1, z=1)  # type: ignore[call-arg] # that is the test


def test_records_are_equal_when_their_kind_and_their_fields_are() -> None:
    assert Point(x=1, y=2) == Point(y=2, x=1)
    assert hash(Point(x=1, y=2)) == hash(Point(y=2, x=1))
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Other(x=1)


def test_nothing_of_a_record_can_be_set_or_deleted() -> None:
    made: Any = Point(x=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.elsewhere = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.x
    assert made == Point(x=1)


def test_a_record_may_check_itself_once_it_is_filled() -> None:
    with pytest.raises(ValueError, match="positive"):
        Positive(x=1, z=0)
    assert Positive(x=1).z == 3
