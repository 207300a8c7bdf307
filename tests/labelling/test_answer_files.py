"""CSV files are read as spreadsheets save them, and names as people write them."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from modal_clustermargin.labelling._answer_files import (
    read_answer_file,
)
from modal_clustermargin.labelling._answers import Answers
from modal_clustermargin.labelling._spelling import Names, plain

# The cells that trouble readers: separators, quotes, line ends, blanks.
cells = st.text(st.sampled_from(list('ab,;\t"\n\r |ü=')), max_size=5)
texts = st.text(max_size=6)


@given(
    table=st.lists(st.tuples(cells, cells, cells), max_size=4),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    separator=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_a_spreadsheet_saves_is_read(table, encoding, separator, line_end):
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
        ("sep=;\r\nid;label;\r\na;x;\r\n", [3]),
        ("id,label\na\nb,y,z\n", [2, 3]),  # cells missing, and too many
    ],
)
def test_lines_are_those_of_the_file(tmp_path, text, lines):
    path = tmp_path / "batch-001.csv"
    path.write_bytes(text.encode())
    assert [row.line for row in read_answer_file(path)] == lines


@pytest.mark.parametrize("first", ["", "\n", "id,name", "id,label,label", "label"])
def test_the_columns_must_be_named_once(tmp_path, first):
    path = tmp_path / "batch-001.csv"
    path.write_text(first)
    with pytest.raises(ValueError, match=r"batch-001.csv, line 1: the first row must"):
        read_answer_file(path)


# Names


@given(st.lists(texts, unique_by=plain, min_size=1))
@example(["1", "01"])
def test_every_name_is_found_as_it_is(names):
    assume(all(plain(name) for name in names))
    known = Names(names)
    for name in names:
        assert known.find(f" {name}\n") == name


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        (["007", "008"], "7", "007"),
        (["1000"], "1.00E+03", "1000"),
        (["7", "007"], "07", None),  # which of them?
        (["9007199254740993"], "9007199254740992", None),  # one as a float
        (["1_0"], "10", None),
        (["True", "False"], "TRUE", "True"),
        (["a", "A"], "a", "a"),
        (["Ab", "aB"], "ab", None),
        (["e\u0301t\u00e9"], "\u00e9te\u0301", "e\u0301t\u00e9"),
        (["big  cat"], "Big cat", "big  cat"),
        (["nan"], "inf", None),
    ],
)
def test_what_is_known_again(names, text, found):
    assert Names(names).find(text) == found


def test_the_nearest_name():
    assert Names(["cat", "dog"]).nearest("CTA") == "cat"
    assert Names(["cat", "dog"]).nearest("zebra") is None
    assert Names(["img-16", "img-18"]).nearest("img-17") is None
    assert Names(["img-16", "img-18"]).nearest("imag-18") == "img-18"


@given(st.permutations("abcdef"), st.sampled_from(["|", ";", " ; "]))
def test_several_labels_come_in_the_order_of_the_classes(labels, between):
    answers = Answers(list("fedcba"), multi_label=True)
    assert answers.parse(between.join(labels)) == "f|e|d|c|b|a"
