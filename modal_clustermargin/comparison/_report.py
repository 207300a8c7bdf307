"""The report of a comparison: a page, pictures and a text, from a results folder.

What is in them is put together in ``_report_sections.py``.
"""

import csv
import json
from base64 import b64encode
from numbers import Integral
from pathlib import Path
from textwrap import fill

from sklearn.utils import check_random_state

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.comparison._costs import Prices
from modal_clustermargin.comparison._findings import finding
from modal_clustermargin.comparison._picks import first_and_last_picks
from modal_clustermargin.comparison._report_sections import sections
from modal_clustermargin.comparison._results import (
    COLUMNS,
    ComparisonResults,
)
from modal_clustermargin.comparison._statistics import Bootstrap

_WIDTH = 88


def write_report(
    folder,
    *,
    prices=Prices(label=0.05, hour=3.0),  # noqa: B008 frozen
    data=None,
    n_bootstrap=2000,
    random_state=0,
):
    """Write the report of a comparison into its folder.

    ``report.html`` is one file with its pictures in it; ``report.txt`` has the same
    words and tables, ``pictures`` the same pictures. Each is written whole, in the
    place of a report of before. Results are only read, so a comparison that still
    runs can be reported too: what is missing is said.

    Parameters
    ----------
    folder : path-like
        With ``comparison.json`` and ``results.csv``, and ``picks`` if there are.

    prices : Prices, default=Prices(label=0.05, hour=3.0)

    data : object, default=None
        The data set that was compared on, as the first seed with all rows has it. Its
        ``thumbnails(rows)`` gives images of rows of the pool for a gallery, uint8 of
        shape (n_rows, height, width[, 3]), or None where rows are no images. None
        means no gallery.

    n_bootstrap : int, default=2000
        How many times seeds are drawn for the intervals of labels; at least 100.

    random_state : int, RandomState instance or None, default=0
        Of those draws.

    Returns
    -------
    path : Path
        Of ``report.html``.

    Raises
    ------
    FileNotFoundError
        If the folder has no results.

    ValueError
        If the results are of another kind, or an argument is not as described.

    ImportError
        If jinja2 or matplotlib is not installed.
    """
    if not isinstance(prices, Prices):
        raise ValueError(
            f"write_report needs prices as Prices(label=..., hour=...); got {prices!r}."
        )
    if not isinstance(n_bootstrap, Integral) or n_bootstrap < 100:
        raise ValueError(
            "write_report needs n_bootstrap as a whole number of at least 100; got"
            f" {n_bootstrap!r}."
        )
    if data is not None and not hasattr(data, "thumbnails"):
        raise ValueError(
            "write_report needs data with a method thumbnails(rows), or None for no"
            f" gallery; got {data!r}."
        )
    random_state = check_random_state(random_state)
    template = _template()
    folder = Path(folder)
    settings = _settings(folder)
    results = ComparisonResults(_rows(folder), settings=settings)
    picks = first_and_last_picks(folder, results)
    bootstrap = Bootstrap(results, n_bootstrap, random_state)
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    found = finding(results, bootstrap)
    parts = sections(
        settings, results, bootstrap, prices, pictures, picks=picks, data=data
    )
    name = settings.get("name", folder.name)
    _write(folder / "report.txt", _text(name, found, parts))
    page = template.render(name=name, finding=found, sections=parts, data_uri=_data_uri)
    _write(folder / "report.html", page)
    return folder / "report.html"


def _template():
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(
            "write_report needs jinja2, which is not installed:"
            ' pip install "modal-clustermargin[compare]".'
        ) from error
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _settings(folder):
    path = folder / "comparison.json"
    _check_there(path)
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged ({error}). Mend it, or choose another folder."
        ) from error
    if not isinstance(settings, dict):
        raise ValueError(f"{path} must hold an object; got {settings!r}.")
    return settings


def _rows(folder):
    """The finished rows. A run may be writing the next: nothing is changed."""
    path = folder / "results.csv"
    _check_there(path)
    text = path.read_bytes().decode("utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    table = csv.DictReader(lines)
    if lines and tuple(table.fieldnames) != COLUMNS:
        raise ValueError(
            f"{path} has other columns than a comparison: {lines[0]}. Give the folder"
            " that a comparison was written to."
        )
    return list(table)


def _check_there(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"write_report found no {path.name} in {str(path.parent)!r}. Give the"
            " folder of a comparison, or run one first: modal-clustermargin compare."
        )


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
    """Cells in columns: words to the left, numbers to the right."""
    rows = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if i and not table.is_words else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _data_uri(path):
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _write(path, text):
    with written_whole(path) as file:
        file.write(text.encode("utf-8"))
