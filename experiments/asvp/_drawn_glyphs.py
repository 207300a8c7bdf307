"""Glyphs as a data set: a pool by version, and a test of classes alike in size."""

from numbers import Integral

import numpy as np
from _glyphs import (
    VERSIONS,
    characters_of,
    make_glyphs,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._data_set import DataSet

_COUNT = (Interval(Integral, 1, None, closed="left"),)

CARD = DataCard(
    name="glyphs",
    what="Letters and symbols in several fonts, distorted, drawn by this package.",
    size="8,000 and 2,000 unless asked otherwise, 1 x 24 x 24 in [0, 1], 46 classes",
    licence=(
        "drawn here, from the fonts that come with matplotlib, whose licences are"
        " free ones"
    ),
    options={
        "version": DataOption(
            "easy",
            'how images depart from print: "easy", "shifted" or "long_tail", which'
            " is easy with classes of very different sizes in the pool",
            (StrOptions(set(VERSIONS)),),
        ),
        "n_pool": DataOption(8000, "images to choose from", _COUNT),
        "n_test": DataOption(2000, "images to test on, as many of each class", _COUNT),
        "alphabet": DataOption(
            "latin",
            'names of alphabets, with "+" between: "capitals", "lower", "digits",'
            ' "latin", "greek", "symbols"; or single characters',
            (str,),
        ),
    },
    needs="nothing; matplotlib has to be installed",
)

# Test images of a seed are others than the pool's of any seed in use.
_TEST_SEED = 10_000


def read(random_state, folder, *, version, n_pool, n_test, alphabet):
    """Images drawn for a pool and, by another seed, for the test."""
    kind = {"alphabet": tuple(alphabet.split("+")), "version": version}
    if not isinstance(random_state, Integral):
        random_state = check_random_state(random_state).randint(2**31 - 1 - _TEST_SEED)
    X, y = make_glyphs(n_pool, random_state=random_state, **kind)
    X_test, y_test = make_glyphs(
        n_test, class_power=0, random_state=_TEST_SEED + random_state, **kind
    )
    classes = np.unique(characters_of(kind["alphabet"]))
    return DataSet("glyphs", X, y, X_test, y_test, classes)
