"""The labelled rows that a strategy is given, or that a learner holds."""

from modal_clustermargin.pools import Pool, n_rows, open_pool
from modal_clustermargin.strategies._modal import members, training_data


def labelled_pools(labelled, classifier, who):
    """Labelled rows as a list of pools in this process, none of them empty.

    `labelled` are the rows, or a function ``(classifier)`` that returns them. None
    stands for the ``X_training`` of a modAL learner, or of each member of a committee.
    """
    if callable(labelled):
        parts = [labelled(classifier)]
    elif labelled is not None:
        parts = [labelled]
    else:
        parts = [training_data(each)[0] for each in members(classifier)]
    pools = []
    for part in parts:
        if part is not None and n_rows(part):
            with open_pool(part, who, "labelled") as rows:
                pools.append(Pool(rows.gathered()))
    return pools


def check_columns(n_columns, n_expected, who):
    """Raise ValueError unless embeddings of labelled rows have the pool's columns."""
    if n_columns != n_expected:
        raise ValueError(
            f"{who} got labelled rows with embeddings of {n_columns} columns, but the"
            f" embeddings of X_pool have {n_expected}. Pass labelled rows of the same"
            " kind as the pool."
        )
