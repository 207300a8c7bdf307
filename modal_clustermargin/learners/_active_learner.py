"""`ActiveLearner`, `BayesianOptimizer` and `DeepActiveLearner`."""

import numpy as np
from modAL.acquisition import max_EI
from modAL.models import learners as modal_learners
from modAL.models.base import BaseLearner
from modAL.uncertainty import uncertainty_sampling

from modal_clustermargin.learners._as_estimator import EstimatorMixin
from modal_clustermargin.learners._query import QueryMixin
from modal_clustermargin.learners._row_containers import gathered, rows_at
from modal_clustermargin.learners._training_data import (
    TrainingDataMixin,
    kept_after_errors,
)

# modAL 0.4.1 stores the rows of ``teach(only_new=True)`` for later trainings; modAL
# 0.4.2, whose base class stores no rows, does not.
_STORES_ONLY_NEW = hasattr(BaseLearner, "_add_training_data")


class ActiveLearner(
    EstimatorMixin, QueryMixin, TrainingDataMixin, modal_learners.ActiveLearner
):
    """modAL's ``ActiveLearner`` on current scikit-learn and pandas.

    `fit` and `teach` work with scikit-learn 1.8 and later, and with DataFrames of
    pandas 2 and later; `query` calls its strategy once. A learner can be printed and
    cloned. Everything else is modAL's.

    Parameters
    ----------
    estimator : estimator
        Any estimator with a `fit` method.

    query_strategy : callable, default=uncertainty_sampling
        Called as ``query_strategy(learner, X_pool, *args, **kwargs)``.

    X_training : ndarray, sparse, DataFrame, list or tensor, default=None
        The first labelled rows, on which the estimator is trained at once.

    y_training : array-like, default=None
        Labels of `X_training`.

    bootstrap_init : bool, default=False
        Whether the first training uses a bootstrap sample of `X_training`.

    on_transformed : bool, default=False
        Whether modAL's strategies transform the pool with the estimator first.

    force_all_finite : bool, default=True
        Whether NaN and infinity among labelled rows are an error.

    random_state : int, RandomState instance or None, default=None
        Draws bootstrap samples. An integer draws the same sample in every training,
        so give the members of a committee different integers, or a RandomState. None
        draws from numpy's global generator, as modAL does.

    **fit_kwargs :
        Passed to the estimator's `fit` in the first training only; a clone does not
        have them.

    Attributes
    ----------
    X_training, y_training :
        All labelled rows and labels so far, in the container of the first rows.
    """

    def __init__(
        self,
        estimator,
        query_strategy=uncertainty_sampling,
        X_training=None,
        y_training=None,
        bootstrap_init=False,
        on_transformed=False,
        force_all_finite=True,
        random_state=None,
        **fit_kwargs,
    ):
        super().__init__(
            estimator,
            query_strategy,
            on_transformed=on_transformed,
            force_all_finite=force_all_finite,
        )
        self._start(X_training, y_training, bootstrap_init, random_state, fit_kwargs)

    def teach(self, X, y, bootstrap=False, only_new=False, **fit_kwargs):
        """Add labelled rows to the training data, and train on all of it.

        Parameters
        ----------
        X : ndarray, sparse, DataFrame, list or tensor of shape (n_samples, ...)
            In the same container as the training data; frames need the same columns.
            Rows of a dask or Zarr array are loaded into memory.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        bootstrap : bool, default=False
            Whether to train on a bootstrap sample.

        only_new : bool, default=False
            Whether to train on X and y alone. With modAL 0.4.1 they still become part
            of the training data; with modAL 0.4.2 they do not.

        **fit_kwargs :
            Passed to the estimator's `fit`.

        Raises
        ------
        ValueError, TypeError
            If X and y do not match each other or the training data, or if labels are
            missing. After any error, also of the estimator's `fit`, the training data
            is as it was; an estimator that failed may have to be trained again.
        """
        X, y = gathered(X), gathered(y)
        with kept_after_errors([self]):
            if not only_new or _STORES_ONLY_NEW:
                self._add_training_data(X, y)
            if only_new:
                self._fit_on_new(X, y, bootstrap=bootstrap, **fit_kwargs)
            else:
                self._fit_to_known(bootstrap=bootstrap, **fit_kwargs)


class BayesianOptimizer(
    EstimatorMixin, QueryMixin, TrainingDataMixin, modal_learners.BayesianOptimizer
):
    """modAL's ``BayesianOptimizer`` on current scikit-learn and pandas.

    Parameters
    ----------
    estimator : estimator
        A regressor whose `predict` takes ``return_std=True``.

    query_strategy : callable, default=max_EI

    X_training, y_training, bootstrap_init, on_transformed, force_all_finite, random_state, **fit_kwargs :
        As for `ActiveLearner`.

    Attributes
    ----------
    X_max, y_max :
        The row with the largest value so far, and that value.
    """  # noqa: E501 numpydoc has parameters of a kind on one line

    def __init__(
        self,
        estimator,
        query_strategy=max_EI,
        X_training=None,
        y_training=None,
        bootstrap_init=False,
        on_transformed=False,
        force_all_finite=True,
        random_state=None,
        **fit_kwargs,
    ):
        super().__init__(
            estimator,
            query_strategy,
            on_transformed=on_transformed,
            force_all_finite=force_all_finite,
        )
        self._start(X_training, y_training, bootstrap_init, random_state, fit_kwargs)

    def fit(self, X, y, bootstrap=False, **fit_kwargs):
        """Replace the training data by X and y, and find the largest value again."""
        super().fit(X, y, bootstrap=bootstrap, **fit_kwargs)
        self.X_max, self.y_max = None, -np.inf
        self._set_max(self.X_training, self.y_training)
        return self

    def teach(self, X, y, bootstrap=False, only_new=False, **fit_kwargs):
        """Add rows and values as `ActiveLearner.teach`, and find the largest again."""
        with kept_after_errors([self]):
            super().teach(X, y, bootstrap=bootstrap, only_new=only_new, **fit_kwargs)

    def _set_max(self, X, y):
        X, y = gathered(X), gathered(y)
        values = np.asarray(y)  # modAL would look up a Series by its index
        largest = int(np.argmax(values))
        if values[largest] > self.y_max:
            self.X_max, self.y_max = rows_at(X, largest), values[largest]


if hasattr(modal_learners, "DeepActiveLearner"):  # modAL 0.4.2 and later

    class DeepActiveLearner(
        EstimatorMixin, QueryMixin, modal_learners.DeepActiveLearner
    ):
        """modAL's ``DeepActiveLearner``, whose query calls its strategy once.

        It stores no training data: `teach` continues training on the new rows alone.

        Parameters
        ----------
        estimator : skorch net
            Initialized when the learner is created.

        query_strategy : callable, default=uncertainty_sampling

        on_transformed : bool, default=False
            Tells modAL's strategies to transform the pool first.
        """
