"""Every version stands in one file; the Go modules repeat them rightly."""

from __future__ import annotations

import os
import re
from importlib.metadata import (
    distributions,
    metadata,
    packages_distributions,
)
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from graders.settings import ANSIBLE, ROOT

MODULES: Final = ANSIBLE / "roles" / "images" / "files" / "modules"
SET: Final[dict[str, Any]] = yaml.safe_load(
    (ANSIBLE / "group_vars" / "all.yml").read_text(encoding="utf-8")
)
VERSIONS: Final[dict[str, str]] = SET["versions"]
CONTENTS: Final[dict[str, Any]] = yaml.safe_load(
    (ANSIBLE / "roles" / "images" / "vars" / "main.yml").read_text(
        encoding="utf-8"
    )
)

# The folder of a module, the path of what it is made for, and its name in
# group_vars/all.yml.
PINNED: Final = [
    ("cni", "github.com/containernetworking/plugins", "cni"),
    ("containerd", "github.com/containerd/containerd/v2", "containerd"),
    ("containerd", "github.com/containernetworking/plugins", "cni"),
    ("coredns", "github.com/coredns/coredns", "coredns"),
    ("crictl", "sigs.k8s.io/cri-tools", "crictl"),
    ("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
    ("etcd", "go.etcd.io/etcd/api/v3", "etcd"),
    ("etcd", "go.etcd.io/etcd/client/v3", "etcd"),
    ("etcd", "go.etcd.io/etcd/client/pkg/v3", "etcd"),
    ("etcd", "go.etcd.io/etcd/pkg/v3", "etcd"),
    ("http-echo", "github.com/hashicorp/http-echo", "http_echo"),
    ("kind", "sigs.k8s.io/kind", "kind"),
    ("kubernetes", "helm.sh/helm/v4", "helm"),
    ("kubernetes", "k8s.io/kubernetes", "kubernetes"),
    ("metallb", "go.universe.tf/metallb", "metallb"),
]
DEBIAN_12: Final = "3.11.2"
# These come from Debian or are an image's tag only.
NO_MODULES: Final = {"agnhost", "debian"}

_REQUIRE: Final = re.compile(
    r"^(?:require )?\s*([a-z]\S*\.\S+/\S+) (v\S+)", re.MULTILINE
)
_REPLACE: Final = re.compile(
    r"^(?:replace )?\s*(\S+)(?: v\S+)? => (\S+) (v\S+)", re.MULTILINE
)
_IMPORT: Final = re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE)
_TOOL: Final = re.compile(
    r"^tool (?:\((.*?)^\)|(\S+))", re.MULTILINE | re.DOTALL
)


def _mod(folder: str) -> str:
    """Return a module's go.mod."""
    return (MODULES / folder / "go.mod").read_text(encoding="utf-8")


def _required(folder: str) -> dict[str, str]:
    """Return the versions that a module requires, by path."""
    return dict(_REQUIRE.findall(_mod(folder)))


@pytest.mark.parametrize(("folder", "path", "name"), PINNED)
def test_module_agrees(folder: str, path: str, name: str) -> None:
    """What go.mod requires is what group_vars/all.yml says."""
    assert _required(folder)[path] == VERSIONS[name]


def test_every_version_and_module_is_looked_at() -> None:
    """A new version or module is not forgotten here."""
    folders = {path.name for path in MODULES.iterdir()}

    assert {folder for folder, _, _ in PINNED} == folders
    assert {name for _, _, name in PINNED} | NO_MODULES == set(VERSIONS)


def test_kubernetes_staging() -> None:
    """Its parts are v0.x.y where Kubernetes is v1.x.y, each replaced."""
    wanted = "v0" + VERSIONS["kubernetes"].removeprefix("v1")
    replaced = _REPLACE.findall(_mod("kubernetes"))

    assert {version for _, _, version in replaced} == {wanted}
    assert [old for old, _, _ in replaced] == [new for _, new, _ in replaced]
    placeholders = {
        path
        for path, version in _required("kubernetes").items()
        if version == "v0.0.0" and path.startswith("k8s.io/")
    }
    assert placeholders <= {old for old, _, _ in replaced}


# What Kubernetes has in another version; MetalLB is left out, as it does not
# compile with Kubernetes' own.
NOT_SHARED: Final = {
    "coredns": {
        "github.com/coredns/caddy",
        "github.com/hashicorp/golang-lru/v2",
        "github.com/mdlayher/socket",
        "github.com/miekg/dns",
    },
    # Its Kubernetes is older, and has a version of cri-client.
    "crictl": {"github.com/cpuguy83/go-md2man/v2", "k8s.io/cri-client"},
}


@pytest.mark.parametrize("folder", NOT_SHARED)
def test_what_is_compiled_for_kubernetes_is_shared(folder: str) -> None:
    """Go compiles a package once for modules of the same versions."""
    kubernetes, ours = _required("kubernetes"), _required(folder)
    replaced = set(_REPLACE.findall(_mod("kubernetes")))

    assert set(_REPLACE.findall(_mod(folder))) <= replaced
    differ = {
        path
        for path in ours.keys() & kubernetes.keys()
        if ours[path] != kubernetes[path]
    }
    assert differ <= NOT_SHARED[folder]


def test_coredns_has_the_plugins_of_kubeadm() -> None:
    """And no SDK of a cloud, which makes it take minutes to compile."""
    main = (MODULES / "coredns" / "main.go").read_text(encoding="utf-8")
    plugins = set(re.findall(r"coredns/plugin/(\w+)", main))

    # As kubeadm writes the Corefile; prometheus is called metrics.
    assert plugins >= {
        *("errors", "health", "ready", "kubernetes", "metrics"),
        *("forward", "cache", "loop", "reload", "loadbalance"),
    }
    assert not re.search(r"cloud.google|Azure|aws", _mod("coredns"))


@pytest.mark.parametrize("folder", sorted({folder for folder, *_ in PINNED}))
def test_tools_are_of_pinned_modules(folder: str) -> None:
    """What is built from a module is of a version that is pinned here."""
    pinned = [path for at, path, _ in PINNED if at == folder]
    found = _TOOL.findall(_mod(folder))
    tools = [tool for many, one in found for tool in (many or one).split()]

    assert tools
    for tool in tools:
        if tool == f"metallb-lab-kit/{folder}":
            continue  # a main.go of the kit
        assert any(f"{tool}/".startswith(f"{path}/") for path in pinned), tool


@pytest.mark.parametrize("folder", sorted({folder for folder, *_ in PINNED}))
def test_sums_are_pinned(folder: str) -> None:
    """go.sum has the contents of all that go.mod is about."""
    sums = (MODULES / folder / "go.sum").read_text(encoding="utf-8")

    for at, path, name in PINNED:
        if at == folder:
            assert f"{path} {VERSIONS[name]} h1:" in sums


def test_images_are_of_these_versions() -> None:
    """An upstream image's tag is a version of the list, not another."""
    tags = {
        name: image.rpartition(":")[2]
        for name, image in SET["upstream"].items()
    }

    echo = tags.pop("http_echo")
    assert VERSIONS["http_echo"] == f"v{echo}.0"
    assert all("versions." in tag for tag in tags.values())


def test_every_upstream_image_has_a_digest() -> None:
    """A mirror or a moved tag cannot bring another image."""
    digests = CONTENTS["images_digests"]

    assert digests.keys() == SET["upstream"].keys()
    for digest in digests.values():
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)


def test_tools_and_chart_have_checksums() -> None:
    """For each kind of computer, so that a changed mirror is refused."""
    checksums = CONTENTS["images_checksums"]
    systems = {
        f"{system}-{arch}"
        for system in ("darwin", "linux")
        for arch in ("amd64", "arm64")
    }

    assert checksums.keys() == {"kind", "kubectl", "helm", "chart"}
    assert checksums["chart"].keys() == {"any"}
    for tool in ("kind", "kubectl", "helm"):
        assert checksums[tool].keys() == systems
    for platforms in checksums.values():
        for checksum in platforms.values():
            assert re.fullmatch(r"[0-9a-f]{64}", checksum)


def test_the_node_image_is_the_one_that_kind_was_tested_with() -> None:
    """Its digest is in kind's own module, which go.sum pins."""
    module = Path(
        os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod",
        f"sigs.k8s.io/kind@{VERSIONS['kind']}",
    )
    file = module / "pkg" / "apis" / "config" / "defaults" / "image.go"
    if not file.is_file():
        pytest.skip("kind's module has not been downloaded here")

    name = SET["upstream"]["node"].partition(":")[0]
    digest = CONTENTS["images_digests"]["node"]
    wanted = f'"{name}:{VERSIONS["kubernetes"]}@{digest}"'
    assert wanted in file.read_text(encoding="utf-8")


def test_what_an_engine_calls_them_is_the_kit_s_own() -> None:
    """And no two of them have one name there."""
    names = {
        image.rpartition("/")[2].partition(":")[0]
        for image in SET["upstream"].values()
    }
    assert len(names) == len(SET["upstream"])
    assert SET["upstream_prefix"].startswith("metallb-lab/")


def _locked(name: str) -> dict[str, str]:
    """Return the packages of a lock file with their versions."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def test_locks_agree() -> None:
    """Each lock has what the one before has, and the last the uv for all."""
    student = _locked("requirements.txt")
    instructor = _locked("requirements-class.txt")
    dev = _locked("requirements-dev.txt")

    assert student.items() < instructor.items() < dev.items()
    assert _locked("requirements-uv.txt") == {"uv": dev["uv"]}


def test_locks_name_no_index() -> None:
    """Each class has its packages from where its pip is told to."""
    for file in ROOT.glob("requirements*.txt"):
        assert "http" not in file.read_text(encoding="utf-8"), file


def test_debian_s_own_python_will_do() -> None:
    """Nothing that is pinned asks for a later Python 3.11 than Debian 12's."""
    pinned = _locked("requirements-dev.txt")
    late = {
        name: asked
        for name in pinned.keys() & {dist.name for dist in distributions()}
        if (asked := metadata(name)["Requires-Python"])
        and not SpecifierSet(asked).contains(DEBIAN_12)
    }
    assert pinned
    assert not late


def test_labs_run_with_the_students_lock() -> None:
    """Only the site needs contributors' packages, the board instructors'."""
    board = ROOT / "graders" / "classroom" / "board"
    served = {board / f"{name}.py" for name in ("access", "app", "server")}
    files = {
        *(ROOT / "graders").rglob("*.py"),
        *(ANSIBLE / "action_plugins").glob("*.py"),
    } - {*(ROOT / "graders" / "site").rglob("*.py")}
    needed = _needed(files - served)

    assert len(needed) > 5
    assert not needed - _locked("requirements.txt").keys()
    assert _needed(served) - _locked("requirements.txt").keys()
    assert not _needed(served) - _locked("requirements-class.txt").keys()


def _needed(files: set[Path]) -> set[str]:
    """Return the packages that files import."""
    owners = packages_distributions()
    return {
        canonicalize_name(owners[name][0])
        for file in files
        for name in _IMPORT.findall(file.read_text(encoding="utf-8"))
        if name in owners and name != "graders"
    }
