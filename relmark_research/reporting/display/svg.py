"""A matplotlib figure as inline SVG that reads in the page's typeface and follows its theme.

Greys, black and white become mixtures of the page's ink and paper, so that a figure drawn once
is right by day, by night and on paper; colours that carry data stay as they were drawn.
"""

import hashlib
import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONT = "var(--rm-sans, system-ui, sans-serif)"
_ROOT_STYLE = (  # the page's colours, else JupyterLab's, else a light page's
    "--ink: var(--rm-ink, var(--jp-ui-font-color1, #1b2126));"
    " --soft: var(--rm-soft, var(--jp-ui-font-color2, #56606a));"
    " --paper: var(--rm-paper, var(--jp-layout-color0, #ffffff));"
    " fill: var(--ink); stroke-linejoin: round; stroke-linecap: butt"
)
_NEUTRAL = 8  # largest difference between the channels of what still counts as a grey
_DARK = 90  # no channel of an ink is lighter
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline_svg(drawn: str, *, name: str, alt: str) -> str:
    """Return a drawing as an ``<svg>`` element that can stand in any page beside others.

    Parameters
    ----------
    drawn
        As `draw` gives it.
    name
        Identifier of the figure in its report; with the drawing itself it makes the ids unique.
    alt
        What the figure shows, in words, for readers who do not see it.

    Returns
    -------
    str
        The same text for the same drawing: no date, no random ids.
    """
    root = ElementTree.fromstring(drawn)
    digest = hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:6]
    prefix = f"{name}-{digest}"
    _strip(root)
    _keep_black_on_cells(root)
    for element in root.iter():
        _own_ids(element, prefix)
        _theme(element)
    _label(root, prefix, alt)
    return ElementTree.tostring(root, encoding="unicode")


def draw(figure: "Figure", name: str) -> str:
    """Return a figure, which is neither changed nor closed, as the text of an SVG file."""
    import matplotlib as mpl

    target = io.StringIO()
    plain = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            target,
            format="svg",
            transparent=True,
            metadata=plain,
            bbox_inches="tight",
            pad_inches=0.04,
        )
    return target.getvalue()


def _strip(root: ElementTree.Element) -> None:
    """Drop namespaces (HTML knows them), metadata and the style sheet, which would leak out."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key in [key for key in element.attrib if "}" in key]:
            element.set(key.rpartition("}")[2], element.attrib.pop(key))
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in ("metadata", "style")]:
            parent.remove(child)


def _own_ids(element: ElementTree.Element, prefix: str) -> None:
    for key, value in element.attrib.items():
        if key == "id" or (key == "href" and value.startswith("#")):
            mark = "#" if key == "href" else ""
            element.set(key, f"{mark}{prefix}-{value.removeprefix('#')}")
        elif "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _keep_black_on_cells(root: ElementTree.Element) -> None:
    """Say black where matplotlib leaves it out, if the drawing has an ink of its own.

    Its ink is then some dark grey, and black is what was put upon a coloured cell.
    """
    texts = [element for element in root.iter("text") if element.get("style")]
    styles = [element.attrib["style"] for element in texts]
    if any(_is_ink(colour) for style in styles for colour in _HEX.findall(style)):
        for element, style in zip(texts, styles, strict=True):
            if "fill:" not in style:
                element.set("style", f"{style}; fill: #000000")


def _is_ink(colour: str) -> bool:
    channels = _channels(colour)
    return 0 < max(channels) < _DARK and max(channels) - min(channels) < _DARK / 3


def _theme(element: ElementTree.Element) -> None:
    is_text = element.tag in ("text", "tspan")
    colour = _text_colour if is_text else _paint
    for key in ("style", "fill", "stroke"):
        if key in element.attrib:
            themed = _HEX.sub(lambda found: colour(found[0]), element.attrib[key])
            element.set(key, _page_font(themed, element.tag) if is_text else themed)


def _page_font(style: str, tag: str) -> str:
    """Take the page's families; a narrow page may raise the size, but not within a formula."""
    factor = "var(--rm-type, 1)" if tag == "text" else "1"
    size = rf"calc(\2px * {factor})"
    style = re.sub(r"(font:[^;]*?)([\d.]+)px [^;]+", rf"\1{size} {_FONT}", style)
    style = re.sub(r"(font-size: )([\d.]+)px", rf"\1{size}", style)
    return re.sub(r"font-family:[^;]+", f"font-family: {_FONT}", style)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _paint(colour: str) -> str:
    """A grey as a mixture of ink and paper; any other colour as it is."""
    channels = _channels(colour)
    if max(channels) - min(channels) > _NEUTRAL:
        return colour
    ink = round(100 * (1 - sum(channels) / 765))
    if ink in (0, 100):
        return "var(--ink)" if ink else "var(--paper)"
    return f"color-mix(in srgb, var(--ink) {ink}%, var(--paper))"


def _text_colour(colour: str) -> str:
    """Text must be read: greys become one of two inks, a data colour is drawn towards the ink."""
    channels = _channels(colour)
    if _is_ink(colour):
        return "var(--ink)"
    if max(channels) - min(channels) > _NEUTRAL:
        return f"color-mix(in srgb, {colour} 58%, var(--ink))"
    if colour in ("#000000", "#ffffff"):  # on a coloured cell: they stay with the cell
        return colour
    return "var(--soft)"


def _label(root: ElementTree.Element, prefix: str, alt: str) -> None:
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
