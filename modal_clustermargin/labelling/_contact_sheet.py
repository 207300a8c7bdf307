"""The page on which a person sees and labels a batch."""

from pathlib import Path

from jinja2 import StrictUndefined, Template

_FOLDER = Path(__file__).parent
_NOT_NOTES = ("id", "label", "image", "cluster")


def contact_sheet(name, batch, labels, classes, multi_label):
    """The HTML of a batch, cluster by cluster; missing `labels` are empty strings."""
    groups = {}  # cards by cluster
    for number, (row, label) in enumerate(zip(batch.rows, labels, strict=True)):
        cells = dict(zip(batch.columns, row, strict=True))
        card = {
            "number": number,
            "id": cells["id"],
            "label": label,
            "image": cells.get("image"),
            "notes": [each for each in cells.items() if each[0] not in _NOT_NOTES],
        }
        groups.setdefault(cells.get("cluster"), []).append(card)
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
    return template.render(groups=groups.items(), data=data, script=script)
