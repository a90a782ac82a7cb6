"""The mkdocs plugin `kit`: generates pages; any problem ends the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files

from graders.errors import KitError
from graders.proof.recording import load_recording
from graders.site import (
    fences,
    links,
    page_html,
    plan_placeholders,
    policy,
    styles,
)
from graders.site.fragments import Diagnostics, Fragment
from graders.site.pages import Collection, collect
from graders.site.recording import with_recording
from graders.site.reference import BENCH_URI, with_figures

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

    from graders.proof.recording import Recording
    from graders.site.fragments import GeneratedPage

# Pages of docs/ in which the names in {{ }} are the plan's.
_TEMPLATES: Final = "module/"


class KitConfig(Config):  # type: ignore[no-untyped-call] # mkdocs has no types there
    """The plugin's settings in mkdocs.yml."""

    edition = config_options.Choice(("student", "instructor"))


class KitPlugin(BasePlugin[KitConfig]):  # type: ignore[no-untyped-call] # as above
    """Generates the pages that are in no file of docs/, and checks all."""

    def __init__(self) -> None:
        """Start without pages and problems."""
        self._diagnostics = Diagnostics()
        self._generated: dict[str, GeneratedPage] = {}
        self._pages: dict[str, str] = {}
        self._anchors: list[links.AnchorLink] = []
        self._files: set[str] = set()
        self._recording: Recording | None = None

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Read labs and questions, and put their pages into the menu."""
        self.__init__()  # type: ignore[misc] # `mkdocs serve` builds again
        collection = self._collect()
        self._recording = _recording()
        self._generated = {page.uri: page for page in collection.pages}
        for section in config.nav or []:
            if isinstance(section, dict):
                section.update(
                    {
                        name: [*(inner or []), *collection.menu[name]]
                        for name, inner in section.items()
                        if name in collection.menu
                    }
                )
        if self.config.edition == "instructor" and config.nav:
            config.nav.append({"Solutions": collection.menu["Solutions"]})
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the generated pages."""
        for uri in self._generated:
            files.append(File.generated(config, uri, content=""))
        self._files = set(files.src_uris)
        return files

    def on_page_read_source(
        self, *, page: Page, config: MkDocsConfig
    ) -> str | None:
        """Return a generated page's text; mkdocs reads the others itself."""
        del config
        generated = self._generated.get(page.file.src_uri)
        if generated is None:
            return None
        texts = [self._prepared(piece, page) for piece in generated.pieces]
        return "\n".join(texts)

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Check and prepare a page that is a file of docs/."""
        del config, files
        if page.file.src_uri in self._generated:
            return markdown
        whole = page.file.content_string
        line = whole.count("\n") - markdown.count("\n") + 1
        uri = page.file.src_uri
        if uri == BENCH_URI:
            markdown = with_figures(markdown, self._diagnostics)
        template = uri.startswith(_TEMPLATES)
        piece = Fragment(markdown, f"docs/{uri}", line, template=template)
        return self._prepared(piece, page)

    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Put numbers and pictures into the page."""
        del config
        uri = page.file.src_uri
        html = plan_placeholders.with_elements(
            page_html.inline_pictures(html, page.file, files)
        )
        about = page_html.description(html, str(page.title))
        page.meta.setdefault("description", about)
        html = page_html.with_name_form(html, uri)
        html = with_recording(html, self._recording)
        self._pages[uri] = html
        return html

    def on_post_page(
        self, output: str, *, page: Page, config: MkDocsConfig
    ) -> str:
        """Repair and shorten the page that the theme has rendered."""
        del page, config
        output = page_html.slim(page_html.accessible(output))
        return policy.with_policy(output)

    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        """Give the page for lost readers its policy, too."""
        del config
        if not template_name.endswith(".html"):
            return output_content
        return policy.with_policy(output_content)

    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Check links to headings; end the build if anything is wrong."""
        del config, files
        links.check_anchors(self._anchors, self._pages, self._diagnostics)
        if self._diagnostics.problems:
            raise PluginError("\n".join(["", *self._diagnostics.problems]))
        return env

    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Give generated pages their titles before others link to them."""
        del config, files
        for page in nav.pages:
            generated = self._generated.get(page.file.src_uri)
            if generated and not page.title:
                page.title = generated.title
        return nav

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Leave out of the theme's stylesheets what no page uses."""
        colours = {
            scheme[kind]
            for scheme in config.theme["palette"]
            for kind in ("primary", "accent")
            if kind in scheme
        }
        site = Path(config.site_dir)
        usage = styles.Usage(colours, styles.words(site))
        styles.slim_files(site / "assets" / "stylesheets", usage)

    def _collect(self) -> Collection:
        edition: Literal["student", "instructor"] = (
            "instructor" if self.config.edition == "instructor" else "student"
        )
        try:
            return collect(edition)
        except KitError as error:
            raise PluginError("\n".join(["", *error.problems])) from None

    def _prepared(self, piece: Fragment, page: Page) -> str:
        """Return a fragment's Markdown, for mkdocs."""
        if piece.template:
            text = plan_placeholders.numbered(piece, self._diagnostics)
            piece = replace(piece, text=text)
        text = fences.for_site(piece, self._diagnostics)
        here = links.Page(page.file.src_uri, self._files, self._anchors)
        return links.linked(piece, text, here, self._diagnostics)


def _recording() -> Recording | None:
    """Return the recording of the first page; a damaged one ends the build."""
    try:
        return load_recording()
    except KitError as error:
        raise PluginError(str(error)) from None
