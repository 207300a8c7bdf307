"""Learning rates that fall during training."""

import numpy as np
import pytest
from skorch.callbacks import Callback

from modal_clustermargin.estimators import NetworkClassifier, ProxyClassifier, Steps


class Rates(Callback):
    """Keeps the learning rate of each training batch."""

    def initialize(self):
        self.seen = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.seen.append(net.optimizer_.param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("cosine", np.cos(7 * np.pi / 16 * np.arange(15) / 15)),
        ("step", [1] * 9 + [0.1] * 3 + [0.01] * 3),
        (lambda progress: 1 - progress, 1 - np.arange(15) / 15),
        (None, np.ones(15)),
    ],
)
def test_the_rate_falls_over_all_batches(blobs, schedule, factors):
    proxy = ProxyClassifier(max_epochs=5, batch_size=30, schedule=schedule)
    proxy.set_params(callbacks=[("rates", Rates())], random_state=0)
    proxy.fit(*blobs)
    rates = dict(proxy.callbacks_)["rates"].seen
    np.testing.assert_allclose(rates, 0.1 * np.asarray(factors))
    assert proxy.optimizer_.param_groups[0]["lr"] == 0.1


def test_an_unknown_schedule(blobs):
    with pytest.raises(
        ValueError,
        match="schedule=.linear. is none of .cosine., .step., and it is not callable",
    ):
        NetworkClassifier(schedule="linear").fit(*blobs)


def test_steps():
    rates = [Steps((0.25, 0.5), factor=0.5)(p) for p in (0, 0.24, 0.25, 0.5, 1)]
    assert rates == [1, 1, 0.5, 0.25, 0.25]
