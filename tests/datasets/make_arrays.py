"""Small arrays, and files of them."""

import numpy as np

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype(np.float32)
LABELS = RNG.permutation(np.arange(20) % 4)
COLUMNS = RNG.integers(0, 2, (20, 5)).astype(np.uint8)


def write_arrays(folder, **arrays):
    """Write .npy files; return their names."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: f"{name}.npy" for name in arrays}
