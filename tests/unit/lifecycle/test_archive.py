"""Archives of images and tools: whole ones pass, all others are named."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import re
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.lifecycle import archive as module
from graders.lifecycle.archive import (
    check_archive,
    check_digest,
    main,
    unpack_archive,
    write_digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# `EXAMPLES=1000` damages others each time.
EXAMPLES: Final = int(os.environ.get("EXAMPLES", "0"))
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

    assert main(["check", str(file), NODE]) == 0
    assert main(["unpack", str(file), str(tmp_path)]) == 0
    assert not capsys.readouterr().err
    assert main(["check", str(file), "other:1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["unpack", str(file), str(tmp_path / "none")]) == 3
    assert capsys.readouterr().err.count("\n") == 1


Change: TypeAlias = "Callable[[tarfile.TarInfo], None]"


def _with(change: Change, name: str = "bin/kubectl") -> bytes:
    """Return an archive with a member after all others that is changed so."""
    text = io.BytesIO(_archive(_images(), TOOLS[:1] + TOOLS[2:]))
    with tarfile.open(fileobj=text, mode="a") as archive:
        info = tarfile.TarInfo(name)
        info.size = 1
        change(info)
        archive.addfile(info, io.BytesIO(b"x" * info.size))
    return text.getvalue()


def _set(**fields: object) -> Change:
    def change(info: tarfile.TarInfo) -> None:
        for name, value in fields.items():
            setattr(info, name, value)

    return change


LINK = {"size": 0, "linkname": "/bin/sh"}


@pytest.mark.parametrize(
    ("change", "name", "rule"),
    [
        (_set(mode=0o4755), "bin/kubectl", "bin/kubectl has mode 4755"),
        (_set(mode=0o2755), "bin/kubectl", "bin/kubectl has mode 2755"),
        (
            _set(type=tarfile.SYMTYPE, **LINK),
            "bin/kubectl",
            "bin/kubectl is no regular file",
        ),
        (
            _set(type=tarfile.LNKTYPE, **LINK),
            "bin/kubectl",
            "bin/kubectl is no regular file",
        ),
        (
            _set(type=tarfile.FIFOTYPE, size=0),
            "bin/kubectl",
            "bin/kubectl is no regular file",
        ),
        (
            _set(type=tarfile.DIRTYPE, size=0),
            "bin/kubectl",
            "bin/kubectl is no regular file",
        ),
        (
            _set(type=tarfile.SYMTYPE, **LINK),
            "charts",
            "unexpected 'charts'",
        ),
        (_set(), "bin/sh", "unexpected 'bin/sh'"),
        (_set(), "../bin/kubectl", "unexpected '../bin/kubectl'"),
        (_set(), "/bin/kubectl", "unexpected '/bin/kubectl'"),
        (_set(), "./bin/kubectl", "unexpected './bin/kubectl'"),
        (_set(), "charts/../bin/sh", "unexpected 'charts/../bin/sh'"),
        (_set(), "charts/metallb-1/x.tgz", "unexpected"),
        (_set(), "bin/kind", "bin/kind is there twice"),
        (_set(), "images.tar", "images.tar is there twice"),
    ],
)
def test_members(tmp_path: Path, change: Change, name: str, rule: str) -> None:
    """Only regular files of known names, with ordinary modes, are accepted."""
    content = _with(change, name)

    assert rule in _check(tmp_path, content)

    with pytest.raises(UsageError, match=re.escape(rule)):
        unpack_archive(tmp_path / "lab.tar", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["lab.tar"]


def test_a_sparse_file(tmp_path: Path) -> None:
    """A few bytes that stand for gigabytes are refused."""
    info = tarfile.TarInfo("bin/kubectl")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"00000000000\0" * 2
    header[483:495] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = _archive(_images(), TOOLS[:1])[:-1024].rstrip(b"\0")
    content += b"\0" * (-len(content) % 512)

    said = _check(tmp_path, content + bytes(header) + b"\0" * 1024)

    assert "bin/kubectl is no regular file" in said


@pytest.mark.parametrize("size", [1 << 20, -512])
def test_headers_without_an_end(tmp_path: Path, size: int) -> None:
    """What is read before a member's own header has a limit, too."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    header = info.tobuf(tarfile.GNU_FORMAT)

    said = _check(tmp_path, header + b"1" * (1 << 20))

    assert "damaged (x is too large)" in said


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        (gzip.compress(b"\0" * 400_000), "a file is too large"),
        (gzip.compress(b"\0" * 200_000), "images.tar is too large"),
        (gzip.compress(LAYER)[:5000], "damaged"),
        (lzma.compress(LAYER), "compressed by xz or others"),
        (bz2.compress(LAYER), "compressed by xz or others"),
    ],
    ids=["bomb", "bombs", "cut", "xz", "bzip2"],
)
def test_compressed_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: bytes, rule: str
) -> None:
    """Layers may be compressed by gzip, and count as what they unpack to."""
    monkeypatch.setattr(module, "_SIZE", 300_000)
    described = json.dumps(MANIFEST).encode()
    images = {"c.json": b"{}", "l.tar": layer, "other.tar": layer}

    said = _check(
        tmp_path, _archive(_tar(images | {"manifest.json": described}))
    )

    assert rule in said


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a tool nor the number of layers is without a limit."""
    with monkeypatch.context() as one:
        one.setattr(module, "_FILE_SIZE", 0)
        assert "bin/kind is too large" in _check(tmp_path, _archive(_images()))
    monkeypatch.setattr(module, "_MEMBERS", 2)
    assert "has more than any image" in _check(tmp_path, _archive(_images()))


def test_unpacked(tmp_path: Path) -> None:
    """Tools can be run, nothing else is changed, and nothing is left over."""
    file, cache = tmp_path / "lab.tar", tmp_path / "cache"
    file.write_bytes(_archive(_images()))
    for name in ("bin/versions-old", "bin/other", "load.old/x", "bin/kind"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text("old", encoding="utf-8")

    unpack_archive(file, cache)

    assert {
        str(one.relative_to(cache)): f"{one.stat().st_mode & 0o7777:o}"
        for one in cache.rglob("*")
        if one.is_file() and one.name != "other"
    } == {name: "644" if "tgz" in name else "755" for name in TOOLS}
    assert (cache / "bin" / "kind").read_text(encoding="utf-8") == "x"
    assert (cache / "bin" / "other").read_text(encoding="utf-8") == "old"


def test_a_load_that_is_cut_off(tmp_path: Path) -> None:
    """The tools of before stay, recorded as whole."""
    file = tmp_path / "lab.tar"
    file.write_bytes(_archive(_images())[:-12_000])
    (tmp_path / "bin").mkdir()
    for name in ("kubectl", "versions-1"):
        (tmp_path / "bin" / name).write_text("old", encoding="utf-8")

    with pytest.raises(UsageError):
        unpack_archive(file, tmp_path)

    assert not [*tmp_path.glob("load.*")]
    assert (tmp_path / "bin" / "versions-1").is_file()
    assert (tmp_path / "bin" / "kubectl").read_text(encoding="utf-8") == "old"


def test_digest(tmp_path: Path) -> None:
    """What was saved is recognised, and nothing else."""
    file = tmp_path / "my lab.tar"
    file.write_bytes(b"x")

    digest = write_digest(file)

    written = tmp_path / "my lab.tar.sha256"
    assert written.read_text(encoding="utf-8") == f"{digest}  my lab.tar\n"
    check_digest(file, digest)
    check_digest(file, f" {digest.upper()}\n")
    file.write_bytes(b"y")
    with pytest.raises(UsageError, match=f"expected sha256 {digest}, not "):
        check_digest(file, digest)
    with pytest.raises(UsageError, match="must be 64 hexadecimal digits"):
        check_digest(file, digest[1:])
    with pytest.raises(UsageError, match="does not exist"):
        check_digest(tmp_path / "none", digest)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        check_digest(tmp_path, digest)


WHOLE: Final = _archive(_images())


@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 1100), st.integers(0, len(WHOLE) - 1)),
            st.binary(min_size=1, max_size=12),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(
    max_examples=EXAMPLES or 40,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_damage(tmp_path: Path, damage: list[tuple[int, bytes]]) -> None:
    """Whatever is changed, the answer is one line or a whole archive."""
    content = bytearray(WHOLE)
    for at, text in damage:
        content[at : at + len(text)] = text
    file = tmp_path / "lab.tar"
    file.write_bytes(content)
    with suppress(UsageError):
        check_archive(file, [NODE])
        unpack_archive(file, tmp_path)
    left = {one.name for one in tmp_path.iterdir()}
    assert left <= {"lab.tar", "bin", "charts"}


GATEWAY = ("gateway/crds-0a.json", "gateway/gateway-0a.yaml")


def test_images_of_gateways(tmp_path: Path) -> None:
    """An archive may have them, too; they are unpacked as they are."""
    file, folder = tmp_path / "lab.tar", tmp_path / "cache"
    folder.mkdir()
    own = {"gateway/images-0a.tar": _images()} | dict.fromkeys(GATEWAY, b"x")
    tools = dict.fromkeys(TOOLS, b"x")
    file.write_bytes(_tar({"images.tar": _images()} | tools | own))

    check_archive(file, [NODE])
    unpack_archive(file, folder)

    for name, content in own.items():
        assert (folder / name).read_bytes() == content


def test_damaged_images_of_gateways(tmp_path: Path) -> None:
    """They are read to their end, as the others."""
    own = {"gateway/images-0a.tar": _images()[:5000]}
    said = _check(
        tmp_path,
        _tar({"images.tar": _images()} | dict.fromkeys(TOOLS, b"x") | own),
    )

    assert "the archive is damaged (" in said
