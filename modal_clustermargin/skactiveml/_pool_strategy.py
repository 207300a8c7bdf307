"""What scikit-activeml wants of a strategy, around one of this package."""

import numpy as np
from skactiveml.base import SingleAnnotatorPoolQueryStrategy, SkactivemlClassifier
from skactiveml.utils import check_equal_missing_label, check_scalar, check_type
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from modal_clustermargin.strategies import embed


class PoolStrategy(SingleAnnotatorPoolQueryStrategy):
    """Base class: which rows may be picked, by which classifier, and the answer.

    Subclasses ask the strategy, in `query`, and say what utilities are.
    """

    def _rows_to_pick_from(self, X, y, candidates, batch_size, return_utilities):
        """X, y, candidates, where these are in X or None, and batch size; checked."""
        X, y, candidates, batch_size, _ = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        if batch_size == 0:
            raise ValueError(
                f"{type(self).__name__} has no candidates: every sample has a label, or"
                " `candidates` is empty. Stop querying then."
            )
        rows, mapping = self._transform_candidates(candidates, X, y)
        return X, y, rows, mapping, batch_size

    def _fitted(self, clf, fit_clf, X, y, sample_weight):
        """The classifier to ask; a clone, if it is to be trained first."""
        check_type(clf, "clf", SkactivemlClassifier)
        check_equal_missing_label(clf.missing_label, self.missing_label_)
        check_scalar(fit_clf, "fit_clf", bool)
        if not fit_clf:
            return clf
        if sample_weight is None:
            return clone(clf).fit(X, y)
        return clone(clf).fit(X, y, sample_weight)

    def _seed(self):
        """What the strategy inside draws by.

        An integer is handed on, so that the picks are those of modAL. Other states
        begin anew in each query and depend on the number of unlabelled samples, as
        scikit-activeml has it.
        """
        if isinstance(self.random_state, int | np.integer):
            return self.random_state
        return self.random_state_

    def _answer(self, positions, mapping, n_samples, utilities):
        """Picks and, if there are any, utilities, by rows of X or of candidates.

        Parameters
        ----------
        positions : ndarray of shape (batch_size,)
            Among the candidates.

        mapping : ndarray of shape (n_candidates,) or None
            Where candidates are in X.

        n_samples : int
            Rows of X.

        utilities : ndarray of shape (batch_size, n_candidates), or None
        """
        positions = np.asarray(positions)
        picks = positions if mapping is None else mapping[positions]
        if utilities is None:
            return picks
        for i in range(1, len(picks)):
            utilities[i, positions[:i]] = np.nan
        if mapping is not None:
            all_utilities = np.full((len(picks), n_samples), np.nan)
            all_utilities[:, mapping] = utilities
            utilities = all_utilities
        return picks, utilities


class AskingClassifier(PoolStrategy):
    """Base class of strategies that ask a classifier, and so have one query.

    Subclasses give the strategy that picks, `_strategy`, and `_utilities`.
    """

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
            Labels; `missing_label` where there is none.

        clf : SkactivemlClassifier

        fit_clf : bool, default=True
            Whether to train a clone of it on X and y before it is asked.

        sample_weight : array-like of shape (n_samples,), default=None

        candidates : array-like of int or of samples, default=None
            Which may be picked: rows of X, or samples of their own. None are those
            without a label.

        batch_size : int, default=1

        return_utilities : bool, default=False
            Costs batch_size x n_samples numbers.

        Returns
        -------
        query_indices : ndarray of shape (batch_size,)
            In X or, if those are samples, in `candidates`; in the order picked.

        utilities : ndarray of shape (batch_size, n_samples or n_candidates)
            What the class says; nan for what is no candidate or picked already.
        """
        X, y, rows, mapping, batch_size = self._rows_to_pick_from(
            X, y, candidates, batch_size, return_utilities
        )
        flag = self.clf_embedding_flag_name
        if flag is not None:
            check_type(flag, "clf_embedding_flag_name", dict, str)
        asked = WithEmbeddings(self._fitted(clf, fit_clf, X, y, sample_weight), flag)
        self.strategy_ = self._strategy()
        positions = self.strategy_(asked, rows, batch_size)
        utilities = None
        if return_utilities:
            utilities = self._utilities(asked, rows, positions)
        return self._answer(positions, mapping, len(X), utilities)


def in_order(positions, weighed_by):
    """Utilities of a strategy that picks a batch at once.

    Parameters
    ----------
    positions : ndarray of shape (batch_size,)

    weighed_by : ndarray of shape (n_candidates,)
        Between 0 and 1; larger is better.

    Returns
    -------
    utilities : ndarray of shape (batch_size, n_candidates)
        `weighed_by`, and more than 1 for all that will be picked; the first of these
        has the most.
    """
    utilities = np.tile(np.asarray(weighed_by, float), (len(positions), 1))
    utilities[:, positions] = 2 - np.arange(len(positions)) / len(positions)
    return utilities


class WithEmbeddings:
    """A classifier of scikit-activeml as strategies of this package ask it.

    Parameters
    ----------
    clf : SkactivemlClassifier

    flag : str, dict or None
        What makes its ``predict_proba`` return a pair of probabilities and embeddings:
        the name of a parameter, or parameters with their values. None: it has an
        ``embed``, a pipeline's transform, or the rows are their own embeddings.
    """

    def __init__(self, clf, flag):
        self.clf = clf
        self.arguments = {flag: True} if isinstance(flag, str) else flag

    def predict_proba(self, X):
        # One that has too few labels to be trained answers nonetheless.
        if not getattr(self.clf, "is_fitted_", True):
            raise NotFittedError
        return self.clf.predict_proba(X)

    def embed(self, X):
        if self.arguments is not None:
            answer = self.clf.predict_proba(X, **self.arguments)
            if not (isinstance(answer, tuple) and len(answer) == 2):
                raise ValueError(
                    f"clf_embedding_flag_name={self.arguments} should make"
                    f" {type(self.clf).__name__}.predict_proba return probabilities and"
                    f" embeddings; got a {type(answer).__name__}."
                )
            return answer[1]
        return embed(getattr(self.clf, "estimator_", None), X)
