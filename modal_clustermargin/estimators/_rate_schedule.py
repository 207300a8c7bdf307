"""Learning rates that fall during training."""

import math
from typing import NamedTuple

from skorch.callbacks import Callback


def _cosine(progress):
    return math.cos(7 * math.pi / 16 * progress)


class Steps(NamedTuple):
    """A schedule that multiplies the rates by a factor at every milestone.

    Parameters
    ----------
    milestones : tuple of float
        Progress in [0, 1] at which each step is applied.

    factor : float, default=0.1
    """

    milestones: tuple
    factor: float = 0.1

    def __call__(self, progress):
        """Factor at this progress."""
        return self.factor ** sum(progress >= each for each in self.milestones)


_FACTORS = {"cosine": _cosine, "step": Steps((0.6, 0.8))}


class RateSchedule(Callback):
    """Multiply every learning rate by a factor that depends on the progress.

    Progress is t / T for batch t of the T batches of one `fit`, counted from 0.

    Parameters
    ----------
    schedule : {"cosine", "step"} or callable
        "cosine" is ``cos(7 pi / 16 * progress)``, which falls to 0.2: the schedule of
        FixMatch [1]_, which the public code of ASVP uses for its proxy. "step" is
        ``Steps((0.6, 0.8))``, which the same code uses for fine-tuning: 1, then 0.1
        from 60 % and 0.01 from 80 % of the training. A callable takes the progress
        and returns the factor.

    References
    ----------
    .. [1] K. Sohn et al., "FixMatch: Simplifying semi-supervised learning with
       consistency and confidence", NeurIPS 2020, :arxiv:`2001.07685`.
    """

    def __init__(self, schedule):
        self.schedule = schedule

    def initialize(self):
        if not callable(self.schedule) and self.schedule not in _FACTORS:
            raise ValueError(
                f"schedule={self.schedule!r} is none of"
                f" {', '.join(map(repr, _FACTORS))}, and it is not callable. Pass one"
                " of these names, or a function of the progress."
            )
        self.factor_ = _FACTORS.get(self.schedule, self.schedule)
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.n_epochs_before_ = len(net.history)
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        n_in_epoch = len(net.get_iterator(dataset_train, training=True))
        self.n_batches_ = net.max_epochs * n_in_epoch
        # Epochs may come from a checkpoint; the present one is in the history.
        self.n_done_ = (len(net.history) - 1 - self.n_epochs_before_) * n_in_epoch

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if training:
            self._set(net, self.factor_(self.n_done_ / self.n_batches_))
            self.n_done_ += 1

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self._set(net, 1)  # for a later `partial_fit`

    def _set(self, net, factor):
        for group, rate in zip(net.optimizer_.param_groups, self.rates_, strict=True):
            group["lr"] = factor * rate
