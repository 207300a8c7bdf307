"""Names and labels as people and spreadsheets write them."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from modal_clustermargin.labelling._answers import Answers
from modal_clustermargin.labelling._names import Names, plain

texts = st.text(max_size=6)


@given(st.lists(texts, unique_by=plain, min_size=1))
@example(["1", "01"])
def test_every_name_is_found_as_written(names):
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
def test_names_that_are_written_differently(names, text, found):
    assert Names(names).find(text) == found


def test_suggestions_have_the_same_digits():
    assert Names(["cat", "dog"]).suggestion("CTA") == " Did you mean 'cat'?"
    assert Names(["cat", "dog"]).suggestion("zebra") == ""
    assert Names(["img-16", "img-18"]).suggestion("img-17") == ""
    assert "'img-18'" in Names(["img-16", "img-18"]).suggestion("imag-18")


@given(st.permutations("abcdef"), st.sampled_from(["|", ";", " ; "]))
def test_several_labels_are_in_the_order_of_the_classes(labels, between):
    answers = Answers(list("fedcba"), multi_label=True)
    assert answers.parse(between.join(labels)) == "f|e|d|c|b|a"
