"""`lab class ci` prints what a forge reads."""

from __future__ import annotations

import typer
import yaml
from typer.testing import CliRunner

from graders.cli.class_ci import ci

app = typer.Typer()
app.command()(ci)


def test_it_is_printed() -> None:
    """Redirected, it is the file."""
    done = CliRunner().invoke(
        app, ["gitlab", "--kit", "https://x.org/kit.git"]
    )

    assert done.exit_code == 0
    assert "regrade" in yaml.safe_load(done.stdout)


def test_another_forge() -> None:
    """The error names those that there are."""
    done = CliRunner().invoke(app, ["gitea", "--kit", "https://x.org/kit.git"])

    assert done.exit_code == 2
    assert "one of github, gitlab" in done.stderr
