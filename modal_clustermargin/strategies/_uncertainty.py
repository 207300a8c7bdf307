"""How uncertain a classifier is of each row: by margin, entropy, or a function."""

import numpy as np
from scipy.special import entr
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import tensor_to_array
from modal_clustermargin.strategies._probabilities import reduce_probabilities

# Sums of larger numbers could overflow.
_LARGEST = 1e290


def pool_uncertainties(uncertainty, classifier, pool, *, multilabel, who):
    """Uncertainty of every row, float64, not negative; None if it is not fitted.

    `uncertainty` is "margin" (1 - margin), "entropy" (in nats), "least_confidence" (1 -
    the highest probability), or a function ``(classifier, X_pool)``. Of several labels
    or outputs, `multilabel` takes the mean uncertainty, or with "min" that of the least
    certain one.
    """
    if not callable(uncertainty):
        measure, combine = _MEASURES[uncertainty], _COMBINE[multilabel]
        return reduce_probabilities(_combined, classifier, pool, who, measure, combine)
    try:
        values = uncertainty(classifier, pool.X)
    except NotFittedError:
        return None
    return _checked(values, len(pool), who)


def _combined(block, reader, measure, combine):
    # Rounded probabilities may sum to a little more than one.
    return np.maximum(combine(measure(block), axis=1), 0)


def _by_margin(block):
    return 1 - block.label_margins()


def _by_entropy(block):
    outputs = [np.clip(proba, 0, 1, dtype=np.float64) for proba in block.outputs]
    if block.are_labels:
        return entr(outputs[0]) + entr(1 - outputs[0])
    return np.column_stack([entr(proba).sum(axis=1) for proba in outputs])


def _by_confidence(block):
    if block.are_labels:
        proba = block.outputs[0].astype(np.float64)
        return np.minimum(proba, 1 - proba)
    return 1 - np.column_stack([proba.max(axis=1) for proba in block.outputs])


_MEASURES = {
    "margin": _by_margin,
    "entropy": _by_entropy,
    "least_confidence": _by_confidence,
}
_COMBINE = {"mean": np.mean, "min": np.max}


def _checked(values, n_pool, who):
    """The answer of a function as numbers for `n_pool` rows."""
    values = np.asarray(
        tensor_to_array(values) if hasattr(values, "detach") else values
    )
    if values.shape != (n_pool,) or values.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} got uncertainties of shape {values.shape} and type {values.dtype}"
            f" from the function given as uncertainty=; numbers of shape ({n_pool},)"
            " are expected, one for each row of X_pool."
        )
    values = values.astype(np.float64)
    bad = np.flatnonzero(~((values >= 0) & (values <= _LARGEST)))
    if len(bad):
        raise ValueError(
            f"{who} needs uncertainties that are finite, not negative and at most"
            f" {_LARGEST:g}, so that they can be added; the function given as"
            f" uncertainty= returned {values[bad[0]]:.6g} for row {bad[0]} of X_pool."
        )
    return values
