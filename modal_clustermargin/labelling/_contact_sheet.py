"""The page on which a person sees and labels a batch."""

from itertools import groupby
from pathlib import Path

from jinja2 import StrictUndefined, Template

_FOLDER = Path(__file__).parent


def contact_sheet(name, batch, labels, classes, multi_label):
    """The HTML of the page of a batch; missing `labels` are empty strings.

    Samples of a cluster are together; clusters are in the order of their first sample.
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
    data = {
        "name": name,
        "columns": batch.columns,
        "rows": batch.rows,
        "labels": labels,
        "classes": classes,
        "multiLabel": multi_label,
    }
    script = (_FOLDER / "contact_sheet.js").read_text(encoding="utf-8")
    template = Template(
        (_FOLDER / "contact_sheet.html").read_text(encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return template.render(groups=groups, data=data, script=script)


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
