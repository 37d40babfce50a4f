"""From a pygal chart to SVG that stands inside a page: no script, no style, a name and a description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable

_XMLNS = "http://www.w3.org/2000/svg"
# definitions hold pygal's own style and script; its tooltips and titles are for that script
_DROPPED = frozenset({"defs", "desc", "title"})
_DROPPED_CLASSES = frozenset({"background", "tooltip-overlay", "titles", "text-overlay"})
_GEOMETRY = frozenset({"d", "x", "y", "width", "height", "cx", "cy", "r", "transform"})
_KEPT = _GEOMETRY | {"class"}
_DECIMALS = re.compile(r"-?\d+\.\d+")
# what XML 1.0 has no way to write
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

OPTIONS: dict[str, Any] = {
    "js": (),
    "css": (),
    "no_prefix": True,
    "strict": True,
    "show_legend": False,
    "truncate_label": -1,
    "no_data_text": "No data yet",
}


def inline(chart: Any, *, title: str, description: str, classes: str) -> Markup:
    """Render a pygal chart for a page that styles it by class.

    Parameters
    ----------
    chart
        A pygal chart, made with `OPTIONS`.
    title, description
        What a screen reader says.
    classes
        Class of the ``svg`` element beside ``chart``.
    """
    drawn = chart.render_tree()
    return wrap(
        (kept for child in drawn if (kept := _keep(child)) is not None),
        view_box=drawn.get("viewBox"),
        title=title,
        description=description,
        classes=classes,
    )


def wrap(
    children: Iterable[ET.Element],
    *,
    view_box: str,
    title: str,
    description: str,
    classes: str,
    width: float | None = None,
) -> Markup:
    """Put elements into an ``svg`` with a role, a name and a description; ``width`` in pixels, or as wide as fits."""
    about = {"xmlns": _XMLNS, "class": f"chart {classes}", "viewBox": view_box, "role": "img"}
    if width is not None:
        about["width"] = f"{width:g}"
    root = ET.Element("svg", about)
    ET.SubElement(root, "title").text = printable(title)
    if description:
        ET.SubElement(root, "desc").text = printable(description)
    root.extend(children)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 # the serialiser has escaped every text


def element(tag: str, attributes: dict[str, str], text: str = "") -> ET.Element:
    """Make one element of a drawing."""
    made = ET.Element(tag, attributes)
    made.text = printable(text) or None
    return made


def printable(text: str) -> str:
    """Replace characters that XML cannot hold."""
    return _CONTROL.sub("\ufffd", text)


def _keep(node: Any) -> ET.Element | None:
    # comments have no text for a tag; "text-overlay" is kept where it says that there is no data
    if not isinstance(node.tag, str) or node.tag in _DROPPED:
        return None
    classes = node.get("class", "").split()
    has_text = any(child.tag == "text" for child in node)
    if not has_text and not _DROPPED_CLASSES.isdisjoint(classes):
        return None
    children = [kept for child in node if (kept := _keep(child)) is not None]
    if node.tag == "g" and not children:
        return None
    kept = ET.Element(node.tag, {key: _short(key, value) for key, value in node.items() if key in _KEPT})
    kept.text = printable(node.text) if node.text else None
    kept.extend(children)
    return kept


def _short(key: str, value: str) -> str:
    if key == "class":
        return value.replace(" reactive", "").replace(" tooltip-trigger", "")
    return _DECIMALS.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
