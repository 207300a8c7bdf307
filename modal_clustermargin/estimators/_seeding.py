"""Randomness that belongs to one estimator.

torch draws weights, shuffles and dropout masks from generators that the whole
process shares. The functions here seed the generators and later restore their state.
"""

import threading
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils import check_random_state

# Two threads that borrowed the generators at the same time would use each other's
# draws, and restore a state from the middle of the other's training.
_BORROWING = threading.RLock()


def own_random_state(random_state):
    """Return a RandomState that is not numpy's global one.

    None draws a new seed from the operating system. scikit-learn would draw from the
    global generator, and so change it.
    """
    if random_state is None:
        random_state = int(np.random.default_rng().integers(2**32))
    return check_random_state(random_state)


def undisturbed():
    """Run a block with a fixed seed, and restore torch's generator.

    For reading samples outside of training: their Dataset or transform may draw random
    numbers.
    """
    return borrowed_generators(0, torch.device("cpu"))


@contextmanager
def borrowed_generators(seed, device):
    """Run a block under `seed`, then restore torch's generators.

    The generator of the CPU is seeded and, if `device` is a GPU, that of the GPU.
    On a GPU, cuDNN also uses its deterministic kernels; otherwise two runs with one
    seed differ from the first convolution on.
    """
    on_gpu = device.type == "cuda"
    was_deterministic = torch.backends.cudnn.deterministic
    with _BORROWING, torch.random.fork_rng([device.index] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.default_generators[device.index].manual_seed(seed)
            torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.backends.cudnn.deterministic = was_deterministic
