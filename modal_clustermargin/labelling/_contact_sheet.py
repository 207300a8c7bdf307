"""The page on which a person sees a batch, and may label it."""

from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def contact_sheet(name, batch, labels, classes, multi_label):
    """A page of HTML.

    Parameters
    ----------
    name : str
        Of the batch: that of its files.

    batch : Batch

    labels : list of str
        One for each row; empty where there is none yet.

    classes : list of str or None
        None if labels are whatever is written.

    multi_label : bool

    Returns
    -------
    page : str
        Samples of a cluster stand together, clusters in the order of their first
        samples. The pictures are files beside it.
    """
    cards = [
        _card(number, batch.columns, row, label)
        for number, (row, label) in enumerate(zip(batch.rows, labels, strict=True))
    ]
    first = {}
    for card in cards:
        first.setdefault(card["cluster"], card["number"])
    cards.sort(key=lambda card: first[card["cluster"]])
    groups = [
        (cluster, list(members))
        for cluster, members in groupby(cards, lambda card: card["cluster"])
    ]
    return _template().render(
        name=name,
        groups=groups,
        classes=classes,
        multi_label=multi_label,
        told={
            "name": name,
            "columns": batch.columns,
            "rows": batch.rows,
            "labels": labels,
            "classes": classes,
            "multiLabel": multi_label,
        },
        script=(_HERE / "contact_sheet.js").read_text(encoding="utf-8"),
    )


def _card(number, columns, row, label):
    cells = dict(zip(columns, row, strict=True))
    shown = ("id", "label", "image", "cluster")
    return {
        "number": number,
        "id": cells["id"],
        "label": label,
        "image": cells.get("image"),
        "cluster": cells.get("cluster"),
        "notes": [(name, cells[name]) for name in columns if name not in shown],
    }


@cache
def _template():
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("contact_sheet.html")
