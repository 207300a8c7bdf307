"""CSV files as spreadsheets save them."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.labelling._answer_files import read_answer_file

# Cells that are hard to read: separators, quotes, line ends, blanks.
cells = st.text(st.sampled_from(list('ab,;\t"\n\r |ü=')), max_size=5)


@given(
    table=st.lists(st.tuples(cells, cells, cells), max_size=4),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    separator=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_csv_files_of_spreadsheets_are_read(table, encoding, separator, line_end):
    text = io.StringIO()
    # Python's writer leaves "\n" in a cell unquoted where lines end otherwise.
    quoting = csv.QUOTE_MINIMAL if line_end == "\r\n" else csv.QUOTE_ALL
    writer = csv.writer(
        text, delimiter=separator, lineterminator=line_end, quoting=quoting
    )
    writer.writerows([("note", "Label", " ID"), *table])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch-001.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        rows = read_answer_file(path)
    expected = [(i.strip(), label.strip()) for _, label, i in table]
    assert [(row.id, row.label) for row in rows] == [e for e in expected if any(e)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("id,label\na,x\nb,y\n", [2, 3]),
        ('id,label\n"a\n\nb",x\nc,y', [2, 5]),
        ("id,label\n\n,,,\na,x\n", [4]),
        ("id,label\na\nb,y,z\n", [2, 3]),  # cells missing, and too many
    ],
)
def test_line_numbers_are_those_of_the_file(tmp_path, text, lines):
    path = tmp_path / "batch-001.csv"
    path.write_bytes(text.encode())
    assert [row.line for row in read_answer_file(path)] == lines


@pytest.mark.parametrize("first", ["", "\n", "id,name", "id,label,label", "label"])
def test_the_columns_must_be_named_once(tmp_path, first):
    path = tmp_path / "batch-001.csv"
    path.write_text(first)
    with pytest.raises(ValueError, match=r"batch-001.csv, line 1: the first row must"):
        read_answer_file(path)
