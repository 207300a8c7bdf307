"""Read CSV files that people and spreadsheets have edited.

Spreadsheets change separators, encodings and line ends; people add columns and sort
rows.
"""

import codecs
import csv
import io
from typing import NamedTuple

from modal_clustermargin.labelling._names import plain

_SEPARATORS = ",;\t"


class AnswerRow(NamedTuple):
    """An id and a label, with their place in a file."""

    file: str  # name
    line: int  # where the row begins, from 1
    id: str
    label: str

    @property
    def place(self):
        return f"{self.file}, line {self.line}"


def read_answer_file(path):
    """The non-empty rows of a file: list of AnswerRow.

    Raises ValueError if the file is not a CSV file with the columns id and label.
    """
    text = _decode(path.read_bytes())
    for separator in _SEPARATORS:
        columns = _columns(text, separator)
        if columns is not None:
            break
    else:
        raise ValueError(
            f"{path.name}, line 1: the first row must name the columns id and label"
            f" once; got {text.partition(chr(10))[0].strip()[:80]!r}. Write"
            " id,label,... there."
        )
    rows = []
    try:
        for line, cells in _records(text, separator):
            id_, label = (cells[i].strip() if i < len(cells) else "" for i in columns)
            if id_ or label:
                rows.append(AnswerRow(path.name, line, id_, label))
    except csv.Error as error:
        line = rows[-1].line if rows else 1
        raise ValueError(
            f"{path.name}, after line {line}: the quotes do not match ({error}). A cell"
            ' that begins with " must end with ", and each " inside must be doubled.'
        ) from error
    return rows[1:]


def _columns(text, separator):
    """Numbers of the columns id and label, or None."""
    try:
        _, first = next(_records(text, separator))
    except (StopIteration, csv.Error):
        return None
    names = [plain(name).casefold() for name in first]
    if names.count("id") == names.count("label") == 1:
        return names.index("id"), names.index("label")
    return None


def _records(text, separator):
    """Yield the line in which each record begins, from 1, and its cells."""
    file = io.StringIO(text, newline="")
    reader = csv.reader(file, delimiter=separator, strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _decode(content):
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # Excel's other CSV format
