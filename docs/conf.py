"""The site: pages and lessons that are executed when it is built, and nothing from a network."""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_ext"))

import relmark_research  # noqa: E402


def _digest() -> str:
    """Of all that a page's outputs hang on: when it changes, every page is executed anew."""
    whole = hashlib.sha256()
    for path in sorted([*(ROOT / "relmark_research").rglob("*"), *ROOT.glob("requirements*.lock")]):
        if path.suffix in {".py", ".pyi", ".yml", ".lock"}:
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


project = "relmark_research"
author = "The relmark_research developers"
project_copyright = author
version = release = relmark_research.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "docstrings",
    "mathml",
    "kernels",
    "lessons",
    "glossary_entries",
    "table_schemas",
    "pages",
]
exclude_patterns = ["_build", "_ext"]
default_role = "literal"
nitpicky = True
# Types of other packages, our own names for types, and what is inside a result have no page here.
OTHERS = "pd|np|ir|ibis|pa|pandas|numpy|matplotlib|types|collections|datetime|pathlib"
ALIASES = (
    "Array|Axes|Figure|Day|Date|Period|Returns|Timing|Margins?|Kind|Height|Lazy|Outcome|DropoutOn"
    "|Likelihood|Estimated|EffectBlock|Shape|SummedLikelihood|Derivatives|ParametricModel|M_co"
    "|AnnualMargins|ClockData|BinomialData|Curve|ModelRegistry|PurchaseInput|SpendInput"
)
INSIDE = (
    "SpendLedger|RowCounts|Clusters|VarianceComponents|Diagnosis|Estimates|BudgetLines|Allocation"
    "|MixingDistribution|BetaBinomial"
    "|RetentionModel|SegmentEstimates|Selection|Spells|Split"
)
nitpick_ignore_regex = [
    ("py:class", rf"({OTHERS})\..*"),
    ("py:class", rf"(.*\.)?({ALIASES}|{INSIDE})"),
    ("py:class", r"relmark_research\..*"),  # no page: a test asks for the public
    ("py:obj", r"typing\.Literal\['\w+'"),
    ("py:class", r"(dict|Mapping|tuple)\[str|Literal\['\w+'|date"),
    ("py:class", r"[A-Z]\w+"),  # a type in a signature that has no page of its own
]
suppress_warnings = ["toc.empty_glob", "mystnb.unknown_mime_type"]

package_digest = _digest()
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "executed" / package_digest)
nb_execution_timeout = 180
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_ipywidgets_js = {}  # a slider shows its static picture; nothing is fetched to make it move
nb_number_source_lines = False
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "fieldlist", "attrs_inline"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autoclass_content = "class"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 72
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_use_param = False
napoleon_preprocess_types = False

html_theme = "furo"
html_title = "relmark_research"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "footer_icons": [],
    "light_css_variables": {
        "color-brand-primary": "#00598c",
        "color-brand-content": "#00598c",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, 'SF Mono', Consolas, 'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f2",
        "color-brand-content": "#7cc4f2",
    },
}
