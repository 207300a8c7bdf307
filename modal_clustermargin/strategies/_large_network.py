"""The network behind a learner: the one place that knows what ASVP asks of it."""

import copy

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from modal_clustermargin.pools import n_rows, take_rows
from modal_clustermargin.strategies._round_log import settings_text


class LargeNetwork:
    """What ASVP asks of the network whose features it selects by.

    Parameters
    ----------
    classifier : modAL learner or classifier
        A DeferredFit is known by its ``is_pending_``, and is given another classifier
        to train where the training is switched.

    embedding : callable or None
        ``embedding(classifier, X)``, where features come from something else.
    """

    def __init__(self, classifier, embedding):
        if hasattr(classifier, "learner_list"):
            raise ValueError(
                "ASVP wants one network, and a Committee has several. Give ASVP to an"
                " ActiveLearner of one of them."
            )
        self.classifier = classifier
        self.embedding = embedding
        is_learner = hasattr(classifier, "query") and hasattr(classifier, "estimator")
        self.estimator = classifier.estimator if is_learner else classifier
        if embedding is None and not hasattr(self.estimator, "embed"):
            raise ValueError(
                "ASVP selects by the features of a network, and"
                f" {_name(self.estimator)} has no embed that gives them. Use a"
                " modal_clustermargin.estimators.NetworkClassifier, or pass embedding="
                " a function (classifier, X) that returns features."
            )

    @property
    def is_deferred(self):
        """Whether the estimator trains only when it is asked something."""
        return hasattr(self.estimator, "is_pending_")

    @property
    def inner(self):
        """The classifier that is trained, as it is given and not as it was fitted."""
        return self.estimator.estimator if self.is_deferred else self.estimator

    def labelled(self, given):
        """Labelled rows and their labels; None and None where there are none yet.

        Parameters
        ----------
        given : tuple ``(X, y)``, callable that returns one, or None
        """
        if callable(given):
            given = given(self.classifier)
        if given is None:
            X = getattr(self.classifier, "X_training", None)
            y = getattr(self.classifier, "y_training", None)
            given = (X, y) if X is not None else None
        if given is None:
            given = getattr(self.estimator, "training_data_", None)
        if given is None and _is_fitted(self.estimator):
            raise ValueError(
                "ASVP trains a proxy on the labelled rows, and does not know those of a"
                f" fitted {_name(self.estimator)}. Put it into a modAL ActiveLearner or"
                " a DeferredFit, or pass labelled=(X, y)."
            )
        X, y = given if given is not None else (None, None)
        if X is None or n_rows(X) == 0:
            return None, None
        if y is None:
            raise ValueError(
                f"ASVP needs a label for each labelled row, and y is None: X is a"
                f" {type(X).__name__}. Pass labelled=(X, y) with arrays, where X may be"
                " row numbers for a DatasetRows to look up."
            )
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim == 2 and y.dtype == object:
            y = y.astype(float)  # columns of several types
        if len(y) != n_rows(X):
            raise ValueError(
                f"ASVP got {n_rows(X)} labelled rows and {len(y)} labels; there must be"
                " a label for each."
            )
        return X, y

    def before_training(self, X):
        """The network as it begins, for features of weights that are pre-trained.

        Parameters
        ----------
        X : rows of any kind
            The first is looked at.

        Returns
        -------
        network : object with ``embed``
        """
        if hasattr(self.estimator, "untrained"):
            return self.estimator.untrained(X)
        try:  # a network that needs no training to give features
            self.inner.embed(take_rows(X, slice(0, 1)))
        except NotFittedError:
            return self.estimator.estimator_ if self.is_deferred else self._copy()
        return self._copy()

    def identity(self):
        """Text for what the features begin from."""
        return identity_of(self.inner)

    def _copy(self):
        """The classifier as it is, which the next teach would train anew."""
        return copy.deepcopy(self.inner)

    def fine_tuned(self, X, y, recipe, folder):
        """The network trained on the labelled rows.

        Parameters
        ----------
        X, y : labelled rows, labels

        recipe : classifier or None
            What to train; None is what the learner has, which may be trained already.

        folder : Path or None
            Where a classifier with a `checkpoint_dir` keeps its training.

        Returns
        -------
        network : classifier with ``embed``
        """
        if recipe is None:
            network = self.estimator.estimator_ if self.is_deferred else self._copy()
        else:
            network = clone(recipe)
            if folder is not None and _lacks(network, "checkpoint_dir"):
                network.set_params(checkpoint_dir=folder)
            network.fit(X, y)
        if not hasattr(network, "embed"):
            raise ValueError(
                "ASVP refreshes features by a network that was fine-tuned, and"
                f" {_name(network)} has no embed. Pass indicator=Never() to go on with"
                " the features that there are."
            )
        return network

    def give(self, recipe):
        """Have the learner train another classifier from now on, if it can wait."""
        if not self.is_deferred or self.estimator.estimator is recipe:
            return
        self.estimator.set_params(estimator=recipe)
        if not self.estimator.is_pending_ and _is_fitted(self.estimator):
            self.estimator.fit(*self.estimator.training_data_)

    def make_proxy(self):
        """A cheap classifier of features."""
        if hasattr(self.estimator, "make_proxy"):
            return self.estimator.make_proxy()
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def identity_of(classifier):
    """Text for the kind of a classifier, and for the module in it."""
    parameters = getattr(classifier, "get_params", dict)(deep=False)
    own = {
        name: settings_text(value)
        for name, value in parameters.items()
        if name.partition("__")[0] == "module"
    }
    return f"{type(classifier).__name__}({own or ''})"


def plain_fine_tuning(classifier):
    """The same classifier without linear probing before; itself if it has none."""
    recipe = clone(classifier)
    if "linear_probe" in recipe.get_params(deep=False):
        recipe.set_params(linear_probe=None)
    return recipe


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):  # TypeError: no estimator at all
        return False
    return True


def _lacks(estimator, parameter):
    return estimator.get_params(deep=False).get(parameter, "") is None


def _name(estimator):
    inner = getattr(estimator, "estimator", None)
    own = type(estimator).__name__
    return own if inner is None else f"{own}({type(inner).__name__})"
