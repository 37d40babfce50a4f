"""The preview: every dashboard on one page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from markupsafe import Markup

from modelvane.dashboards.model import Dashboard, Kind
from modelvane.dashboards.preview import drawing
from modelvane.dashboards.preview.answers import Shown
from modelvane.dashboards.preview.wording import text_of
from modelvane.formatting import span_text
from modelvane.report.svg import printable
from modelvane.report.templating import environment

_STYLES = (
    ("modelvane.report", "base.css"),
    ("modelvane.report", "charts.css"),
    ("modelvane.dashboards.preview", "preview.css"),
)


def render(
    pages: Sequence[tuple[Dashboard, Sequence[tuple[str, Sequence[Shown]]]]], since: float, until: float
) -> str:
    """Write the page: one HTML file without any outside address and without a script.

    Parameters
    ----------
    pages
        Dashboards with what `answers_of` gave for them.
    since, until
        The time that is shown, seconds since 1970.
    """
    style = "\n".join(
        files(package).joinpath("static", name).read_text(encoding="utf-8") for package, name in _STYLES
    )
    text = (
        environment(__package__ or "")
        .get_template("preview.html")
        .render(
            pages=pages,
            style=Markup(style),  # noqa: S704 - our own files
            span=span_text(since, until),
            since=since,
            until=until,
            Kind=Kind,
            draw=drawing,
            text_in=text_of,
        )
    )
    return printable(text)
