"""`ActiveLearner` and `BayesianOptimizer`, which keep what they are trained on."""

import numpy as np
from modAL.acquisition import max_EI
from modAL.models import learners as modal_learners
from modAL.models.base import BaseLearner
from modAL.uncertainty import uncertainty_sampling

from modal_clustermargin.learners._any_rows import brought_here, rows_at
from modal_clustermargin.learners._asking_once import AskingOnce
from modal_clustermargin.learners._training_data import TrainingData

# modAL 0.4.1 keeps the rows of ``teach(only_new=True)`` for later, and 0.4.2, whose
# base class keeps no rows, does not.
_KEEPS_ONLY_NEW = hasattr(BaseLearner, "_add_training_data")


class ActiveLearner(AskingOnce, TrainingData, modal_learners.ActiveLearner):
    """modAL's ``ActiveLearner`` on scikit-learn and pandas of today.

    `fit` and `teach` work with scikit-learn 1.8 and later, and with DataFrames of
    pandas 2 and later; `query` runs its strategy once. A learner can be printed and
    cloned. All else is modAL's.

    Parameters
    ----------
    estimator : estimator
        Trained by its `fit`.

    query_strategy : callable, default=uncertainty_sampling
        Called as ``query_strategy(learner, X_pool, *args, **kwargs)``.

    X_training : ndarray, sparse, DataFrame, list or tensor, default=None
        Labelled rows to begin with, on which the estimator is trained.

    y_training : array-like, default=None
        Their labels.

    bootstrap_init : bool, default=False
        Whether that training is on as many rows drawn with replacement.

    on_transformed : bool, default=False
        What modAL's strategies look at to know whether to transform the pool.

    force_all_finite : bool, default=True
        Whether NaN and infinity among labelled rows are an error.

    random_state : int, RandomState instance or None, default=None
        For bootstraps. An integer draws the same in every training, so give members
        of a committee different ones, or a RandomState. None draws from numpy's global
        generator, as modAL does.

    **fit_kwargs :
        For the estimator's `fit` on the rows to begin with, and for no other; a clone
        knows nothing of them.

    Attributes
    ----------
    X_training, y_training :
        All labelled rows and labels so far, in the kind of the first.
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
        self._begin(X_training, y_training, bootstrap_init, random_state, fit_kwargs)

    def teach(self, X, y, bootstrap=False, only_new=False, **fit_kwargs):
        """Add labelled rows and train on all.

        Parameters
        ----------
        X : ndarray, sparse, DataFrame, list or tensor of shape (n_samples, ...)
            In the kind of what there is; frames with the same columns. Rows of a
            dask or Zarr array are brought here.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        bootstrap : bool, default=False
            Whether to train on as many rows drawn with replacement.

        only_new : bool, default=False
            Whether to train on X and y alone. Then modAL 0.4.1 keeps them for the
            next training on all, and 0.4.2 does not.

        **fit_kwargs :
            For the estimator's `fit`.

        Raises
        ------
        ValueError, TypeError
            If X and y do not belong together, or not to what there is; nothing is
            added then. What the estimator's `fit` raises comes after they are.
        """
        X, y = brought_here(X), brought_here(y)
        if not only_new or _KEEPS_ONLY_NEW:
            self._add_training_data(X, y)
        if only_new:
            self._fit_on_new(X, y, bootstrap=bootstrap, **fit_kwargs)
        else:
            self._fit_to_known(bootstrap=bootstrap, **fit_kwargs)


class BayesianOptimizer(AskingOnce, TrainingData, modal_learners.BayesianOptimizer):
    """modAL's ``BayesianOptimizer`` on scikit-learn and pandas of today.

    Parameters
    ----------
    estimator : estimator
        A regressor that knows its uncertainty.

    query_strategy : callable, default=max_EI

    X_training, y_training, bootstrap_init, on_transformed, force_all_finite, random_state, **fit_kwargs :
        Those of `ActiveLearner`.

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
        self._begin(X_training, y_training, bootstrap_init, random_state, fit_kwargs)
        if X_training is not None:
            self._set_max(self.X_training, self.y_training)

    def fit(self, X, y, bootstrap=False, **fit_kwargs):
        """Train on X and y alone; the largest value is the one among these."""
        super().fit(X, y, bootstrap=bootstrap, **fit_kwargs)
        self.X_max, self.y_max = None, -np.inf
        self._set_max(self.X_training, self.y_training)
        return self

    def _set_max(self, X, y):
        X, y = brought_here(X), brought_here(y)
        # modAL looks a Series up by its index.
        values = np.asarray(y)
        largest = int(np.argmax(values))
        if values[largest] > self.y_max:
            self.X_max, self.y_max = rows_at(X, largest), values[largest]
