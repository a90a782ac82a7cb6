"""`make` installs the kit: by uv or by pip, and again after an interruption.

Everything is real but the index, a folder of tiny wheels, and the `uv` in it,
a script that notes how it was called.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# Slow enough to be interrupted where a test says so.
UV: Final = """#!/bin/sh
echo "$@" >> "$UV_LOG"
echo "UV_DEFAULT_INDEX=$UV_DEFAULT_INDEX" >> "$UV_LOG"
sleep "${UV_SLEEP:-0}"
exit "${UV_STATUS:-0}"
"""
# How the stub of the kit is built, without setuptools.
BACKEND: Final = """
import zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "kit-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as file:
        file.writestr("kit.pth", "")
        file.writestr("kit-1.dist-info/METADATA",
                      "Metadata-Version: 2.1\\nName: kit\\nVersion: 1\\n")
        file.writestr("kit-1.dist-info/WHEEL",
                      "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                      "Tag: py3-none-any\\n")
        file.writestr("kit-1.dist-info/RECORD", "")
    return name
"""
PROJECT: Final = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "kit"
version = "1"
"""


def _wheel(index: Path, name: str, files: dict[str, str]) -> str:
    """Put a wheel into the index; return its line for a lock."""
    file = index / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(file, "w") as wheel:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", tags)
        wheel.writestr(f"{info}/RECORD", "")
    digest = sha256(file.read_bytes()).hexdigest()
    return f"{name}==1 --hash=sha256:{digest}\n"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """Return a copy of what installs the kit, with locks of tiny wheels."""
    root, index = tmp_path / "kit", tmp_path / "index"
    (root / "scripts").mkdir(parents=True)
    index.mkdir()
    for name in ("Makefile", "scripts/install"):
        shutil.copy2(ROOT / name, root / name)
    student = _wheel(index, "student", {"student.py": ""})
    board = student + _wheel(index, "instructor", {"instructor.py": ""})
    dev = board + _wheel(index, "contributor", {"contributor.py": ""})
    uv = _wheel(index, "uv", {"uv-1.data/scripts/uv": UV})
    (root / "requirements.txt").write_text(student)
    (root / "requirements-class.txt").write_text(board)
    (root / "requirements-dev.txt").write_text(dev)
    (root / "requirements-uv.txt").write_text(uv)
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND)
    return root


def _environment(kit: Path, **more: str) -> dict[str, str]:
    """Return an environment in which pip knows the small index only."""
    ours = {k: v for k, v in os.environ.items() if k.split("_")[0] != "PIP"}
    return ours | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(kit.parent / "index"),
        "UV_LOG": str(kit.parent / "uv.log"),
        **more,
    }


def _make(
    kit: Path, target: str = ".venv/stamp", **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", target, f"PYTHON={sys.executable}"],
        cwd=kit,
        env=_environment(kit, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def _has(kit: Path, module: str) -> bool:
    """Tell whether .venv can import a module."""
    python = str(kit / ".venv" / "bin" / "python")
    command = [python, "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode == 0


def test_uv_installs_the_students_lock(kit: Path) -> None:
    """It has the lock, pip's index, and leaves neither pip nor itself."""
    url = "http://127.0.0.1:1/simple"

    done = _make(kit, PIP_INDEX_URL=url)

    assert done.returncode == 0, done.stderr
    log = (kit.parent / "uv.log").read_text()
    assert re.search(
        r"--require-hashes --requirement \S+/requirements.txt", log
    )
    assert f"--editable {kit}" in log
    assert f"UV_DEFAULT_INDEX={url}" in log
    assert (kit / ".venv" / "stamp").exists()
    assert not (kit / ".venv" / "stamp-dev").exists()
    assert not _has(kit, "pip")
    assert not (kit / ".venv" / "installer").exists()
    assert "is up to date" in _make(kit).stdout


def test_pip_installs_where_uv_is_not_available(kit: Path) -> None:
    """No wheel of uv: one line says so, and pip installs the same lock."""
    next((kit.parent / "index").glob("uv-*")).unlink()

    done = _make(kit)

    assert done.returncode == 0, done.stderr
    assert re.search(
        r"uv is not available, pip takes longer; .*uv", done.stdout
    )
    assert _has(kit, "student")
    assert not _has(kit, "contributor")


def test_pip_installs_where_uv_fails(kit: Path) -> None:
    """With a line that says so."""
    done = _make(kit, UV_STATUS="2")

    assert done.returncode == 0, done.stderr
    assert "uv failed as above" in done.stdout
    assert _has(kit, "student")


def test_instructors_have_the_board(kit: Path) -> None:
    """`make class` adds what no student has; UV=0 does not try uv at all."""
    assert "UV=0: pip installs" in _make(kit, UV="0").stdout
    assert not (kit.parent / "uv.log").exists()
    assert (kit / ".venv" / "stamp").exists()
    assert not _has(kit, "instructor")

    done = _make(kit, "class", UV="0")

    assert done.returncode == 0, done.stderr
    assert _has(kit, "instructor")
    assert not _has(kit, "contributor")
    assert "Nothing to be done" in _make(kit, "class").stdout


def test_contributors_have_all_locks(kit: Path) -> None:
    """Targets of a student and an instructor then find theirs up to date."""
    done = _make(kit, ".venv/stamp-dev", UV="0")

    assert done.returncode == 0, done.stderr
    assert _has(kit, "student")
    assert _has(kit, "contributor")
    assert "is up to date" in _make(kit).stdout
    assert "Nothing to be done" in _make(kit, "class").stdout

    (kit / "requirements.txt").touch()
    assert "scripts/install" in _make(kit, MAKEFLAGS="n").stdout


def test_an_interrupted_installation_is_repeated(kit: Path) -> None:
    """Ctrl-C in the middle: half a package is not taken for a whole one."""
    with subprocess.Popen(
        [
            # A test in the background of a script inherits it ignored.
            *("env", "--default-signal=INT"),
            *("make", ".venv/stamp", f"PYTHON={sys.executable}"),
        ],
        cwd=kit,
        env=_environment(kit, UV_SLEEP="60"),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        log = kit.parent / "uv.log"
        until = time.monotonic() + 60
        while not log.exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=120)[0]
    half = kit / ".venv" / "half-a-package"
    half.touch()
    assert "interrupted" in said
    assert process.returncode
    assert not (kit / ".venv" / "stamp").exists()

    assert _make(kit, UV="0").returncode == 0
    assert not half.exists()
    assert _has(kit, "student")


def test_another_content_is_refused(kit: Path) -> None:
    """A wheel with other content than the lock's: a sentence, no stamp."""
    _wheel(kit.parent / "index", "student", {"student.py": "other = 1\n"})

    done = _make(kit, UV="0")

    assert done.returncode
    assert "make: the kit's Python packages could not be" in done.stderr
    assert not (kit / ".venv" / "stamp").exists()
