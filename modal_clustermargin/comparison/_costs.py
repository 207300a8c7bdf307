"""What labels and computing cost together.

How much of it a method saves is in ``_savings.py``.
"""

import math
from dataclasses import dataclass
from numbers import Real

from modal_clustermargin.comparison._learning_curves import (
    labels_needed,
    seconds_needed,
)

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Prices:
    """What one label and one hour of computing cost, in one currency, whichever.

    Parameters
    ----------
    label : float
        Money per label; finite and at least 0.

    hour : float
        Money per hour (not second) of computing; finite and at least 0.

    Raises
    ------
    ValueError
        If a price is not as described.

    Examples
    --------
    >>> from modal_clustermargin.comparison import Prices
    >>> Prices(label=0.5, hour=20)
    Prices(label=0.5, hour=20)
    """

    label: float
    hour: float

    def __post_init__(self):
        for name, price in {"label": self.label, "hour": self.hour}.items():
            if not (isinstance(price, Real) and math.isfinite(price) and price >= 0):
                raise ValueError(
                    f"Prices needs {name} as a finite number of at least 0; got"
                    f" {price!r}."
                )


def cost(curve, prices):
    """Money spent up to each point of a curve.

    Parameters
    ----------
    curve : LearningCurve

    prices : Prices

    Returns
    -------
    money : ndarray of shape (n_points,), dtype=float64
        In the currency of the prices.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, Prices, cost
    >>> curve = LearningCurve([100, 200], accuracy=[60, 80], seconds=[900, 3600])
    >>> cost(curve, Prices(label=0.5, hour=20))
    array([ 55., 120.])
    """
    return _money(curve.n_labels, curve.seconds, prices)


def cost_at(curve, prices, accuracy):
    """Money to reach an accuracy, in the shape of `labels_needed`'s answer."""
    return _money(
        labels_needed(curve, accuracy), seconds_needed(curve, accuracy), prices
    )


def _money(n_labels, seconds, prices):
    return prices.label * n_labels + prices.hour * (seconds / _SECONDS_PER_HOUR)
