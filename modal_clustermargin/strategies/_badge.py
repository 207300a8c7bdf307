"""BADGE: rows whose gradients are large and diverse."""

import numpy as np

from modal_clustermargin._param_validation import StrOptions
from modal_clustermargin.selection import k_means_plus_plus
from modal_clustermargin.strategies._diverse import (
    DiverseStrategy,
    finite_embeddings,
    part_of,
)
from modal_clustermargin.strategies._probabilities import reduce_probabilities
from modal_clustermargin.strategies._sampling_function import sampling_function


class BADGE(DiverseStrategy):
    """Label rows whose gradients are large and diverse.

    BADGE [1]_. If the predicted label of a row were the true one, the gradient of the
    cross-entropy with respect to the weights of the last layer would be ``(p - y) z'``:
    p holds the probabilities, y is 1 for the predicted label and 0 for the others, and
    z is the embedding. The length of this gradient measures how uncertain the
    prediction is. Rows are drawn by k-means++ on the gradients: each row with a
    probability proportional to its squared distance to the nearest row drawn so far.

    Parameters
    ----------
    embedding : array-like of shape (n_pool, n_features), callable or None, \
            default=None
        The embeddings z: an array for the pool, or a function ``(classifier, X_pool)``
        that returns one. None uses the classifier's ``embed``, else the output of its
        pipeline's steps before the last, else the rows themselves.

    first : {"longest", "drawn"}, default="longest"
        The first row: the one with the longest gradient, as in the authors' code, or
        any row with equal probability, as in k-means++.

    n_partitions : int, default=1
        Number of random parts of equal size into which the pool is cut. An equal share
        of the batch is chosen in each part, as in [2]_ for batches of 100,000. The time
        is divided by `n_partitions`, but rows of different parts may be similar.

    device : str, torch.device or None, default=None
        Where distances are computed. None uses a CUDA device if there is one and at
        least 1e13 products are needed; "cpu" uses the processor. The picks are the same
        up to ties in the last bits.

    random_state : int, RandomState or None, default=None
        Draws the rows and the parts.

    verbose : bool, default=False
        Whether to show a progress bar.

    See Also
    --------
    CoreSet : Selects by diversity alone.
    ClusterMargin : Is made for larger batches.

    Notes
    -----
    If the rows of ``predict_proba`` do not sum to one, they are read as probabilities
    of independent labels. Then y is 1 for every label with a probability of at least
    one half, and the loss is the sum of the binary cross-entropies. With several
    outputs, as from scikit-learn's forests, the differences p - y of all outputs are
    concatenated. Both rules are this project's choice.

    Gradients are never formed. The squared distance of two gradients is ``|r|^2 |z -
    w|^2 + |w|^2 |r - s|^2 + 2 (r.(r - s)) (w.(z - w))`` for differences r, s and
    embeddings z, w; it loses no digits where the gradients are close. The memory needed
    is the size of the probabilities plus twice the size of the embeddings; the time is
    at most n_pool x n_instances x (n_classes + n_features) products.

    As in the authors' code, labelled rows are not used as centers. A classifier that is
    not fitted has no gradients, so the embeddings are used instead. Rows with the same
    gradient as a chosen row are chosen last, each with equal probability.

    References
    ----------
    .. [1] J. T. Ash et al., "Deep batch active learning by diverse, uncertain
       gradient lower bounds", ICLR 2020, :arxiv:`1906.03671`.
    .. [2] G. Citovsky et al., "Batch Active Learning at Scale", NeurIPS 2021,
       :arxiv:`2107.14263`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from modal_clustermargin.strategies import BADGE
    >>> X_pool = np.random.RandomState(0).normal(size=(100, 5))
    >>> classifier = LogisticRegression().fit(X_pool[:9], X_pool[:9, 0] > 0)
    >>> BADGE(random_state=0)(classifier, X_pool, n_instances=4).shape
    (4,)
    """

    _parameter_constraints = {
        **DiverseStrategy._parameter_constraints,
        "first": [StrOptions({"longest", "drawn"})],
    }

    def __init__(
        self,
        embedding=None,
        *,
        first="longest",
        n_partitions=1,
        device=None,
        random_state=None,
        verbose=False,
    ):
        self.embedding = embedding
        self.first = first
        self.n_partitions = n_partitions
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _picker(self, classifier, pool, rng):
        residuals = pool_residuals(classifier, pool, "BADGE")
        embeddings = finite_embeddings(self.embedding, classifier, pool, "BADGE")
        residuals = residuals.astype(embeddings.dtype, copy=False)
        uniforms = _uniforms(rng)

        def pick(rows, n_picks, device, show):
            first = None
            if self.first == "drawn":
                first = int(next(uniforms) * len(rows))
            return k_means_plus_plus(
                part_of(residuals, rows),
                part_of(embeddings, rows),
                n_picks,
                uniforms,
                first=first,
                device=device,
                show=show,
            )

        return pick, residuals.shape[1] + embeddings.shape[1]


badge_sampling = sampling_function(BADGE, "badge_sampling")


def pool_residuals(classifier, pool, who):
    """``y - p`` of each row: float32 of shape (n_pool, n_classes).

    Returns a single column of ones if the classifier is not fitted.
    """
    residuals = reduce_probabilities(_block_residuals, classifier, pool, who)
    return np.ones((len(pool), 1), np.float32) if residuals is None else residuals


def _block_residuals(block, reader):
    if block.are_labels:
        [proba] = block.outputs
        residuals = (proba >= 0.5) - proba
    else:
        for output in block.outputs:
            reader.check_range(output, block.first)
        residuals = np.column_stack([_of_classes(output) for output in block.outputs])
    return residuals.astype(np.float32, copy=False)


def _of_classes(proba):
    residuals = -proba
    rows = np.arange(len(proba))
    residuals[rows, proba.argmax(axis=1)] += 1
    return residuals


def _uniforms(rng):
    """Uniform numbers in [0, 1), drawn in blocks of 1,024."""
    while True:
        yield from rng.uniform(size=1024)
