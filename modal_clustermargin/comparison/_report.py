"""The report of a comparison: a page, a text and pictures in its folder."""

from base64 import b64encode
from numbers import Integral
from pathlib import Path
from textwrap import fill

import numpy as np
from jinja2 import StrictUndefined, Template

from modal_clustermargin._param_validation import HasMethods, Interval, validate_params
from modal_clustermargin.comparison._findings import finding
from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._report_sections import Table, sections
from modal_clustermargin.comparison._results import ComparisonResults
from modal_clustermargin.comparison._savings import Prices
from modal_clustermargin.comparison._statistics import Bootstrap

_WIDTH = 88
_TEMPLATE = Path(__file__).with_name("report.html.jinja")


@validate_params(
    {
        "prices": [Prices],
        "data": [HasMethods("thumbnails"), None],
        "n_bootstrap": [Interval(Integral, 100, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def write_report(
    folder,
    *,
    prices=Prices(label=0.05, hour=3.0),  # noqa: B008 frozen
    data=None,
    n_bootstrap=2000,
):
    """Write the report of a comparison into its folder.

    ``report.html`` is one file that contains its pictures; ``report.txt`` has the
    same sentences and tables; ``pictures`` has the same pictures as files. The
    comparison may still be running: the report says what is missing.

    Parameters
    ----------
    folder : path-like
        The `output` of `compare`. FileNotFoundError is raised if it has no comparison,
        and ValueError if it has no rows yet.

    prices : Prices, default=Prices(label=0.05, hour=3.0)

    data : DataSet, default=None
        The data set of the first complete seed, for a gallery of picks, or another
        object whose method ``thumbnails(rows)`` returns images of rows of the pool,
        uint8 of shape (n_rows, height, width[, 3]), or None if rows are not images.
        None means no gallery.

    n_bootstrap : int, default=2000
        Number of bootstrap draws for the intervals of labels; at least 100.

    Returns
    -------
    path : Path
        Path of ``report.html``.
    """
    folder = ComparisonFolder(folder)
    settings = folder.settings()
    if settings is None:
        raise FileNotFoundError(
            f"write_report found no comparison.json in {str(folder.path)!r}. Give the"
            " folder of a comparison, or run one first: modal-clustermargin compare."
        )
    results = ComparisonResults(folder.rows(), settings=settings)
    bootstrap = Bootstrap(results, n_bootstrap, np.random.RandomState(0))
    parts = {
        "name": settings.get("name", folder.path.name),
        "finding": finding(results, bootstrap),
        "sections": [*sections(folder, settings, results, bootstrap, prices, data)],
    }
    folder.write_text("report.txt", _text(**parts))
    template = Template(
        _TEMPLATE.read_text(encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder.write_text("report.html", template.render(**parts, data_uri=_data_uri))
    return folder.path / "report.html"


def _text(name, finding, sections):
    headline, sentences = finding
    lines = [name, "=" * len(name), "", fill(headline, _WIDTH), ""]
    lines += [f"{fill(each, _WIDTH)}\n" for each in sentences]
    for title, blocks in sections:
        lines += ["", title, "-" * len(title), ""]
        for block in blocks:
            if isinstance(block, str):
                lines += [fill(block, _WIDTH), ""]
            elif isinstance(block, Table):
                lines += [block.title, "", *_aligned(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _aligned(table):
    """Lines with aligned columns: text to the left, numbers to the right."""
    rows = [list(table.records[0]), *(each.values() for each in table.records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = [str.ljust] + [str.ljust if table.is_text else str.rjust] * len(widths)
    for row in rows:
        cells = (side(*each) for side, *each in zip(sides, row, widths, strict=False))
        yield "  ".join(cells).rstrip()


def _data_uri(path):
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
