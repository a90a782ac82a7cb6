"""`lab down` where there is nothing to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.cli.down import down

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("client", [True, False])
def test_no_engine(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    client: bool,
) -> None:
    """Containers come back with their engine: nothing was taken down."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    if client:
        docker = tmp_path / "docker"
        docker.write_text(
            "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1"
        )
        docker.chmod(0o755)

    with pytest.raises(SystemExit) as caught:
        down("demo")

    assert caught.value.code == 3
    said = capsys.readouterr().err
    assert "so nothing was taken down; " in said
    assert "run `lab down` again" in said
