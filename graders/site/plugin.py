"""The mkdocs plugin `kit`: makes pages, and stops the build on a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files

from graders.errors import KitError
from graders.site import (
    bench_page,
    fences,
    links,
    meta_description,
    name_form,
    pictures,
    plan_placeholders,
)
from graders.site.accessible import accessible
from graders.site.diagnostics import Diagnostics
from graders.site.fragments import Fragment
from graders.site.pages import Collection, collect
from graders.site.slim import slim

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

    from graders.site.fragments import GeneratedPage

# Pages of docs/ in which the names in {{ }} are the plan's.
_TEMPLATES: Final = "module/"


class KitConfig(Config):  # type: ignore[no-untyped-call] # mkdocs has no types there
    """What mkdocs.yml says to the plugin."""

    edition = config_options.Choice(("student", "instructor"))


class KitPlugin(BasePlugin[KitConfig]):  # type: ignore[no-untyped-call] # as above
    """Puts together what is on the site and in no file of docs/."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self._problems = Diagnostics()
        self._made: dict[str, GeneratedPage] = {}
        self._pages: dict[str, str] = {}
        self._jumps: list[links.AnchorLink] = []
        self._files: set[str] = set()

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Read labs and questions, and put their pages into the menu."""
        self.__init__()  # type: ignore[misc] # `mkdocs serve` builds again
        found = self._collected()
        self._made = {one.uri: one for one in found.pages}
        for section in config.nav or []:
            if isinstance(section, dict):
                section.update(
                    {
                        name: [*(inner or []), *found.menu[name]]
                        for name, inner in section.items()
                        if name in found.menu
                    }
                )
        if self.config.edition == "instructor" and config.nav:
            config.nav.append({"Solutions": found.menu["Solutions"]})
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the pages that are made."""
        for uri in self._made:
            files.append(File.generated(config, uri, content=""))
        self._files = set(files.src_uris)
        return files

    def on_page_read_source(
        self, *, page: Page, config: MkDocsConfig
    ) -> str | None:
        """Return a made page's text; mkdocs reads the others itself."""
        del config
        made = self._made.get(page.file.src_uri)
        if made is None:
            return None
        texts = [self._ready(piece, page) for piece in made.pieces]
        return "\n".join(texts)

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Check and prepare a page that is a file of docs/."""
        del config, files
        if page.file.src_uri in self._made:
            return markdown
        whole = page.file.content_string
        line = whole.count("\n") - markdown.count("\n") + 1
        uri = page.file.src_uri
        if uri == bench_page.URI:
            markdown = bench_page.with_figures(markdown, self._problems)
        template = uri.startswith(_TEMPLATES)
        piece = Fragment(markdown, f"docs/{uri}", line, template=template)
        return self._ready(piece, page)

    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Put numbers and pictures into the page."""
        del config
        uri = page.file.src_uri
        html = plan_placeholders.with_elements(
            pictures.inlined(html, page.file, files)
        )
        about = meta_description.described(html, str(page.title))
        page.meta.setdefault("description", about)
        html = name_form.with_box(html, uri)
        self._pages[uri] = html
        return html

    def on_post_page(
        self, output: str, *, page: Page, config: MkDocsConfig
    ) -> str:
        """Mend and slim what the theme has made of the page."""
        del page, config
        return slim(accessible(output))

    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Look at links to headings; end the build if anything is wrong."""
        del config, files
        links.broken_jumps(self._jumps, self._pages, self._problems)
        if self._problems.found:
            raise PluginError("\n".join(["", *self._problems.found]))
        return env

    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Give made pages their titles before others link to them."""
        del config, files
        for page in nav.pages:
            made = self._made.get(page.file.src_uri)
            if made and not page.title:
                page.title = made.title
        return nav

    def _collected(self) -> Collection:
        edition: Literal["student", "instructor"] = (
            "instructor" if self.config.edition == "instructor" else "student"
        )
        try:
            return collect(edition)
        except KitError as error:
            raise PluginError("\n".join(["", *error.problems])) from None

    def _ready(self, piece: Fragment, page: Page) -> str:
        """Return a piece's Markdown as mkdocs is to see it."""
        if piece.template:
            text = plan_placeholders.numbered(piece, self._problems)
            piece = replace(piece, text=text)
        text = fences.for_site(piece, self._problems)
        here = links.Page(page.file.src_uri, self._files, self._jumps)
        return links.linked(piece, text, here, self._problems)
