"""Lists of labs are read quickly, and say what lab.yml says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders import settings
from graders.course.lab import all_labs
from graders.course.overview import LabOverview, overviews
from graders.errors import UsageError

TOY = Path(__file__).parents[2] / "toy" / "lab-9-toy"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the only lab."""
    folder = tmp_path / TOY.name
    shutil.copytree(TOY, folder)
    monkeypatch.setattr(settings, "LABS", tmp_path)
    return folder


def test_same_as_the_models() -> None:
    """It shows what the whole file, read strictly, has."""
    shown = overviews()

    for quick, lab in zip(shown, all_labs(), strict=True):
        assert (quick.id, quick.number) == (lab.id, str(lab.number))
        assert (quick.title, quick.minutes) == (lab.title, lab.minutes)
        assert list(quick.objectives) == lab.objectives
        assert list(quick.variants) == list(lab.variants)


@pytest.mark.parametrize("lab", overviews(), ids=lambda lab: lab.id)
def test_each_fault_has_a_sentence(lab: LabOverview) -> None:
    """Its file begins with one, for instructors."""
    for variant in lab.variants:
        assert lab.fault(variant).endswith("."), variant


def test_first_sentence(toy: Path) -> None:
    """A comment may have several lines and sentences, or be absent."""
    fault = toy / "faults" / "no-pool.yml"
    fault.write_text("---\n# The pool of v1.2 is\n# gone. So are VIPs.\n[]\n")

    (lab,) = overviews("9")

    assert lab.fault("no-pool") == "The pool of v1.2 is gone."
    assert not lab.fault("no-route")
    assert not lab.fault("unwritten")


@pytest.mark.parametrize(
    "text", ["", "[]", "title: [", "title: 1", "minutes: x"]
)
def test_damaged_file(toy: Path, text: str) -> None:
    """The error is that of the strict reader, with the place."""
    (toy / "lab.yml").write_text(text)

    with pytest.raises(UsageError, match=r"labs/lab-9-toy/lab\.yml"):
        overviews()


def test_odd_minutes(toy: Path) -> None:
    """What has another type is refused as well."""
    file = toy / "lab.yml"
    text = file.read_text().replace("minutes: 5", "minutes: many")
    file.write_text(text)

    with pytest.raises(UsageError, match="minutes must be a whole number"):
        overviews()


def test_unknown_lab() -> None:
    """It lists the labs."""
    with pytest.raises(UsageError, match="lab must be one of lab-0"):
        overviews("77")
