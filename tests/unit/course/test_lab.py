"""A lab's folder is read, and all that is wrong with it is told at once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graders import settings
from graders.course.lab import all_labs, load_lab, read_lab
from graders.errors import UsageError

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden"
TOY = TESTS / "toy" / "lab-9-toy"


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder labs/ with the toy lab in it."""
    folder = tmp_path / "labs"
    shutil.copytree(TOY, folder / TOY.name)
    monkeypatch.setattr(settings, "LABS", folder)
    return folder


def _problems(folder: Path) -> list[str]:
    """Return what is said to be wrong with a folder."""
    with pytest.raises(UsageError) as caught:
        read_lab(folder)
    return caught.value.problems


def _edit(folder: Path, **changes: Any) -> None:  # noqa: ANN401 - any YAML
    """Change keys of a lab.yml."""
    file = folder / "lab.yml"
    raw = yaml.safe_load(file.read_text()) | changes
    file.write_text(yaml.safe_dump(raw))


def test_a_lab_is_its_file_and_its_folder() -> None:
    """Id and number come from the folder's name."""
    lab = read_lab(TOY)

    assert (lab.id, lab.number, lab.title) == ("lab-9-toy", 9, "Toy")
    assert (lab.minutes, lab.namespace, lab.metallb) == (5, "lab-9", False)
    assert list(lab.checks.items())[:2] == [("vip", 15), ("arp", 10)]
    assert list(lab.variants) == ["no-pool", "no-route"]
    assert lab.variant("no-route").breaks == "route"
    assert len(lab.hints["route"]) == 3
    assert lab.grader_file == (
        settings.ROOT / "graders" / "labs" / "test_lab_9_toy.py"
    )


@pytest.mark.parametrize("ref", ["9", "lab-9", "lab-9-toy"])
def test_a_lab_has_three_names(labs: Path, ref: str) -> None:
    """Number, short name and id find the same folder."""
    assert load_lab(ref).folder == labs / "lab-9-toy"


@pytest.mark.parametrize("ref", ["", "lab", "lab-", "99", "../lab-9-toy"])
@pytest.mark.usefixtures("labs")
def test_an_unknown_lab_is_told_with_those_there_are(ref: str) -> None:
    """It is wrong usage."""
    with pytest.raises(UsageError) as caught:
        load_lab(ref)

    assert str(caught.value) == f"lab must be one of lab-9-toy, not {ref!r}"


def test_without_labs_it_says_so(labs: Path) -> None:
    """An empty folder is told as such."""
    shutil.rmtree(labs)

    with pytest.raises(UsageError, match=r"labs/ is empty"):
        load_lab("1")


def test_labs_are_in_the_order_of_their_numbers(labs: Path) -> None:
    """Lab 10 comes after lab 9."""
    shutil.copytree(TOY, labs / "lab-10-tea")

    assert [lab.number for lab in all_labs()] == [9, 10]


def test_two_labs_of_one_number_need_their_whole_names(labs: Path) -> None:
    """The short name would be a guess."""
    shutil.copytree(TOY, labs / "lab-9-tea")

    assert load_lab("lab-9-tea").id == "lab-9-tea"
    with pytest.raises(UsageError, match="lab-9-tea, lab-9-toy, not '9'"):
        load_lab("9")


def test_problems_of_all_labs_are_told_at_once(labs: Path) -> None:
    """One broken lab does not hide another."""
    for name in ("lab-1-a", "lab-2-b"):
        shutil.copytree(TOY, labs / name)
        (labs / name / "README.md").unlink()

    with pytest.raises(UsageError) as caught:
        all_labs()

    assert caught.value.problems == [
        "labs/lab-1-a/README.md must be there: it is the brief",
        "labs/lab-2-b/README.md must be there: it is the brief",
    ]


def test_every_problem_has_its_golden_line(labs: Path) -> None:
    """Place, rule and value; all at once."""
    folder = labs / "lab-07-Odd"
    (folder / "faults").mkdir(parents=True)
    (folder / "faults" / "stray.yml").touch()
    (folder / "lab.yml").write_text((GOLDEN / "labfile-bad.yml").read_text())

    assert _problems(folder) == (
        (GOLDEN / "labfile-bad.txt").read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: [", ":1 must be YAML: expected the node content, but found"),
        ("a: 1\nb: :\n  c: d", ":2 must be YAML: mapping values are not"),
        ("title: a\nminutes: 1\ntitle: b", ":3 must be YAML: key 'title'"),
        ("a: !!python/object:os.system x", ":1 must be YAML: could not"),
        ("title: 2026-99-99", " must be YAML: ValueError("),
        ("just words", " must be keys with values, not 'just words'"),
        ("", " must be keys with values, not None"),
        ("a: \x00", " must be YAML: "),
    ],
)
def test_broken_yaml_is_told_with_its_place(
    labs: Path, text: str, problem: str
) -> None:
    """File and line, as editors open them."""
    file = labs / "lab-9-toy" / "lab.yml"
    file.write_text(text)

    told = _problems(file.parent)

    assert len(told) == 1
    assert told[0].startswith(f"labs/lab-9-toy/lab.yml{problem}")


def test_a_file_that_is_not_there_or_no_text(labs: Path) -> None:
    """Both are told, neither is a crash."""
    file = labs / "lab-9-toy" / "lab.yml"

    file.write_bytes(b"\xff\xfe\xfa")
    assert (
        "labs/lab-9-toy/lab.yml must be a readable file: it is not"
        in _problems(file.parent)[0]
    )
    file.unlink()
    assert _problems(file.parent) == [
        (
            "labs/lab-9-toy/lab.yml must be a readable file:"
            " No such file or directory"
        )
    ]


def test_a_lab_level_ladder_is_enough_for_a_variant(labs: Path) -> None:
    """Without any, the check that it breaks has no hint."""
    _edit(labs / "lab-9-toy", hints={})

    assert _problems(labs / "lab-9-toy") == [
        (
            "labs/lab-9-toy/lab.yml:26: variants.no-route.hints must have a"
            " ladder for route, the check that it breaks"
        )
    ]


KEYS = st.sampled_from(
    [*yaml.safe_load((TOY / "lab.yml").read_text()), "breaks", "layer", "vip"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS | st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
READS = hypothesis_settings(
    max_examples=50,  # each writes and reads YAML, which is slow
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)


def _read_or_refuse(folder: Path) -> None:
    """Read a lab; anything but a lab or one-line problems is a bug."""
    try:
        read_lab(folder)
    except UsageError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(line.isprintable() for line in problems)


@READS
@given(raw=st.dictionaries(KEYS, VALUES))
def test_any_values_are_read_or_refused(
    raw: dict[str, object], labs: Path
) -> None:
    """Whatever has the wrong type, all that is raised is UsageError."""
    _edit(labs / "lab-9-toy")
    whole = yaml.safe_load((TOY / "lab.yml").read_text())
    file = labs / "lab-9-toy" / "lab.yml"
    file.write_text(yaml.safe_dump(whole | raw))

    _read_or_refuse(file.parent)


@READS
@given(
    text=st.binary() | st.text("{}[]&*!|>-:?#'\"\n ab1~<=\x00").map(str.encode)
)
def test_any_bytes_are_read_or_refused(text: bytes, labs: Path) -> None:
    """A truncated or foreign file is no crash."""
    (labs / "lab-9-toy" / "lab.yml").write_bytes(text)

    _read_or_refuse(labs / "lab-9-toy")
