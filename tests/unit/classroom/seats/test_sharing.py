"""Which machine gets which submission."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.sharing import (
    Wish,
    read_sent,
    share,
    write_sent,
)
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [f"key-{number}" for number in range(12)]


def test_by_room() -> None:
    """A machine that runs three labs gets three times as many as one."""
    placed = share({key: Wish() for key in KEYS}, {"small": 1, "large": 3})

    assert [len(keys) for keys in placed.values()] == [3, 9]


def test_what_a_machine_has_stays_there() -> None:
    """Others make up for it; a machine that does not answer has no say."""
    wishes = {key: Wish(["m1"]) for key in KEYS[:4]}
    wishes |= {key: Wish() for key in KEYS[4:8]}
    wishes["lost"] = Wish(["m9"])

    placed = share(wishes, {"m1": 2, "m2": 2})

    assert {*KEYS[:4]} <= {*placed["m1"]}
    assert {*KEYS[4:8]} <= {*placed["m2"]}
    assert sum(map(len, placed.values())) == 9


def test_a_machine_is_avoided_if_there_is_another() -> None:
    """A student's own seat has the student's lab."""
    wish = {"key": Wish((), ["m1"])}

    assert share(wish, {"m1": 8, "m2": 1})["m2"] == ["key"]
    assert share(wish, {"m1": 8})["m1"] == ["key"]


@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.builds(
            Wish,
            st.lists(st.sampled_from("abcd")),
            st.lists(st.sampled_from("abcd")),
        ),
    ),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), min_size=1),
)
def test_each_is_placed_once(
    wishes: dict[str, Wish], room: dict[str, int]
) -> None:
    """Whatever is wished."""
    placed = share(wishes, room)

    assert sorted(chain.from_iterable(placed.values())) == sorted(wishes)


def test_the_record(tmp_path: Path) -> None:
    """It is as it was written; a damaged one is named."""
    file = tmp_path / "regrade.json"
    assert read_sent(file) == {}
    write_sent(file, {"m1": {"b", "a"}, "m2": set()})
    assert read_sent(file) == {"m1": {"a", "b"}}

    file.write_text('{"machines": [1]}', encoding="utf-8")
    with pytest.raises(CannotCheck, match=r"regrade\.json"):
        read_sent(file)
