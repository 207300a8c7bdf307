"""What a herding strategy picked, and how much of the pool that covers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class HerdingRecord:
    """The picks of the last query of a herding strategy, in the order picked.

    Attributes
    ----------
    indices : ndarray of shape (n_picks,), dtype=intp
        Positions in the pool of that query.

    gain : ndarray of shape (n_picks,)
        What each pick added to the covered uncertainty; never increasing.

    uncertainty : ndarray of shape (n_picks,)
        Uncertainty of each pick; 1 if the classifier was not fitted.

    covered_before : float
        The share of the uncertainty of the pool that labelled rows covered.

    covered : float
        The share that labelled rows and picks cover.

    n_sampled : int
        Number of pool rows among which the batch was chosen: all rows, or a sample
        while labels are few. The shares are then estimates.
    """

    indices: np.ndarray
    gain: np.ndarray
    uncertainty: np.ndarray
    covered_before: float
    covered: float
    n_sampled: int
