"""Parts of the live tests."""

from __future__ import annotations

import pytest

from tests import depth


@pytest.mark.parametrize(("parts", "units"), [(1, 5), (8, 37), (8, 5), (8, 1)])
def test_parts_have_every_unit(
    monkeypatch: pytest.MonkeyPatch, parts: int, units: int
) -> None:
    """Together they are all tests, and no part is empty."""
    found = []
    for part in range(1, parts + 1):
        monkeypatch.setattr(depth, "PART", f"{part}/{parts}")
        chosen = [n for n in range(units) if depth.in_part(n, units)]
        assert len(chosen) >= units // parts
        assert chosen
        found += chosen

    assert set(found) == set(range(units))


@pytest.mark.parametrize("text", ["", "0/1", "2/1", "1", "1/0", "a/b"])
def test_a_part_is_one_of_a_number(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What is no part is refused, with an example of one."""
    monkeypatch.setattr(depth, "PART", text)

    with pytest.raises(pytest.UsageError, match=r"expected PART=2/8"):
        depth.in_part(0, 1)
