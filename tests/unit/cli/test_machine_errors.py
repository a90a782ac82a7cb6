"""What a machine refuses is told with place, rule and remedy."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from graders.cli.machine_errors import explain
from graders.settings import ROOT

pytestmark = pytest.mark.usefixtures("base")


def _text(number: int, place: Path | str | None = None) -> str:
    """Return what is told of an error of the operating system."""
    name = None if place is None else str(place)
    return str(explain(OSError(number, os.strerror(number), name), "demo"))


@pytest.mark.parametrize(
    ("number", "rule", "remedy"),
    [
        (errno.ENOSPC, "no space is left on its disk", "`df -h "),
        (errno.EDQUOT, "your quota of disk space is used up", "`df -h "),
        (errno.EROFS, "it is on a read-only file system", "`ls -ld "),
        (errno.EACCES, "permission denied", "`ls -ld "),
        (errno.ENOLCK, "its file system has no locks", "disk of this comp"),
        (errno.EMFILE, "too many files are open", "`ulimit -a`"),
    ],
)
def test_place_rule_and_remedy(
    base: Path, number: int, rule: str, remedy: str
) -> None:
    """One line has all three, and the variable that moves the folder."""
    text = _text(number, base / "demo" / "lock")

    assert text.startswith(f"could not use {base}/demo/lock: {rule}; ")
    assert remedy in text
    assert text.endswith("; or set METALLB_LAB_STATE to another folder")
    assert "\n" not in text


def test_open_file(base: Path) -> None:
    """Writing to an open file names no path: it is the student's folder."""
    assert f"could not use {base}/demo: no space" in _text(errno.ENOSPC)


def test_folder_is_a_file(base: Path) -> None:
    """The file in the way is named, not what was to be below it."""
    base.write_text("a file")

    for number in (errno.ENOTDIR, errno.EEXIST):
        text = _text(number, base / "demo" / "logs")
        assert text.startswith(f"could not use {base}: it is no folder; ren")


def test_folder_has_gone(base: Path) -> None:
    """What a person may have removed is told as gone."""
    text = _text(errno.ENOENT, base / "demo" / "logs" / "up.log")

    assert text.startswith(f"could not use {base}/demo/logs/up.log: it has go")


def test_real_errors(base: Path) -> None:
    """What Python raises has the place."""
    base.write_text("a file")

    with pytest.raises(OSError) as caught:  # noqa: PT011 - whichever it is
        (base / "demo").mkdir(parents=True, exist_ok=True)

    assert f"could not use {base}: it is no folder" in str(
        explain(caught.value, "demo")
    )


def test_existing_folder_is_shown(base: Path) -> None:
    """A command to type names a folder that there is."""
    text = _text(errno.ENOSPC, base / "demo" / "logs" / "up.log")

    assert f"`df -h {base.parent}`" in text


@pytest.mark.parametrize(
    ("place", "variable"),
    [
        ("cache/lock", "METALLB_LAB_CACHE"),
        ("state/demo/runner", "METALLB_LAB_STATE"),
    ],
)
def test_variable(tmp_path: Path, place: str, variable: str) -> None:
    """The variable is that of the folder."""
    assert f"or set {variable} to" in _text(errno.ENOSPC, tmp_path / place)


@pytest.mark.parametrize("place", [ROOT / "labs", Path("/opt/file")])
def test_no_variable(place: Path) -> None:
    """No variable moves the kit itself, or what is elsewhere."""
    assert "or set" not in _text(errno.EACCES, place)


def test_other_machine_errors() -> None:
    """Memory and packages have no place."""
    assert "no memory is left; end other" in str(explain(MemoryError(), "x"))
    missing = ModuleNotFoundError("No module", name="rich.table")
    assert str(explain(missing, "x")) == (
        "the Python package rich is not installed; `make doctor` installs"
        " what the kit needs"
    )


@pytest.mark.parametrize(
    "error",
    [
        OSError("no number"),
        FileNotFoundError(errno.ENOENT, "No such file", "/x"),
        ModuleNotFoundError("no", name="graders.labz"),
        ModuleNotFoundError("no"),
        RuntimeError("out of ideas"),
    ],
)
def test_faults_of_the_kit(error: Exception) -> None:
    """Anything else may be the kit's own."""
    assert explain(error, "demo") is None


def test_remedies_are_whole() -> None:
    """No number of Linux or macOS is told with a placeholder."""
    for number in errno.errorcode:
        assert not re.search(r"[{}]", _text(number, "/x"))
