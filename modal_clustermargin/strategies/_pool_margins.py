"""The margin of every row of a pool."""

import numpy as np

from modal_clustermargin.pools import n_rows
from modal_clustermargin.strategies._probabilities import reduce_probabilities


def pool_margins(classifier, pool, *, multilabel, who):
    """Margin of every row of a pool, or None if the classifier is not fitted.

    Parameters
    ----------
    classifier : object with ``predict_proba``

    pool : Pool

    multilabel : {"mean", "min"}
        How the margins ``|2 p - 1|`` of several labels, or the margins of several
        outputs, are combined.

    who : str
        Name of the strategy, for error messages.

    Returns
    -------
    margin : ndarray of shape (n_pool,), float64, or None
    """
    return reduce_probabilities(_block_margins, classifier, pool, who, multilabel)


def _block_margins(X, start, classifier, reader, multilabel):
    combine = {"mean": np.mean, "min": np.min}[multilabel]
    margin = np.empty(n_rows(X))
    for block in reader.blocks(classifier, X, start):
        if block.are_labels:
            per_label = np.abs(2 * block.outputs[0] - 1, dtype=np.float64)
        else:
            per_label = np.column_stack(block.margins)
        margin[block.rows] = combine(per_label, axis=1)
    return margin
