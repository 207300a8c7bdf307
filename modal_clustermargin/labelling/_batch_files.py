"""The files of a batch: the one to fill in, the page, and the pictures."""

import csv
import io
import re

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.labelling._contact_sheet import (
    contact_sheet,
)


def batch_name(number):
    """What its files are called, without the ending."""
    return f"batch-{number:03}"


def answer_files(folder):
    """Files to be read back, with the numbers in their names: list of (int, Path).

    All those of a batch count, such as ``batch-003 (1).csv``, which is what a browser
    calls a second download.
    """
    found = []
    for path in sorted(folder.glob("batch-*.csv")):
        number = re.match(r"batch-(\d+)", path.name)
        if number:
            found.append((int(number[1]), path))
    return found


def write_pictures(folder, number, pictures):
    """Write PNG files.

    Returns
    -------
    names : list of str
        As seen from the folder.
    """
    name = batch_name(number)
    (folder / name).mkdir(exist_ok=True)
    digits = max(3, len(str(len(pictures))))
    names = [f"{name}/{i:0{digits}}.png" for i in range(1, len(pictures) + 1)]
    for each, picture in zip(names, pictures, strict=True):
        with written_whole(folder / each) as file:
            file.write(picture)
    return names


def write_missing_files(folder, ledger, answers):
    """Make what a killed process has not come to, or somebody has deleted.

    A CSV file that is there is never touched: a person may have filled it in. One is
    made only where answers are missing. Pages show what the ledger says now.
    """
    with_file = {number for number, _ in answer_files(folder)}
    for number, batch in ledger.batches.items():
        name = batch_name(number)
        if number not in with_file and ledger.open_ids(number):
            _write(folder / f"{name}.csv", _as_csv(batch))
        labels = [ledger.answers.get(i, "") for i in batch.ids]
        page = contact_sheet(name, batch, labels, answers.classes, answers.multi_label)
        _write_changed(folder / f"{name}.html", page)


def _as_csv(batch):
    text = io.StringIO()
    csv.writer(text).writerows([batch.columns, *batch.rows])
    return "\ufeff" + text.getvalue()  # the mark tells Excel that it is UTF-8


def _write_changed(path, text):
    if not path.exists() or path.read_bytes() != text.encode():
        _write(path, text)


def _write(path, text):
    with written_whole(path) as file:
        file.write(text.encode())
