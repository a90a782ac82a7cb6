"""scripts/digests, against a registry and release sites of this test."""

from __future__ import annotations

import importlib.util
import shutil
import threading
from email.message import Message
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest
import yaml

from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

SUM = "ab" * 32
INDEX = b'{"manifests": []}'
DIGEST = "sha256:" + sha256(INDEX).hexdigest()


class _Site(BaseHTTPRequestHandler):
    """A registry that wants a token, and all release sites in one."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        here = f"http://{self.headers['Host']}"
        if self.path.startswith("/token?"):
            self._send(200, b'{"token": "secret"}')
        elif "/manifests/" in self.path:
            if self.headers["Authorization"] != "Bearer secret":
                challenge = (
                    f'Bearer realm="{here}/token",service="test",'
                    'scope="repository:x:pull"'
                )
                self._send(401, b"", {"WWW-Authenticate": challenge})
            elif "image.index" in self.headers["Accept"]:
                self._send(200, INDEX)
        elif self.path.endswith("/index.yaml"):
            charts = [
                {"version": "0.16.1", "digest": SUM},
                {"version": "0.1.0", "digest": "cd" * 32},
            ]
            index = yaml.safe_dump({"entries": {"metallb": charts}})
            self._send(200, index.encode())
        elif self.path.startswith("/broken"):
            self._send(200, b"<html>sign in</html>")
        else:
            self._send(200, f"{SUM}  file\n".encode())

    def _send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site() -> Iterator[str]:
    """Serve both on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def script(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Load the script, with its sites here and a file of its own."""
    loader = SourceFileLoader("digests", str(ROOT / "scripts" / "digests"))
    spec = importlib.util.spec_from_loader("digests", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    copy = tmp_path / "main.yml"
    copy.write_bytes(module.FILE.read_bytes())
    shutil.copytree(module.GATEWAY, tmp_path / "gateway")
    tools = dict.fromkeys(module.TOOLS, f"http://{site}/{{os}}/{{arch}}")
    for name, value in (
        ("FILE", copy),
        ("GATEWAY", tmp_path / "gateway"),
        ("DOCKER_HUB", site),
        ("TOOLS", tools),
        ("CHARTS", f"http://{site}/index.yaml"),
        ("at_home", lambda name: (site, name)),
    ):
        monkeypatch.setattr(module, name, value)
    return module


def _call(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, *argv: str
) -> int:
    monkeypatch.setattr("sys.argv", ["digests", *argv])
    status: int = script.main()
    return status


def test_a_mirror_s_digests_are_those_of_what_it_sends(
    script: ModuleType,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of all platforms, for each image that the kit pulls."""
    assert _call(script, monkeypatch, "--registry", site) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert set(found.values()) == {DIGEST}
    kept = yaml.safe_load(script.FILE.read_text(encoding="utf-8"))
    optional = {"envoy", "envoy_gateway"}
    assert found.keys() == kept["images_digests"].keys() | optional


def test_a_mirror_may_lack_what_few_labs_need(
    script: ModuleType,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its digests are left out; those of the kit count."""
    digest_of = script.image_digest

    def lacking(registry: str, name: str) -> str:
        if "envoy" in name:
            raise HTTPError(name, 404, "Not Found", Message(), None)
        return str(digest_of(registry, name))

    monkeypatch.setattr(script, "image_digest", lacking)
    assert _call(script, monkeypatch, "--registry", site) == 0
    assert "envoy" not in yaml.safe_load(capsys.readouterr().out)


def test_the_file_is_written_with_its_comments(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tool and platform has a checksum then, and so has the chart."""
    before = script.FILE.read_text(encoding="utf-8")
    assert _call(script, monkeypatch, "--write") == 0
    after = script.FILE.read_text(encoding="utf-8")

    comments = before[: before.index("images_checksums")]
    assert comments.startswith("---\n# ")
    assert after.startswith(comments)
    gateway = (script.GATEWAY / "digests.yml").read_text(encoding="utf-8")
    assert gateway.startswith("---\n# ")
    assert set(yaml.safe_load(gateway)["gateway_digests"].values()) == {DIGEST}
    found: dict[str, Any] = yaml.safe_load(after)
    platforms = dict.fromkeys(script.PLATFORMS, SUM)
    assert found["images_checksums"] == {
        "chart": {"any": SUM},
        **dict.fromkeys(("helm", "kind", "kubectl"), platforms),
    }
    assert set(found["images_digests"].values()) == {DIGEST}


def test_a_page_that_asks_to_sign_in_is_no_checksum(
    script: ModuleType,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The file stays as it was."""
    before = script.FILE.read_bytes()
    monkeypatch.setattr(script, "TOOLS", {"kind": f"http://{site}/broken"})
    assert _call(script, monkeypatch, "--write") == 3
    assert "expected a checksum, not '<html>" in capsys.readouterr().err
    assert script.FILE.read_bytes() == before


def test_names_are_what_a_mirror_copies(
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each by its digest, which a copy keeps."""
    assert _call(script, monkeypatch, "--names") == 0
    lines = capsys.readouterr().out.splitlines()
    kept = yaml.safe_load(script.FILE.read_text(encoding="utf-8"))
    assert len(lines) == len(kept["images_digests"]) + 2
    assert f"kindest/node@{kept['images_digests']['node']}" in lines


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("debian:trixie-slim", "library/debian:trixie-slim"),
        ("kindest/node:v1", "kindest/node:v1"),
    ],
)
def test_names_without_a_registry_are_docker_hub_s(
    name: str, place: str
) -> None:
    """And quay.io's are quay.io's."""
    loader = SourceFileLoader("digests", str(ROOT / "scripts" / "digests"))
    spec = importlib.util.spec_from_loader("digests", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    assert module.at_home(name) == (module.DOCKER_HUB, place)
    assert module.at_home("quay.io/metallb/speaker:v1") == (
        "quay.io",
        "metallb/speaker:v1",
    )
