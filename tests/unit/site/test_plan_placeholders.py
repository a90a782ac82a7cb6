"""Numbers on the module's pages and in pictures are the plan's."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest

from graders.plan.l2_election import ranked
from graders.plan.plan import make_plan
from graders.settings import ROOT
from graders.site import page_html, plan_placeholders

if TYPE_CHECKING:
    from pathlib import Path

DEMO: Final = make_plan()
PICTURES: Final = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
PAGES: Final = sorted((ROOT / "docs" / "module").glob("*.md"))
# Numbers in pictures that are no plan's, and why.
GENERAL: Final = {
    # A site of its own, whose plan is a table of part 5.
    "gateway.svg": {"192.168.20.205"},
    # Drawn to scale with demo's numbers; the test below compares them.
    "address-plan.svg": {
        str(DEMO.lan),
        str(DEMO.bgp_pool),
        str(DEMO.edge),
        str(DEMO.storage),
    },
}
ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+(?:/\d+)?|\b6[45]\d{3}\b")
SVG: Final = "{http://www.w3.org/2000/svg}"
by_name = pytest.mark.parametrize("file", PICTURES, ids=lambda one: one.stem)


def _root(file: Path) -> ET.Element:
    return ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own


def _written(root: ET.Element) -> str:
    """Return what can be seen of a picture and is not marked."""
    found = []
    for text in root.iter(f"{SVG}text"):
        found += [text.text or "", *(one.tail or "" for one in text)]
    return "\n".join(found)


@by_name
def test_a_picture_s_numbers_are_the_plan_s(file: Path) -> None:
    """What is marked is demo's, and what is not marked is no address."""
    root = _root(file)

    marked = [one for one in root.iter() if "data-plan" in one.attrib]
    for one in marked:
        path = one.attrib["data-plan"]
        assert one.text == plan_placeholders.leaves()[path], path
    loose = set(ADDRESS.findall(_written(root)))
    assert loose == GENERAL.get(file.name, set())


def _bar(first: IPv4Address, last: IPv4Address) -> tuple[float, float]:
    """Return where a range begins on the map, and how wide it is."""
    step = 400 / 256
    begin, end = first.packed[3], last.packed[3] + 1
    return 106 + begin * step, (end - begin) * step


def test_the_map_of_addresses_is_demo_s() -> None:
    """Each bar has its range's place and width, and says its numbers."""
    root = _root(ROOT / "docs" / "pictures" / "address-plan.svg")
    bars = [
        (float(one.attrib["x"]), float(one.attrib["width"]))
        for one in root.iter(f"{SVG}rect")
        if one.attrib.get("x")
    ]
    private = [IPv4Address(one) for one in DEMO.private_pool.split("-")]
    ranges = {
        "DHCP leases": (DEMO.dhcp_first, DEMO.dhcp_last),
        "private pool": (private[0], private[1]),
        "kind-pool": (DEMO.pool_first, DEMO.pool_last),
        "": (DEMO.free_first, DEMO.free_last),
    }
    written = _written(root)
    for name, (first, last) in ranges.items():
        wanted = _bar(first, last)
        assert any(one == pytest.approx(wanted, abs=0.2) for one in bars), name
        short = f".{first.packed[3]} to .{last.packed[3]}"
        assert (f"{short}: {name}" if name else short) in written
        assert f"{first}".rpartition(".")[0] + "." in written.split("\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.stem)
def test_no_number_of_demo_s_is_written_down(page: Path) -> None:
    """They are names of the plan; a picture's text is not shown."""
    text = "\n".join(
        line
        for line in page.read_text(encoding="utf-8").splitlines()
        if not line.startswith("![")
    )
    ours = {
        value.partition("/")[0]
        for value in plan_placeholders.leaves().values()
        if ADDRESS.fullmatch(value)
    }

    assert sorted(one for one in ours if one in text) == []
    assert DEMO.cluster + "-" not in text


def test_the_box_is_where_there_are_numbers() -> None:
    """Right under the title, once, and not on the light first page."""
    page = '<h1>T</h1><p><span data-plan="pool">x</span></p>'

    boxed = page_html.with_name_form(page, "module/x.md")

    assert boxed.index("</h1>") < boxed.index("data-student")
    assert page_html.with_name_form(boxed, "module/x.md") == boxed
    assert 'src="../assets/plan.js"' in boxed
    assert 'src="../../assets/' in page_html.with_name_form(page, "a/b/c.md")
    assert page_html.with_name_form(page, "index.md") == ("<h1>T</h1><p>x</p>")
    assert (
        page_html.with_name_form("<h1>T</h1>", "module/x.md") == "<h1>T</h1>"
    )


def test_the_owner_of_an_address_is_the_smallest_hash() -> None:
    """The sum is what `sha256sum` says, as part 3 shows it."""
    order = [
        ("metallb-lab-worker2", "6d3c88a9"),
        ("metallb-lab-worker", "ef9df31a"),
    ]

    assert ranked(DEMO.worker_names(), DEMO.l2_vip) == order
    for place, (name, digits) in zip(("owner", "spare"), order, strict=True):
        assert DEMO.l2_order[place]["name"] == name
        assert DEMO.l2_order[place]["hash"] == digits
