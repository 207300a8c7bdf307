"""modAL's learners and committees, recognised by their attributes.

modAL itself is not imported. Any other classifier is used as it is.
"""

import inspect
from copy import copy

import numpy as np


def is_learner(classifier):
    """Whether a classifier is an ActiveLearner, or works like one."""
    return hasattr(classifier, "query") and hasattr(classifier, "estimator")


def is_committee(classifier):
    """Whether a classifier is a Committee of learners."""
    return hasattr(classifier, "learner_list")


def members(classifier):
    """The learners of a committee, or a list of the classifier alone."""
    return list(getattr(classifier, "learner_list", [classifier]))


def estimator_of(classifier):
    """The estimator of a learner; any other classifier as it is."""
    return classifier.estimator if is_learner(classifier) else classifier


def training_data(learner):
    """Labelled rows and labels that a learner holds, or None and None."""
    return getattr(learner, "X_training", None), getattr(learner, "y_training", None)


def lacks_members_fit(classifier):
    """Whether a classifier is a committee whose members are not fitted."""
    return is_committee(classifier) and getattr(classifier, "classes_", None) is None


def rows_to_ask(classifier, X):
    """`X`, converted from a list to an array for modAL's Committee, which needs one."""
    vote = getattr(type(classifier), "vote_proba", None)
    reads_shape = getattr(vote, "__module__", "").startswith("modAL")
    return np.asarray(X) if reads_shape and isinstance(X, list) else X


def takes_metrics(classifier):
    """Whether `query` unpacks a pair ``(indices, metrics)``: modAL 0.4.2 and later."""
    query = getattr(type(classifier), "query", None)
    return callable(query) and "return_metrics" in inspect.signature(query).parameters


def without_training_data(classifier):
    """A copy that predicts the same, without labelled rows and strategy.

    The copy is sent to workers, and a strategy may hold a whole pool.
    """
    if is_committee(classifier):
        committee = _stripped(classifier)
        committee.learner_list = [_stripped(each) for each in members(classifier)]
        return committee
    return _stripped(classifier) if is_learner(classifier) else classifier


def _stripped(learner):
    learner = copy(learner)
    for name in ("X_training", "y_training", "query_strategy"):
        if hasattr(learner, name):
            setattr(learner, name, None)
    return learner
