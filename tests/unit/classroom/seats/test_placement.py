"""Students and machines: no machine is overfilled, and seats stay put."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.placement import balanced, place

STUDENTS = st.lists(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True), unique=True, max_size=40
)
PLACES = st.dictionaries(
    st.sampled_from([f"room-{number}" for number in range(6)]),
    st.integers(0, 12),
    max_size=6,
)


def _fullest(seats: dict[str, str], places: dict[str, int]) -> Fraction:
    counts = Counter(seats.values())
    return max(
        (Fraction(n, places[it]) for it, n in counts.items()),
        default=Fraction(0),
    )


@given(students=STUDENTS, places=PLACES)
def test_never_too_many(students: list[str], places: dict[str, int]) -> None:
    """Nobody is left out while there is a place, and all are named."""
    found = place(students, places)

    for machine, count in Counter(found.machines.values()).items():
        assert count <= places[machine]
    assert len(found.machines) == min(len(students), sum(places.values()))
    assert {*found.machines} | {*found.without} == {*students}


@given(students=STUDENTS, places=PLACES)
def test_balanced(students: list[str], places: dict[str, int]) -> None:
    """No machine could be relieved, and each has what its size can take."""
    found = place(students, places).machines

    assert balanced(found, places) == found
    counts = Counter(found.values())
    for machine, count in counts.items():
        # With one less here, another machine would be as full as this.
        share = Fraction(count, places[machine])
        for other, room in places.items():
            if counts[other] < room and other != machine:
                assert Fraction(counts[other] + 1, room) >= share


@given(students=STUDENTS, places=PLACES, data=st.data())
def test_any_order(
    students: list[str], places: dict[str, int], data: st.DataObject
) -> None:
    """A roster that was sorted otherwise moves no seat."""
    others = data.draw(st.permutations(students))
    machines = dict(data.draw(st.permutations([*places.items()])))

    assert place(others, machines) == place(students, places)


@given(students=STUDENTS, places=PLACES, extra=st.integers(1, 12))
def test_a_machine_more(
    students: list[str], places: dict[str, int], extra: int
) -> None:
    """Who has a seat keeps it; who had none gets one."""
    before = place(students, places)
    more = places | {"spare": extra}
    after = place(students, more, before.machines)

    for student, machine in before.machines.items():
        assert after.machines[student] == machine
    assert len(after.without) == max(len(before.without) - extra, 0)


@given(students=STUDENTS, places=PLACES, extra=st.integers(1, 12))
def test_balanced_after_a_machine_more(
    students: list[str], places: dict[str, int], extra: int
) -> None:
    """Seats move to the new machine only, and as few as needed."""
    before = place(students, places).machines
    more = places | {"spare": extra}
    after = balanced(before, more)

    moved = {it for it in before if after[it] != before[it]}
    assert {after[it] for it in moved} <= {"spare"}
    assert {*after} == {*before}
    assert balanced(after, more) == after
    assert _fullest(after, more) == _fullest(
        dict(place(before, more).machines), more
    )
    counts = Counter(after.values())
    assert len(moved) == counts["spare"]


@given(students=STUDENTS, places=PLACES, data=st.data())
def test_a_machine_less(
    students: list[str], places: dict[str, int], data: st.DataObject
) -> None:
    """Only its own students move."""
    before = place(students, places).machines
    lost = data.draw(st.sampled_from(sorted(places) or [""]))
    rest = {it: n for it, n in places.items() if it != lost}
    after = place(before, rest, before)

    for student, machine in before.items():
        if machine != lost:
            assert after.machines[student] == machine
    for machine, count in Counter(after.machines.values()).items():
        assert count <= rest[machine]
    assert len(after.machines) == min(len(before), sum(rest.values()))


@given(students=STUDENTS, places=PLACES, data=st.data())
def test_a_machine_that_shrank(
    students: list[str], places: dict[str, int], data: st.DataObject
) -> None:
    """As many as still fit stay."""
    before = place(students, places).machines
    smaller = {it: data.draw(st.integers(0, n)) for it, n in places.items()}
    after = place(before, smaller, before).machines

    was, stayed = (
        Counter(before.values()),
        Counter(
            machine
            for it, machine in before.items()
            if after.get(it) == machine
        ),
    )
    for machine, room in smaller.items():
        assert stayed[machine] >= min(was[machine], room)


def test_thirty_students() -> None:
    """Three machines, of which one is twice as large."""
    students = [f"student-{number}" for number in range(30)]
    found = place(students, {"a": 10, "b": 10, "c": 20}).machines

    assert Counter(found.values()) == {"a": 8, "b": 7, "c": 15} or Counter(
        found.values()
    ) == {"a": 7, "b": 8, "c": 15}
