"""Without a Dask client, one worker in this process."""

import contextvars

import dask.array as da
import numpy as np
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import AverageLinkage, MarginSampling

X = np.random.RandomState(0).normal(size=(300, 6))


def test_rows_are_searched_and_asked_about(all_is_sent):
    # Where no other test has left a client, if a closed one.
    contextvars.Context().run(_search_and_ask)


def _search_and_ask():
    chunks = da.from_array(X, chunks=70)
    there, here = AverageLinkage().fit(chunks), AverageLinkage().fit(X)
    np.testing.assert_array_equal(there.labels_, here.labels_)
    classifier = LogisticRegression().fit(X[:50], X[:50, 0] > 0)
    picks = MarginSampling()(classifier, chunks, 20)
    np.testing.assert_array_equal(picks, MarginSampling()(classifier, X, 20))
