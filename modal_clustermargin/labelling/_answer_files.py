"""CSV files as people send them back.

Spreadsheets save other separators, encodings and line ends than they were given, and
people add columns and sort rows. What the labels in them mean is not known here.
"""

import codecs
import csv
import io
from typing import NamedTuple

from modal_clustermargin.labelling._spelling import plain

_SEPARATORS = ",;\t"


class AnswerRow(NamedTuple):
    """A row of such a file."""

    file: str  # its name
    line: int  # where the row begins, from 1
    id: str
    label: str

    @property
    def place(self):
        """Where it is, for a person."""
        return f"{self.file}, line {self.line}"


def read_answer_file(path):
    """Rows of a file, without those that are empty.

    Parameters
    ----------
    path : Path

    Returns
    -------
    rows : list of AnswerRow

    Raises
    ------
    ValueError
        If it is no CSV file with the columns id and label. Says where, and how that
        is mended.
    """
    text = _decoded(path)
    first_line, _, rest = text.partition("\n")
    n_before = 0
    separators = _SEPARATORS
    if first_line.strip().casefold().startswith("sep="):  # for Excel alone
        separators = first_line.strip()[4:5] or ","
        text, n_before = rest, 1
    columns = [_id_and_label(text, separator) for separator in separators]
    found = [(s, c) for s, c in zip(separators, columns, strict=True) if c]
    if not found:
        raise ValueError(
            f"{path.name}, line {n_before + 1}: the first row must name the columns, id"
            f" and label each once; got {text.partition(chr(10))[0].strip()[:80]!r}."
            " Write id,label,... there."
        )
    separator, (id_at, label_at) = found[0]
    rows = []
    try:
        for line, cells in _records(text, separator):
            id_, label = (
                cells[at].strip() if at < len(cells) else "" for at in (id_at, label_at)
            )
            if id_ or label:
                rows.append(AnswerRow(path.name, n_before + line, id_, label))
    except csv.Error as error:
        line = rows[-1].line if rows else n_before + 1
        raise ValueError(
            f"{path.name}, after line {line}: the quotes do not match ({error}). A cell"
            ' that begins with " must end with one, and each " within is doubled.'
        ) from error
    return rows[1:]


def _id_and_label(text, separator):
    """Which columns they are, or None if the first row does not name them."""
    try:
        _, first = next(_records(text, separator))
    except (StopIteration, csv.Error):
        return None
    names = [plain(name).casefold() for name in first]
    if names.count("id") == names.count("label") == 1:
        return names.index("id"), names.index("label")
    return None


def _records(text, separator):
    """The records of a CSV text, with the lines they begin in, from 1."""
    file = io.StringIO(text, newline="")
    reader = csv.reader(file, delimiter=separator, strict=True)
    begins = 1
    for cells in reader:
        yield begins, cells
        begins = reader.line_num + 1


def _decoded(path):
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # Excel without "UTF-8"
