"""The score of a trained model on the test rows of a data set."""

import numpy as np
from sklearn.metrics import average_precision_score


def score(model, data):
    """Accuracy, or mean average precision for multi-label data.

    Raises
    ------
    ValueError
        If probabilities are NaN.
    """
    y = data.y_test
    if y.ndim == 1:
        return float(np.mean(model.predict(data.X_test) == y))
    proba = model.predict_proba(data.X_test)
    is_nan = np.isnan(proba).any(axis=1)
    if is_nan.any():
        raise ValueError(
            f"The model returns NaN probabilities for {is_nan.sum()} of {len(is_nan)}"
            " test rows. If all rows are NaN, training has diverged: use another"
            " folder and a lower lr in [model], or larger batches. Otherwise the"
            " values of these rows overflow in the model."
        )
    has_positives = y.any(axis=0)
    return float(average_precision_score(y[:, has_positives], proba[:, has_positives]))
