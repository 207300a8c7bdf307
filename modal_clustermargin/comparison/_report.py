"""The report of a comparison: a page, a text and pictures in its folder."""

from base64 import b64encode
from numbers import Integral
from pathlib import Path
from textwrap import fill

import numpy as np
from jinja2 import StrictUndefined, Template

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.comparison._findings import finding
from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._report_sections import sections
from modal_clustermargin.comparison._results import ComparisonResults
from modal_clustermargin.comparison._savings import Prices
from modal_clustermargin.comparison._statistics import Bootstrap

_WIDTH = 88
_TEMPLATE = Path(__file__).with_name("report.html.jinja")


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
        The `output` of `compare`.

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

    Raises
    ------
    FileNotFoundError
        If the folder has no comparison.

    ValueError
        If a file is damaged, if there are no rows yet, or if an argument is not as
        described.
    """
    if not isinstance(prices, Prices):
        raise ValueError(
            f"write_report needs prices as Prices(label=..., hour=...); got {prices!r}."
        )
    if not isinstance(n_bootstrap, Integral) or n_bootstrap < 100:
        raise ValueError(
            "write_report needs n_bootstrap as an integer of at least 100; got"
            f" {n_bootstrap!r}."
        )
    if data is not None and not hasattr(data, "thumbnails"):
        raise ValueError(
            "write_report needs data with a method thumbnails(rows), or None for no"
            f" gallery; got {data!r}."
        )
    folder = ComparisonFolder(folder)
    settings = folder.settings()
    if settings is None:
        raise FileNotFoundError(
            f"write_report found no comparison.json in {str(folder.path)!r}. Give the"
            " folder of a comparison, or run one first: modal-clustermargin compare."
        )
    results = ComparisonResults(folder.rows(), settings=settings)
    bootstrap = Bootstrap(results, n_bootstrap, np.random.RandomState(0))
    found = finding(results, bootstrap)
    parts = sections(folder, settings, results, bootstrap, prices, data)
    name = settings.get("name", folder.path.name)
    _write(folder.path / "report.txt", _text(name, found, parts))
    template = Template(
        _TEMPLATE.read_text(encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = template.render(name=name, finding=found, sections=parts, data_uri=_data_uri)
    _write(folder.path / "report.html", page)
    return folder.path / "report.html"


def _text(name, found, parts):
    lines = [name, "=" * len(name), "", fill(found.headline, _WIDTH), ""]
    lines += [fill(each, _WIDTH) + "\n" for each in found.sentences]
    for part in parts:
        lines += ["", part.title, "-" * len(part.title), ""]
        lines += [fill(each, _WIDTH) + "\n" for each in part.sentences]
        for table in part.tables:
            lines += [table.title, "", *_aligned(table), ""]
            if table.note:
                lines += [fill(table.note, _WIDTH), ""]
    return "\n".join(lines).rstrip() + "\n"


def _aligned(table):
    """Lines with aligned columns: text to the left, numbers to the right."""
    rows = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if i and not table.is_text else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _data_uri(path):
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _write(path, text):
    with written_whole(path) as file:
        file.write(text.encode("utf-8"))
