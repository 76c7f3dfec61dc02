"""A matplotlib figure as inline SVG in the page's typeface and colour theme.

Greys, black and white become mixtures of the page's text and background colour, so that one figure
suits the light theme, the dark theme and print. Colours that represent data do not change.
"""

import hashlib
import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONT = "var(--rm-sans, system-ui, sans-serif)"
_ROOT_STYLE = (  # the colours of the page, of JupyterLab, or of a light page
    "--ink: var(--rm-ink, var(--jp-ui-font-color1, #1b2126));"
    " --soft: var(--rm-soft, var(--jp-ui-font-color2, #56606a));"
    " --paper: var(--rm-paper, var(--jp-layout-color0, #ffffff));"
    " fill: var(--ink); stroke-linejoin: round; stroke-linecap: butt"
)
_MAX_GREY_SPREAD = 8  # largest difference between the channels of a grey
_MAX_INK = 90  # largest channel of a dark text colour
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline_svg(svg: str, *, name: str, alt: str) -> str:
    """Return an SVG file as an ``<svg>`` element for a page with other figures.

    Parameters
    ----------
    svg
        The result of `draw`.
    name
        Identifier of the figure in its report; the ids are unique by name and content.
    alt
        Description of the figure for readers who cannot see it.

    Returns
    -------
    str
        The same text for the same figure, without dates and random ids.
    """
    root = ElementTree.fromstring(svg)
    digest = hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:6]
    prefix = f"{name}-{digest}"
    _remove_extras(root)
    _mark_black_text(root)
    for element in root.iter():
        _prefix_ids(element, prefix)
        _apply_theme(element)
    _add_title(root, prefix, alt)
    return ElementTree.tostring(root, encoding="unicode")


def draw(figure: "Figure", name: str) -> str:
    """Return a figure as the text of an SVG file, without changing or closing it."""
    import matplotlib as mpl

    target = io.StringIO()
    no_metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            target,
            format="svg",
            transparent=True,
            metadata=no_metadata,
            bbox_inches="tight",
            pad_inches=0.04,
        )
    return target.getvalue()


def _remove_extras(root: ElementTree.Element) -> None:
    """Remove namespaces, metadata and the style sheet, which would affect the whole page."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key in [key for key in element.attrib if "}" in key]:
            element.set(key.rpartition("}")[2], element.attrib.pop(key))
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in ("metadata", "style")]:
            parent.remove(child)


def _prefix_ids(element: ElementTree.Element, prefix: str) -> None:
    for key, value in element.attrib.items():
        if key == "id" or (key == "href" and value.startswith("#")):
            sign = "#" if key == "href" else ""
            element.set(key, f"{sign}{prefix}-{value.removeprefix('#')}")
        elif "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _mark_black_text(root: ElementTree.Element) -> None:
    """Write black explicitly if the figure uses a dark grey for text.

    matplotlib omits black; in such a figure it is the colour of text on a coloured cell.
    """
    texts = [element for element in root.iter("text") if element.get("style")]
    styles = [element.attrib["style"] for element in texts]
    if any(_is_ink(colour) for style in styles for colour in _HEX.findall(style)):
        for element, style in zip(texts, styles, strict=True):
            if "fill:" not in style:
                element.set("style", f"{style}; fill: #000000")


def _is_ink(colour: str) -> bool:
    channels = _channels(colour)
    return 0 < max(channels) < _MAX_INK and max(channels) - min(channels) < _MAX_INK / 3


def _apply_theme(element: ElementTree.Element) -> None:
    is_text = element.tag in ("text", "tspan")
    colour = _text_colour if is_text else _paint
    for key in ("style", "fill", "stroke"):
        if key in element.attrib:
            themed = _HEX.sub(lambda match: colour(match[0]), element.attrib[key])
            element.set(key, _page_font(themed, element.tag) if is_text else themed)


def _page_font(style: str, tag: str) -> str:
    """Use the page's fonts; a narrow page may enlarge text, but not within a formula."""
    factor = "var(--rm-type, 1)" if tag == "text" else "1"
    size = rf"calc(\2px * {factor})"
    style = re.sub(r"(font:[^;]*?)([\d.]+)px [^;]+", rf"\1{size} {_FONT}", style)
    style = re.sub(r"(font-size: )([\d.]+)px", rf"\1{size}", style)
    return re.sub(r"font-family:[^;]+", f"font-family: {_FONT}", style)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _paint(colour: str) -> str:
    """Return a grey as a mixture of text and background colour, other colours unchanged."""
    channels = _channels(colour)
    if max(channels) - min(channels) > _MAX_GREY_SPREAD:
        return colour
    ink = round(100 * (1 - sum(channels) / 765))
    if ink in (0, 100):
        return "var(--ink)" if ink else "var(--paper)"
    return f"color-mix(in srgb, var(--ink) {ink}%, var(--paper))"


def _text_colour(colour: str) -> str:
    """Return a legible text colour: greys become one of two, data colours become darker."""
    channels = _channels(colour)
    if _is_ink(colour):
        return "var(--ink)"
    if max(channels) - min(channels) > _MAX_GREY_SPREAD:
        return f"color-mix(in srgb, {colour} 58%, var(--ink))"
    if colour in ("#000000", "#ffffff"):  # text on a coloured cell
        return colour
    return "var(--soft)"


def _add_title(root: ElementTree.Element, prefix: str, alt: str) -> None:
    title = ElementTree.Element("title", id=f"{prefix}-title")
    title.text = alt
    root.insert(0, title)
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    for key in [key for key in root.attrib if key not in ("viewBox", "id")]:
        del root.attrib[key]
    pixels = width * 4 / 3  # a point is 4/3 CSS pixels
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        "width": f"{pixels:.0f}",
        "height": f"{height * 4 / 3:.0f}",
        "style": f"{_ROOT_STYLE}; --natural: {pixels:.0f}px",
    }
