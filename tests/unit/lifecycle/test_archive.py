"""Archives of images and tools: whole ones pass, all others are named."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from typing import TYPE_CHECKING

import pytest

from graders.errors import UsageError
from graders.lifecycle.archive import check_archive, main

if TYPE_CHECKING:
    from pathlib import Path

NODE = "metallb-lab/node:v1-abc"
TOOLS = ("bin/kind", "bin/kubectl", "bin/helm", "charts/metallb-1.tgz")
MANIFEST = [{"RepoTags": [NODE], "Config": "c.json", "Layers": ["l.tar"]}]
# Noise, as what is empty would survive a cut.
LAYER = random.Random(1).randbytes(100_000)  # noqa: S311 - no secret


def _tar(members: dict[str, bytes]) -> bytes:
    """Return an archive of these."""
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return text.getvalue()


def _images(manifest: object = MANIFEST) -> bytes:
    """Return what `docker save` writes."""
    described = json.dumps(manifest).encode()
    return _tar({"c.json": b"{}", "l.tar": LAYER, "manifest.json": described})


def _archive(images: bytes, tools: tuple[str, ...] = TOOLS) -> bytes:
    """Return what `lab images save` writes."""
    return _tar({"images.tar": images} | dict.fromkeys(tools, b"x"))


def _check(folder: Path, content: bytes) -> str:
    """Return what is wrong with an archive of this content."""
    file = folder / "lab.tar"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        check_archive(file, [NODE])
    said = str(caught.value)
    assert said.startswith(str(file))
    assert said.endswith("; make it again with `lab images save FILE`")
    assert "\n" not in said
    return said


def test_whole(tmp_path: Path) -> None:
    """One with all that is needed passes without a word."""
    file = tmp_path / "lab.tar"
    file.write_bytes(_archive(_images()))

    check_archive(file, [NODE])


def test_without_a_chart(tmp_path: Path) -> None:
    """The chart that lab 0 installs is needed, too."""
    said = _check(tmp_path, _archive(_images(), TOOLS[:3]))

    assert "the archive lacks MetalLB's chart;" in said


def test_links_between_layers(tmp_path: Path) -> None:
    """Older engines save a layer that two images share as a link."""
    text = io.BytesIO(_images())
    with tarfile.open(fileobj=text, mode="a") as archive:
        link = tarfile.TarInfo("other/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../l.tar"
        archive.addfile(link)
    file = tmp_path / "lab.tar"
    file.write_bytes(_archive(text.getvalue()))

    check_archive(file, [NODE])


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is no damaged one."""
    with pytest.raises(
        UsageError, match="the archive does not exist; make it again"
    ):
        check_archive(tmp_path / "none.tar", [NODE])


@pytest.mark.parametrize("kept", [0, 300, 20_000, 102_000])
def test_cut_short(tmp_path: Path, kept: int) -> None:
    """Wherever a copy stopped, it is a damaged archive."""
    said = _check(tmp_path, _archive(_images())[:kept])

    assert "the archive is damaged (" in said


def test_cut_between_members(tmp_path: Path) -> None:
    """Images that lack a layer at the end look whole; they are not."""
    described = json.dumps(MANIFEST).encode()
    images = _tar({"manifest.json": described, "c.json": b"{}"})

    assert "images.tar lacks layers" in _check(tmp_path, _archive(images))


@pytest.mark.parametrize(
    "content",
    [
        b"no archive at all",
        _tar({"bin/kind": b"x"}),
        _archive(b"no images"),
        _archive(_images({"RepoTags": []})),
        _archive(_images([{"RepoTags": [NODE]}])),
        _archive(_images([7])),
        _archive(_tar({"manifest.json": b"{"})),
        _archive(_tar({"manifest.json": b"\xff"})),
    ],
    ids=[
        *("text", "no images.tar", "images text", "no list"),
        *("no config", "numbers", "cut JSON", "no UTF-8"),
    ],
)
def test_something_else(tmp_path: Path, content: bytes) -> None:
    """What is no archive of the kit's is damaged, and no traceback."""
    assert "damaged" in _check(tmp_path, content)


@pytest.mark.parametrize("at", range(20, 4500, 400))
def test_damaged_compression(tmp_path: Path, at: int) -> None:
    """One that somebody compressed and that got damaged is damaged."""
    words = json.dumps(list(range(2000))).encode()
    images = _tar({"l.tar": words, "manifest.json": b"[]"})
    packed = bytearray(gzip.compress(_archive(images), mtime=0))
    packed[at : at + 10] = b"\xff" * 10

    assert "damaged" in _check(tmp_path, bytes(packed))


def test_another_recipe(tmp_path: Path) -> None:
    """All that is missing is told at once."""
    images = _images([MANIFEST[0] | {"RepoTags": None}])
    said = _check(tmp_path, _archive(images, ("bin/kind", "bin/helm")))

    lacking = f"bin/kubectl, {NODE}, MetalLB's chart"
    assert f"the archive lacks {lacking};" in said


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The role gets 0, or 2 and one line on stderr."""
    file = tmp_path / "lab.tar"
    file.write_bytes(_archive(_images()))

    assert main([str(file), NODE]) == 0
    assert not capsys.readouterr().err
    assert main([str(file), "other:1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
