"""The labelled rows that a strategy is given, or that a learner holds."""

from modal_clustermargin.pools import n_rows
from modal_clustermargin.strategies._modal import members, training_data


def labelled_parts(labelled, classifier):
    """Labelled rows as a list of rows of any kind, without empty parts.

    `labelled` are the rows, or a function ``(classifier)`` that returns them. None
    stands for the ``X_training`` of a modAL learner, or of each member of a committee.
    """
    if callable(labelled):
        parts = [labelled(classifier)]
    elif labelled is not None:
        parts = [labelled]
    else:
        parts = [training_data(each)[0] for each in members(classifier)]
    return [part for part in parts if part is not None and n_rows(part)]
