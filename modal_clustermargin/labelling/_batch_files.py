"""The files of a folder: the ledger, and for each batch a CSV file, page and pictures.

The ledger has all batches and answers. If the CSV file or the page of a batch is
missing, it is recreated from the ledger.
"""

import csv
import io
import json
import re
from dataclasses import asdict, dataclass, field

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.labelling._contact_sheet import contact_sheet

_FORMAT = 1


@dataclass
class Batch:
    """Samples that are labelled together."""

    columns: list  # of the CSV file: "id", "label", and others
    rows: list  # lists of str, one for each sample; empty under "label"

    @property
    def ids(self):
        return [row[0] for row in self.rows]


@dataclass
class Ledger:
    """All batches and answers."""

    batches: dict = field(default_factory=dict)  # Batch by number, from 1
    answers: dict = field(default_factory=dict)  # answer by id

    @classmethod
    def read(cls, path):
        """The ledger in a file; an empty one if there is no file."""
        if not path.exists():
            return cls()
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise ValueError(f"format {found['format']!r}")
            batches = {int(n): Batch(**batch) for n, batch in found["batches"].items()}
            return cls(batches, dict(found["answers"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is not a ledger of HandLabelling ({error}). Restore it from a"
                " copy, or choose another folder; the labels in the batch-*.csv files"
                " are not lost."
            ) from error

    def write(self, path):
        content = {"format": _FORMAT, **asdict(self)}
        with written_whole(path) as file:
            file.write(json.dumps(content, indent=1, ensure_ascii=False).encode())

    def batch_of(self):
        """Number of the batch of each exported sample: dict of str to int."""
        return {i: number for number, batch in self.batches.items() for i in batch.ids}

    def open_ids(self, number):
        """Samples of a batch without an answer: list of str."""
        return [i for i in self.batches[number].ids if i not in self.answers]


def batch_name(number):
    """Name of the files of a batch, without the suffix."""
    return f"batch-{number:03}"


def answer_files(folder):
    """CSV files of batches with their numbers: list of (int, Path).

    Includes second downloads of a browser, such as ``batch-003 (1).csv``.
    """
    found = []
    for path in sorted(folder.glob("batch-*.csv")):
        number = re.match(r"batch-(\d+)", path.name)
        if number:
            found.append((int(number[1]), path))
    return found


def write_pictures(folder, number, pictures):
    """Write PNG files; return their names relative to the folder."""
    name = batch_name(number)
    (folder / name).mkdir(exist_ok=True)
    names = [f"{name}/{i:03}.png" for i in range(1, len(pictures) + 1)]
    for each, picture in zip(names, pictures, strict=True):
        with written_whole(folder / each) as file:
            picture.save(file, "PNG")
    return names


def write_missing_files(folder, ledger, answers):
    """Write missing CSV files of batches with open samples, and outdated pages."""
    # An existing CSV file is never changed, because a person may be editing it.
    with_file = {number for number, _ in answer_files(folder)}
    for number, batch in ledger.batches.items():
        name = batch_name(number)
        if number not in with_file and ledger.open_ids(number):
            text = io.StringIO()
            csv.writer(text).writerows([batch.columns, *batch.rows])
            # The byte order mark tells Excel that the file is UTF-8.
            _write_changed(folder / f"{name}.csv", "\ufeff" + text.getvalue())
        labels = [ledger.answers.get(i, "") for i in batch.ids]
        page = contact_sheet(name, batch, labels, answers.classes, answers.multi_label)
        _write_changed(folder / f"{name}.html", page)


def _write_changed(path, text):
    content = text.encode()
    if not path.exists() or path.read_bytes() != content:
        with written_whole(path) as file:
            file.write(content)
