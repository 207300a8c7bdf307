"""Randomness that belongs to one estimator.

torch draws weights, shuffles and dropout masks from generators of the whole process.
"""

import threading
from contextlib import contextmanager

import torch

# Two threads that borrowed the generators at the same time would use each other's
# draws, and restore a state from the middle of the other's training.
_BORROWING = threading.RLock()


def undisturbed():
    """Run a block under a fixed seed, such as reading samples, which may draw."""
    return borrowed_generators(0, torch.device("cpu"))


@contextmanager
def borrowed_generators(seed, device):
    """Run a block under `seed`, then restore the generators of the CPU and `device`.

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
