"""The page of a batch, and its keys."""

import csv
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modal_clustermargin.labelling import HandLabelling
from modal_clustermargin.labelling._batch_files import Batch
from modal_clustermargin.labelling._contact_sheet import contact_sheet

NODE = shutil.which("node")
WILD = ["<b>&amp;", 'say "a"', "it's, so", "</script><!--", "$x {{ y }}", "ü|日本"]
texts = st.one_of(st.sampled_from(WILD), st.text(min_size=1, max_size=5))


class Page(HTMLParser):
    """The parts of a page."""

    def __init__(self, html):
        super().__init__()
        self.cards, self.groups, self.options, self.data = [], [], [], ""
        self._inside = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self._inside = attributes.get("id") or attributes.get("class") or tag
        if tag == "section":
            self.groups.append([])
        elif self._inside == "card":
            self.cards.append({"id": "", "row": int(attributes["data-row"])})
            self.groups[-1].append(self.cards[-1]["row"])
        elif tag == "option":
            self.options.append(attributes["value"])
        elif tag == "input":
            self.cards[-1]["label"] = attributes["value"]
        elif tag == "img":
            self.cards[-1]["image"] = attributes["src"]

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "id":
            self.cards[-1]["id"] += data
        elif self._inside == "data":
            self.data += data


def sheet(ids, labels=None, classes=None, clusters=None, multi_label=False):
    columns = ["id", "label"] + ([] if clusters is None else ["cluster"])
    rows = [
        [i, "", *([] if clusters is None else [clusters[k]])] for k, i in enumerate(ids)
    ]
    labels = labels or [""] * len(ids)
    return contact_sheet(
        "batch-001", Batch(columns, rows), labels, classes, multi_label
    )


@given(ids=st.lists(texts, min_size=1, max_size=4), label=texts)
@example(ids=WILD, label=WILD[3])
def test_html_characters_are_text(ids, label):
    ids = [" ".join(i.split()) or "a" for i in ids]
    page = Page(sheet(ids, [label] * len(ids), classes=[label]))
    data = json.loads(page.data)
    assert [row[0] for row in data["rows"]] == ids
    assert data["classes"] == [label]
    if not any("\x00" in text for text in (label, *ids)):
        assert [card["id"] for card in page.cards] == ids
        assert {card["label"] for card in page.cards} == {label}
        assert page.options == [label]


def test_samples_of_a_cluster_are_together():
    page = Page(sheet("abcde", clusters=["7", "2", "7", "5", "2"]))
    assert page.groups == [[0, 2], [1, 4], [3]]
    assert Page(sheet("abc")).groups == [[0, 1, 2]]


def test_the_page_follows_the_answers_and_the_classes(tmp_path):
    labelling = HandLabelling(tmp_path, "abc", classes=["cat"])
    file = labelling.export([2, 0], images=np.zeros((2, 4, 4)))
    page = file.with_suffix(".html")
    cards = Page(page.read_text(encoding="utf-8")).cards
    assert [card["id"] for card in cards] == ["c", "a"]
    assert all((tmp_path / card["image"]).exists() for card in cards)
    file.write_text("id,label\nc,cat\n")
    labelling.read()
    found = Page(page.read_text(encoding="utf-8"))
    assert [card["label"] for card in found.cards] == ["cat", ""]
    HandLabelling(tmp_path, "abc", classes=["cat", "dog"])
    assert Page(page.read_text(encoding="utf-8")).options == ["cat", "dog"]


# Keys, pressed in node where there is one


def press(path, *steps, kept=None):
    """Open the page, press keys, and download."""
    if NODE is None:
        pytest.skip("no node")
    script = Path(__file__).with_name("press_keys.js")
    command = [NODE, script, path, json.dumps(steps), json.dumps(kept or {})]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def labels_of(pressed):
    return [row["label"] for row in csv.DictReader(pressed["csv"][1:].splitlines())]


@pytest.fixture
def page(tmp_path):
    def page(ids, **arguments):
        path = tmp_path / "page.html"
        path.write_text(sheet(ids, **arguments), encoding="utf-8")
        return path

    return page


@pytest.mark.parametrize(
    ("classes", "steps", "expected"),
    [
        (["cat", "dog"], ["2", "1", "3", "2"], ["dog", "cat", "dog", ""]),
        (list("012"), ["0", "2", " ", "Backspace", "1"], ["0", "2", "skip", "1"]),
        (["cat", "dog"], ["ArrowRight", "1", "ArrowLeft", "2"], ["", "dog", "", ""]),
        (["cat", "dog"], ["1", "ArrowLeft", "Delete"], ["", "", "", ""]),
        (["cat", "dog"], ["ArrowDown", "1", "1"], ["cat", "", "", "cat"]),
        (
            ["cat", "dog"],
            ["Enter", {"choose": 1}, {"choose": 2}],
            ["", "dog", "skip", ""],
        ),
        (["cat", "dog"], [{"type": "do"}, "1", "Enter", "1"], ["do", "cat", "", ""]),
        (None, [{"type": "x"}, "Enter", {"type": "y"}], ["x", "y", "", ""]),
        ([f"c{i}" for i in range(99)], ["1", {"type": "c7"}], ["c7", "", "", ""]),
    ],
)
def test_keys(page, classes, steps, expected):
    assert labels_of(press(page("abcd", classes=classes), *steps)) == expected


def test_keys_for_several_labels(page):
    path = page("ab", classes=["red", "round", "old"], multi_label=True)
    pressed = press(path, "3", "1", "2", "2", "Enter", {"choose": 3})
    assert labels_of(pressed) == ["red|old", "none"]


def test_rows_keep_their_order_and_labels_their_rows(page):
    path = page("abc", clusters=["1", "2", "1"], classes=list("xyz"))
    assert labels_of(press(path, "x", "y", "z")) == ["x", "z", "y"]


def test_the_page_counts_answers(page):
    path = page("abc", classes=["cat"], labels=["cat", "", ""])
    pressed = press(path, " ", {"type": "cta"})
    assert pressed["count"] == "2 of 3 done, 1 of them skipped, 1 unknown (red)"
    assert pressed["states"] == [
        "card answered",
        "card skipped",
        "card unknown current",
    ]
    assert pressed["choices"] == ["1 cat", "Space skip", "Backspace clear"]


def test_typed_labels_are_stored_until_they_are_read(page):
    kept = press(page("abc"), {"type": "mine"}, "Enter", {"type": "also"})["kept"]
    assert labels_of(press(page("abc"), kept=kept)) == ["mine", "also", ""]
    read = page("abc", labels=["corrected", "", ""])
    assert labels_of(press(read, kept=kept)) == ["corrected", "also", ""]
    assert labels_of(press(page("abd"), kept=kept)) == ["", "", ""]  # another batch


def test_the_download_is_read_back(tmp_path):
    labelling = HandLabelling(tmp_path, WILD, classes=["a, b", '"c"'])
    file = labelling.export(range(6), columns={"text": WILD})
    pressed = press(file.with_suffix(".html"), *"12122", " ")
    file.write_bytes(pressed["csv"].encode())
    assert labelling.read() == 5
    assert labelling.labels.tolist() == ["a, b", '"c"', "a, b", '"c"', '"c"']
    assert labelling.skipped.tolist() == [5]
