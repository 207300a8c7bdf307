"""scikit-activeml's own test template; skipped without a copy of it.

SKACTIVEML_SOURCE names a copy of scikit-activeml's repository, whose package does not
contain the tests.
"""

import os
import unittest
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skactiveml")
SOURCE = os.environ.get("SKACTIVEML_SOURCE")
if SOURCE is None:
    pytest.skip("SKACTIVEML_SOURCE names no copy", allow_module_level=True)

import skactiveml  # noqa: E402

skactiveml.__path__.append(str(Path(SOURCE) / "skactiveml"))

from skactiveml.classifier import SklearnClassifier  # noqa: E402
from skactiveml.tests.template_query_strategy import (  # noqa: E402
    TemplateSingleAnnotatorPoolQueryStrategy,
)
from skactiveml.tests.utils import (  # noqa: E402
    ParzenWindowClassifierEmbedding,
)
from skactiveml.utils import MISSING_LABEL  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

from modal_clustermargin.clustering import AverageLinkage, NeighborGraph  # noqa: E402
from modal_clustermargin.estimators import MLP, NetworkClassifier  # noqa: E402
from modal_clustermargin.skactiveml import (  # noqa: E402
    ASVP,
    BADGE,
    ClusterMargin,
    CoreSet,
    MaxHerding,
    UncertaintyHerding,
)
from modal_clustermargin.strategies import Never, RandomSampling  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")
X = np.random.RandomState(0).normal(size=(9, 2))
y = np.array([0, 1, *[MISSING_LABEL] * 7])


def logistic_regression():
    return SklearnClassifier(
        LogisticRegression(random_state=0), classes=[0, 1], random_state=0
    )


class Template(TemplateSingleAnnotatorPoolQueryStrategy):
    """The tests of all strategies."""

    strategy = None

    def setUp(self):
        super().setUp(
            qs_class=self.strategy,
            init_default_params={},
            query_default_params_clf=self.query_params(),
        )

    def query_params(self):
        return {"X": X, "y": y, "clf": logistic_regression()}

    def test_query_param_clf(self):
        super().test_query_param_clf(
            test_cases=[(SVC(), TypeError), (logistic_regression(), None)]
        )

    def test_query(self):
        params = self.query_params()
        for batch_size in (1, 3, 7):
            found = self.strategy(random_state=1).query(
                **params, batch_size=batch_size, return_utilities=True
            )
            indices, utilities = found
            assert len(set(indices)) == batch_size
            assert set(indices) <= set(range(2, 9))
            assert utilities.shape == (batch_size, 9)
            for i, row in enumerate(utilities):
                is_nan = np.isin(np.arange(9), [0, 1, *indices[:i]])
                np.testing.assert_array_equal(np.isnan(row), is_nan)

    def check(self, name, *test_cases):
        self._test_param("init", name, list(test_cases))


class WithFlag(Template):
    def test_init_param_clf_embedding_flag_name(self):
        parzen = ParzenWindowClassifierEmbedding(classes=[0, 1], random_state=42)
        self._test_param(
            "init",
            "clf_embedding_flag_name",
            [(1, TypeError), (True, TypeError), (None, None)],
        )
        self._test_param(
            "init",
            "clf_embedding_flag_name",
            [("return_embeddings", None), ({"return_embeddings": True}, None)],
            replace_query_params={"clf": parzen},
        )


class TestClusterMargin(WithFlag, unittest.TestCase):
    strategy = ClusterMargin

    def test_init_param_clustering(self):
        few = AverageLinkage(n_clusters=2)
        self.check("clustering", (few, None), (None, None), ("ward", TypeError))

    def test_init_param_candidate_factor(self):
        self.check("candidate_factor", (2, None), ("auto", None), (0.5, ValueError))


class TestBADGE(WithFlag, unittest.TestCase):
    strategy = BADGE

    def test_init_param_first(self):
        self.check("first", ("drawn", None), ("last", ValueError))

    def test_init_param_n_partitions(self):
        self.check("n_partitions", (2, None), (0, ValueError))


class TestCoreSet(Template, unittest.TestCase):
    strategy = CoreSet

    def query_params(self):
        return {"X": X, "y": y}

    def test_init_param_metric(self):
        self.check("metric", ("cosine", None), ("haversine", ValueError))

    def test_init_param_n_partitions(self):
        self.check("n_partitions", (2, None), (0, ValueError))


class TestUncertaintyHerding(WithFlag, unittest.TestCase):
    strategy = UncertaintyHerding

    def test_init_param_graph(self):
        few = NeighborGraph(2)
        self.check("graph", (few, None), (None, None), ("exact", TypeError))

    def test_init_param_uncertainty(self):
        self.check("uncertainty", ("entropy", None), ("least", ValueError))

    def test_init_param_kernel_scale(self):
        self.check("kernel_scale", (1, None), (0, ValueError))


class TestMaxHerding(Template, unittest.TestCase):
    strategy = MaxHerding

    def query_params(self):
        return {"X": X, "y": y}

    def test_init_param_graph(self):
        few = NeighborGraph(2)
        self.check("graph", (few, None), (None, None), ("exact", TypeError))

    def test_init_param_kernel_scale(self):
        self.check("kernel_scale", (1, None), (0, ValueError))


class TestASVP(Template, unittest.TestCase):
    strategy = ASVP

    def query_params(self):
        network = NetworkClassifier(MLP, max_epochs=2, random_state=0)
        return {"X": X, "y": y, "clf": SklearnClassifier(network, classes=[0, 1])}

    def test_query_param_clf(self):
        # A classifier without features is an error.
        TemplateSingleAnnotatorPoolQueryStrategy.test_query_param_clf(
            self, test_cases=[(logistic_regression(), ValueError)]
        )

    def test_init_param_selector(self):
        self.check("selector", (RandomSampling(), None), ("margin", TypeError))

    def test_init_param_proxy(self):
        self.check("proxy", (LogisticRegression(), None), ("mlp", ValueError))

    def test_init_param_indicator(self):
        self.check("indicator", (Never(), None), ("never", ValueError))

    def test_init_param_embedding(self):
        self.check("embedding", (lambda clf, X: X, None), ("rows", ValueError))
