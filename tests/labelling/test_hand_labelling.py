"""Batches are exported and labels read, also after kills and edits."""

import csv
import io
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from modal_clustermargin.labelling import HandLabelling

IDS = ["img 1", "007", "ünï;code", 'a "quoted", one', "<b>&amp;", "=1+1"]
CLASSES = ["cat", "dog", "big cat"]
# As spreadsheets save: encoding, separator, line end.
FORMS = [
    ("utf-8", ",", "\n"),
    ("utf-8-sig", ";", "\r\n"),
    ("utf-16", "\t", "\r\n"),
    ("cp1252", ";", "\r\n"),
    ("utf-8", ",", "\r"),
]


def read_table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def save_table(path, table, form=FORMS[0]):
    encoding, separator, line_end = form
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows(table)
    path.write_bytes(text.getvalue().encode(encoding))


class Killed(BaseException):
    """Stands for a kill of the process."""


def killed_at(write):
    """Raise Killed at a write, counted from 0."""
    return mock.patch("os.fsync", side_effect=[None] * write + [Killed])


class LabellingByHand(RuleBasedStateMachine):
    """A person labels, and a script exports and reads, and is sometimes killed."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.expected = {}  # what the person wrote last, by id
        self.tables = {}  # files that the person has filled in
        self.filled = {}  # and their bytes
        self.labelling = self.begin()

    def begin(self):
        with mock.patch("os.fsync"):
            return HandLabelling(self.folder, IDS, classes=CLASSES)

    def do(self, action, dies_at):
        try:
            with killed_at(dies_at):
                action()
        except Killed:
            self.labelling = self.begin()

    @rule(size=st.integers(1, 3), pictures=st.booleans(), dies_at=st.integers(0, 9))
    def export(self, size, pictures, dies_at):
        picks = self.labelling.pool[:size]
        if picks.size:
            images = np.zeros((len(picks), 2, 2)) if pictures else None
            self.do(lambda: self.labelling.export(picks, images=images), dies_at)

    @precondition(lambda self: any(self.folder.glob("batch-*.csv")))
    @rule(data=st.data(), form=st.sampled_from(FORMS))
    def answer(self, data, form):
        path = data.draw(st.sampled_from(sorted(self.folder.glob("batch-*.csv"))))
        columns, *rows = self.tables.get(path) or read_table(path)
        rows = data.draw(st.permutations(rows))
        for row in rows:
            label = data.draw(st.sampled_from([*CLASSES, "skip", "", None]))
            row[1] = row[1] if label is None else label
        self.tables[path] = [columns, *rows]
        save_table(path, [columns, *rows], form)
        self.filled[path] = path.read_bytes()

    @rule(dies_at=st.integers(0, 9))
    def read(self, dies_at):
        # What was read counts even if the label is deleted afterwards.
        on_disk = {
            row[0]: row[1]
            for table in self.tables.values()
            for row in table[1:]
            if row[1]
        }
        before = dict(self.labels())

        def read():
            with mock.patch("warnings.warn"):
                n_new = self.labelling.read()
            now = self.labels()
            assert n_new == sum(i not in before for i in now)

        self.do(read, dies_at)
        with mock.patch("os.fsync"), mock.patch("warnings.warn"):
            self.labelling.read()
        self.expected.update(on_disk)

    def labels(self):
        found = zip(self.labelling.labelled, self.labelling.labels, strict=True)
        return {IDS[i]: str(label) for i, label in found}

    @invariant()
    def nothing_is_lost(self):
        before = repr(self.labelling)
        self.labelling = self.begin()  # what is checked comes from disk
        assert repr(self.labelling) == before
        skipped = {IDS[i]: "skip" for i in self.labelling.skipped}
        assert {**self.labels(), **skipped} == self.expected
        parts = ("labelled", "skipped", "open", "pool")
        positions = [getattr(self.labelling, part) for part in parts]
        assert sorted(np.concatenate(positions)) == list(range(len(IDS)))
        for path, content in self.filled.items():
            assert path.read_bytes() == content
        for path in self.folder.rglob("*"):
            assert not path.name.startswith("tmp"), "a file that was not finished"

    def teardown(self):
        shutil.rmtree(self.folder)


LabellingByHand.TestCase.settings = settings(max_examples=15, stateful_step_count=15)
TestLabellingByHand = LabellingByHand.TestCase


@pytest.fixture
def begin(tmp_path):
    """Begin a labelling of six samples, always in the same folder."""

    def begin(ids=("a", "b", "c", "d", "e", "f"), **arguments):
        return HandLabelling(tmp_path / "labels", ids, **arguments)

    return begin


def answer(file, *lines):
    file.write_text("\n".join(["id,label", *lines]) + "\n", encoding="utf-8")


# Worked examples


def test_labels_are_entries_of_the_classes(begin):
    labelling = begin(range(6), classes=[10, 20])
    answer(labelling.export([5, 0, 3]), "3,20", "5,10.0", "0,")
    assert labelling.read() == 2
    assert labelling.labelled.tolist() == [3, 5]
    assert labelling.labels.tolist() == [20, 10]
    assert labelling.labels.dtype.kind == "i"
    assert labelling.open.tolist() == [0]
    assert labelling.read() == 0


def test_without_classes_labels_are_texts(begin):
    labelling = begin()
    assert labelling.labels.shape == (0,)
    answer(labelling.export([0, 1]), "a,Some  Thing", "b,skip")
    assert labelling.read() == 1
    assert labelling.labels.tolist() == ["Some Thing"]
    assert labelling.skipped.tolist() == [1]


def test_several_labels_of_a_sample(begin):
    arguments = {"classes": ["red", "round", "old"], "multi_label": True}
    labelling = begin(**arguments)
    assert labelling.labels.shape == (0, 3)
    file = labelling.export(range(5))
    answer(file, "a,old;red", "b, Round |round|", "c,none", "d,skip", "e,")
    assert labelling.read() == 3
    assert labelling.labels.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert labelling.labelled.tolist() == [0, 1, 2]
    answer(file, "a,red|old")
    assert labelling.read() == 0  # without a warning: the order says nothing
    # Classes in another order, and one more, on another day.
    arguments["classes"] = ["old", "new", "round", "red"]
    assert begin(**arguments).labels[0].tolist() == [1, 0, 0, 1]
    assert begin(**arguments).read() == 0


def test_a_batch_has_all_columns(begin):
    labelling = begin()
    file = labelling.export(
        [4, 2],
        images=np.zeros((2, 3, 5, 4)),
        margin=np.float32([0.25, 1 / 3]),
        cluster=pd.Series([7, 1], index=[5, 0]),
        columns={"text": ["x, y", "z"]},
    )
    assert file.name == "batch-001.csv"
    assert read_table(file) == [
        ["id", "label", "margin", "cluster", "text", "image"],
        ["e", "", "0.25", "7", "x, y", "batch-001/001.png"],
        ["c", "", "0.333", "1", "z", "batch-001/002.png"],
    ]
    for name in ("001.png", "002.png"):
        picture = file.parent / "batch-001" / name
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_two_objects_in_one_folder(begin):
    mine, yours = begin(), begin()
    mine.export([0, 1])
    assert yours.export([2]).name == "batch-002.csv"
    with pytest.raises(ValueError, match=r"'b', which is in batch-001\.csv already"):
        yours.export([3, 1])
    assert yours.pool.tolist() == [3, 4, 5]


def test_a_changed_label_warns(begin):
    labelling = begin(classes=["cat", "dog"])
    file = labelling.export([0, 1])
    answer(file, "a,cat", "b,skip")
    labelling.read()
    answer(file, "a,dog", "b,cat")
    with pytest.warns(UserWarning, match="have changed: 'a' from 'cat' to 'dog'.$"):
        assert labelling.read() == 1  # what was skipped had no label
    assert labelling.labels.tolist() == ["dog", "cat"]


def test_a_deleted_file_comes_back_while_answers_are_missing(begin):
    labelling = begin()
    file = labelling.export([0, 1], cluster=[3, 4])
    empty = file.read_bytes()
    file.unlink()
    file.with_suffix(".html").unlink()
    begin()
    assert file.read_bytes() == empty
    assert file.with_suffix(".html").exists()
    answer(file, "a,x", "b,y")
    begin().read()
    file.unlink()
    assert begin().labels.tolist() == ["x", "y"]
    assert not file.exists()


def test_a_second_download_counts(begin):
    labelling = begin()
    file = labelling.export([0, 1])
    answer(file, "a,x")
    answer(file.with_name("batch-001 (1).csv"), "a,x", "b,y")
    assert labelling.read() == 2


# Messages


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,cta"], r"batch-001.csv, line 2: the label 'cta' is not a class"),
        (["a,cta"], r"Did you mean 'cat'\? Write 'cat', 'dog'; or 'skip', or leave"),
        (["a,cat", "x1,dog"], r"line 3: 'x1' is not an id of batch-001\. Correct the"),
        (["long nam,dog"], r"is not an id of batch-001\. Did you mean 'long name'\?"),
        ([",dog"], "line 2: the label 'dog' has no id. Write the id beside it"),
        (
            ["a,cat", "a,dog"],
            "3: 'a' has the label 'dog', but 'cat' in batch-001.csv, line 2",
        ),
        (["a,cat", "a,dog"], "Delete the wrong one"),
        (['a,"cat'], r'after line 1: the quotes do not match .* each " inside'),
        (
            ["a,x", "b,y"],
            r"Labels in '.*labels' have errors; .*\n.*line 2.*\n.*line 3",
        ),
        ([f"a{i},x" for i in range(12)], "and 2 more$"),
    ],
)
def test_wrong_rows(begin, lines, message):
    labelling = begin(["a", "b", "long name"], classes=["cat", "dog"])
    file = labelling.export([0, 1, 2])
    answer(file, "b,cat", "", "")
    labelling.read()
    answer(file, *lines)
    with pytest.raises(ValueError, match=message):
        labelling.read()
    assert labelling.labelled.tolist() == [1]  # nothing was taken, nothing lost
    answer(file, "a,dog")
    assert labelling.read() == 1


def test_wrong_files(begin):
    labelling = begin()
    file = labelling.export([0])
    file.write_text("name;what\na;b\n")
    message = "line 1: the first row must name the columns id and label .* 'name;what'"
    with pytest.raises(ValueError, match=message):
        labelling.read()
    file.rename(file.with_name("batch-007.csv"))
    with pytest.raises(ValueError, match="batch-007.csv: this folder has no batch 7"):
        labelling.read()
    assert labelling.export([1]).name == "batch-008.csv"
    (file.parent / "labelling.json").write_text("[]")
    with pytest.raises(ValueError, match=r"labelling.json is not a ledger .* Restore"):
        begin()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ids": ["a", "b", "a "]}, "different ids; got 'a' at 0 and 2. Write each"),
        ({"ids": ["a", " "]}, "ids that are not empty; got ' ' at 1"),
        ({"classes": ["x", "x"]}, "different classes; got 'x' at 0 and 1. Write each"),
        ({"classes": ["x", "Skip"]}, "cannot have the class 'Skip'"),
        ({"classes": ["x|y"], "multi_label": True}, r"cannot have the class 'x\|y'"),
        ({"classes": ["none"], "multi_label": True}, "cannot have the class 'none'"),
        ({"multi_label": True}, "needs classes= with multi_label=True; got None"),
        (
            {"ids": ["b", "c"]},
            r"needs ids with 'a', which .*\(1 ids are missing",
        ),
        ({"classes": ["y"]}, "needs classes with 'x', the label of 'b'.* Add it"),
    ],
)
def test_invalid_arguments(begin, arguments, message):
    labelling = begin()
    answer(labelling.export([0, 1]), "b,x")
    labelling.read()
    with pytest.raises(ValueError, match=message):
        begin(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"indices": [0.5]},
            r"integers of shape \(n_picks,\); got shape \(1,\)",
        ),
        ({"indices": []}, r"got shape \(0,\)"),
        ({"indices": [6]}, r"from 0 to 5, positions in ids; got 6.*pool\[positions\]"),
        ({"indices": [1, 2, 1]}, "needs different indices; got 1 twice"),
        (
            {"indices": [0], "margin": [1, 2]},
            "margin with .* the 1 picks; got 2",
        ),
        (
            {"indices": [0, 1], "cluster": 3},
            "cluster with .* the 2 picks; got 1",
        ),
        ({"indices": [0], "images": np.ones((6, 2, 2))}, "images with .* got 6. Index"),
        ({"indices": [0], "columns": {"Label": [1]}}, "cannot have a column 'Label'"),
    ],
)
def test_invalid_exports(begin, arguments, message):
    labelling = begin()
    with pytest.raises(ValueError, match=message):
        labelling.export(**arguments)
    assert not list(labelling.folder.glob("batch*"))
