"""A check's spec is complete once its file and lab.yml are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.checks.check import check
from graders.errors import KitError
from graders.grading.check_spec import check_functions, read_spec

if TYPE_CHECKING:
    from pathlib import Path


@check(layer="allocation", needs=("pods",))
def test_vip() -> None:
    """It is {pool}, as agreed.

    The rest is for authors.
    """


def test_spec() -> None:
    """Name, sentence and points are there."""
    spec = read_spec(test_vip, ["pods"], {"vip": 5}, {"pool": "192.0.2.7"})

    assert (spec.name, spec.max_points) == ("vip", 5)
    assert spec.sentence == "It is 192.0.2.7, as agreed"
    assert (spec.layer, spec.needs) == ("allocation", ("pods",))


@pytest.mark.parametrize(
    ("earlier", "points", "values", "rule"),
    [
        ([], {"vip": 5}, {"pool": ""}, "needs must name a check above"),
        (["pods"], {}, {"pool": ""}, "lab.yml must give points to check vip"),
        (["pods"], {"vip": 5}, {}, "must use names of the plan, not 'pool'"),
    ],
)
def test_mistakes(
    earlier: list[str],
    points: dict[str, int],
    values: dict[str, str],
    rule: str,
) -> None:
    """Each is named."""
    with pytest.raises(KitError, match=rule):
        read_spec(test_vip, earlier, points, values)


def test_functions(tmp_path: Path) -> None:
    """They come in the order of the file, without what it imports."""
    file = tmp_path / "grader.py"
    file.write_text(
        "from textwrap import dedent\n"
        "test_number = 1\n"
        "def test_b(): pass\n"
        "def test_a(): pass\n"
        "def helper(): pass\n"
    )

    names = [function.__name__ for function in check_functions(file)]

    assert names == ["test_b", "test_a"]
