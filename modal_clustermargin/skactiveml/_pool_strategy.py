"""scikit-activeml's interface around a strategy of this package."""

from functools import partial
from inspect import Parameter, Signature, signature

import numpy as np
from skactiveml.base import SingleAnnotatorPoolQueryStrategy, SkactivemlClassifier
from skactiveml.utils import (
    MISSING_LABEL,
    check_equal_missing_label,
    check_scalar,
    check_type,
    is_labeled,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from modal_clustermargin import strategies


class PoolStrategy(SingleAnnotatorPoolQueryStrategy):
    """Base class: asks a strategy of this package, and converts picks and utilities.

    A subclass names the class of the strategy in `adapted`, and in `parameters` those
    of its parameters that are parameters of the subclass, too, with the same defaults.
    It writes `query` if it needs a classifier, and `_utilities` unless all rows but the
    picks are alike. With `takes_labelled`, the strategy gets the labelled samples.
    """

    adapted = None
    parameters = ()
    more_parameters = {}  # with defaults
    takes_labelled = False

    def __init_subclass__(cls):
        if cls.adapted is not None:
            known = signature(cls.adapted).parameters
            defaults = {name: known[name].default for name in cls.parameters}
            defaults |= cls.more_parameters
            defaults |= {"missing_label": MISSING_LABEL, "random_state": None}
            cls.__init__ = _init_with(defaults)

    def query(self, X, y, candidates=None, batch_size=1, return_utilities=False):
        """Choose samples to label.

        Parameters
        ----------
        X, y, candidates, batch_size, return_utilities :
            As in `ClusterMargin.query`.

        Returns
        -------
        query_indices, utilities :
            As from `ClusterMargin.query`.
        """
        return self._query(
            lambda X, y: None, X, y, candidates, batch_size, return_utilities
        )

    def _query(self, prepare, X, y, candidates, batch_size, return_utilities):
        """The answer of `query`.

        ``prepare(X, y)`` checks the other arguments, and returns the classifier to ask.
        """
        X, y, candidates, batch_size, _ = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        if batch_size == 0:
            raise ValueError(
                f"{type(self).__name__} has no candidates: every sample has a label, or"
                " `candidates` is empty. Stop querying, or pass unlabelled samples."
            )
        rows, mapping = self._transform_candidates(candidates, X, y)
        classifier = prepare(X, y)
        parameters = {name: getattr(self, name) for name in self.parameters}
        if self.takes_labelled:
            labelled = X[is_labeled(y, self.missing_label_)]
            parameters["labelled"] = partial(_constant, labelled)
        # An integer gives the picks of a modAL loop. Other states start anew in each
        # query and depend on the number of unlabelled samples, as in scikit-activeml.
        is_integer = isinstance(self.random_state, int | np.integer)
        state = self.random_state if is_integer else self.random_state_
        self.strategy_ = getattr(self, "strategy_", None) or self.adapted()
        if "random_state" in self.strategy_.get_params(deep=False):
            parameters["random_state"] = state
        self.strategy_.set_params(**parameters)
        positions = np.asarray(self.strategy_(classifier, rows, batch_size))
        picks = positions if mapping is None else mapping[positions]
        if not return_utilities:
            return picks
        utilities = self._utilities(classifier, rows, positions)
        for i in range(1, len(picks)):
            utilities[i, positions[:i]] = np.nan
        if mapping is None:
            return picks, utilities
        all_utilities = np.full((len(picks), len(X)), np.nan)
        all_utilities[:, mapping] = utilities
        return picks, all_utilities

    def _utilities(self, classifier, rows, positions):
        """Utilities of rows before each pick, of shape (n_picks, n_rows)."""
        return utilities_in_order(positions, np.full(len(rows), 0.5))

    def _check_classifier(self, clf):
        check_type(clf, "clf", SkactivemlClassifier)
        check_equal_missing_label(clf.missing_label, self.missing_label_)


def _constant(value, _):
    return value


def _init_with(defaults):
    """An `__init__` that stores parameters with these defaults."""
    kind = Parameter.POSITIONAL_OR_KEYWORD
    own = [Parameter(name, kind, default=value) for name, value in defaults.items()]
    signature = Signature([Parameter("self", kind), *own])

    def __init__(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        self = bound.arguments.pop("self")
        vars(self).update(bound.arguments)

    __init__.__signature__ = signature
    return __init__


class ClassifierStrategy(PoolStrategy):
    """Base class of strategies that use a classifier."""

    more_parameters = {"clf_embedding_flag_name": None}

    def query(
        self,
        X,
        y,
        clf,
        fit_clf=True,
        sample_weight=None,
        candidates=None,
        batch_size=1,
        return_utilities=False,
    ):
        """Choose samples to label.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Labelled and unlabelled samples.

        y : array-like of shape (n_samples,)
            Labels; `missing_label` for unlabelled samples.

        clf : SkactivemlClassifier

        fit_clf : bool, default=True
            Whether to train a clone of `clf` on X and y first.

        sample_weight : array-like of shape (n_samples,), default=None

        candidates : array-like of int or of samples, default=None
            Samples that may be picked: positions in X, or samples themselves. None
            stands for the unlabelled samples.

        batch_size : int, default=1

        return_utilities : bool, default=False
            Needs memory for batch_size x n_samples numbers.

        Returns
        -------
        query_indices : ndarray of shape (batch_size,)
            Positions in X, or in `candidates` if they are samples, in the order
            picked.

        utilities : ndarray of shape (batch_size, n_samples or n_candidates)
            As the class defines them; nan for samples that are not candidates or are
            already picked. Returned only with `return_utilities`.
        """

        def prepare(X, y):
            self._check_classifier(clf)
            if not callable(getattr(self, "uncertainty", None)):
                strategies.check_gives_probabilities(clf, type(self).__name__)
            check_scalar(fit_clf, "fit_clf", bool)
            flag = self.clf_embedding_flag_name
            if flag is not None:
                check_type(flag, "clf_embedding_flag_name", dict, str)
            weights = () if sample_weight is None else (sample_weight,)
            fitted = clone(clf).fit(X, y, *weights) if fit_clf else clf
            return WithEmbeddings(fitted, flag)

        return self._query(prepare, X, y, candidates, batch_size, return_utilities)


class WithEmbeddings:
    """A classifier of scikit-activeml with the `embed` that our strategies call.

    `flag` is the parameter `clf_embedding_flag_name` of the user.
    """

    def __init__(self, clf, flag):
        self.clf = clf
        self.arguments = {flag: True} if isinstance(flag, str) else flag

    def predict_proba(self, X):
        # scikit-activeml's classifiers also return probabilities when not fitted.
        if not getattr(self.clf, "is_fitted_", True):
            raise NotFittedError
        return self.clf.predict_proba(X)

    def embed(self, X):
        if self.arguments is None:
            return strategies.embed(self.clf, X)
        answer = self.clf.predict_proba(X, **self.arguments)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise ValueError(
                f"clf_embedding_flag_name={self.arguments} should make"
                f" {type(self.clf).__name__}.predict_proba return a pair of"
                f" probabilities and embeddings; got a {type(answer).__name__}."
            )
        return answer[1]


def utilities_in_order(positions, base):
    """Utilities of a strategy that picks a whole batch at once.

    `base`, of shape (n_candidates,), is between 0 and 1 and is repeated for each pick.
    The utilities of the picks are greater than 1, the greatest for the first pick.
    """
    utilities = np.tile(base, (len(positions), 1))
    utilities[:, positions] = 2 - np.arange(len(positions)) / len(positions)
    return utilities


def sq_dists_before_each_pick(start, picks, rows, factors=None):
    """Squared distance of each row to the nearest center, before each pick.

    `start` has the distances before the first pick. With `factors`, distances are those
    of the outer products of rows and factors. The result, of shape (n_picks, n_rows),
    is only for utilities: the strategies never compute all these distances.
    """
    factors = np.ones((len(rows), 1)) if factors is None else factors
    sq_lengths = (rows**2).sum(axis=1) * (factors**2).sum(axis=1)
    picks = picks[:-1]
    products = (rows[picks] @ rows.T) * (factors[picks] @ factors.T)
    to_picks = np.maximum(sq_lengths + sq_lengths[picks, np.newaxis] - 2 * products, 0)
    to_picks[np.arange(len(picks)), picks] = 0
    return np.minimum.accumulate(np.vstack([start, to_picks]))
