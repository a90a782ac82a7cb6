"""What is begun ahead of a playbook never fails it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError
from graders.lifecycle import early_install
from graders.lifecycle.early_install import install_metallb_early
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.metallb import InstallMarker

PLAN = make_plan()


class Done:
    """What was asked for, and what comes of it."""

    def __init__(self) -> None:
        """Do as asked."""
        self.steps: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    def begin(self, _: object, manifest: Path, note: InstallMarker) -> bool:
        """Begin it."""
        self.steps.append(("begin", manifest.name, note.recipe, note.run_id))
        if self.error:
            raise self.error
        return True

    def remove(self, _: object) -> bool:
        """Remove it."""
        self.steps.append(("remove",))
        if self.error:
            raise self.error
        return True


@pytest.fixture
def done(base: Path, monkeypatch: pytest.MonkeyPatch) -> Done:
    """Have folders of its own, and MetalLB made by a recipe before."""
    seen = base / "demo" / "metallb.seen"
    seen.parent.mkdir(parents=True)
    seen.write_text("1e6ae500 77aa\ncontroller 1\n")
    done = Done()
    monkeypatch.setattr(
        early_install, "cluster_client", lambda _: io.StringIO()
    )
    monkeypatch.setattr(early_install, "install", done.begin)
    monkeypatch.setattr(early_install, "uninstall", done.remove)
    return done


def _ahead(*, wanted: bool) -> None:
    with install_metallb_early(PLAN, "run-1", wanted=wanted):
        pass


def test_begun_by_the_recipe_of_last_time(done: Done) -> None:
    """Its manifest is in the cache, under the recipe's name."""
    _ahead(wanted=True)
    manifest = "metallb-1e6ae500-77aa.yaml"
    assert done.steps == [("begin", manifest, "1e6ae500 77aa", "run-1")]


def test_removed_for_a_lab_without(done: Done) -> None:
    """Lab 0's students install it."""
    _ahead(wanted=False)
    assert done.steps == [("remove",)]


@pytest.mark.parametrize("error", [KubeError("no"), OSError("no file")])
@pytest.mark.parametrize("wanted", [True, False])
def test_what_fails_comes_in_its_turn(
    done: Done, error: Exception, *, wanted: bool
) -> None:
    """The playbook goes on, and says what is wrong."""
    done.error = error
    _ahead(wanted=wanted)
    assert done.steps


def test_nothing_is_known_yet(done: Done, base: Path) -> None:
    """The first lab on a machine has no recipe of last time."""
    (base / "demo" / "metallb.seen").unlink()
    _ahead(wanted=True)
    assert not done.steps


def test_it_has_ended_before_anything_comes_after(done: Done) -> None:
    """Also where the playbook failed."""
    with (
        pytest.raises(KeyError),
        install_metallb_early(PLAN, "run-1", wanted=True),
    ):
        raise KeyError
    assert done.steps
