"""Rows of synthetic pools. Each chunk of rows can be drawn without the others.

A class is a mixture of a few normal distributions (modes) in few dimensions. The
features are sines of random linear combinations, so class boundaries are curved.
"""

from typing import NamedTuple

import numpy as np

# Rows of a chunk. Each chunk has its own generator.
CHUNK = 8192
_N_LATENT = 8  # dimensions of the modes, at most the number of features
_BEND = 0.5  # scale of the arguments of the sines
_WORLD, _ORIGINALS, _POOL, _TEST = range(4)  # streams of random numbers


class Recipe(NamedTuple):
    """Everything that the rows depend on. Shares are rank**-power."""

    n_pool: int
    n_test: int
    n_features: int
    n_classes: int
    n_modes: int  # of each class
    overlap: float  # standard deviation of a mode; that of all centres is 1
    class_power: float  # power of the shares of classes in the pool
    n_copies: int  # mean rows of the pool for each original
    copy_power: float  # power of the shares of originals
    jitter: float  # standard deviation of a copy, divided by that of its mode
    label_noise: float  # share of wrong labels in the pool
    seed: int


class SyntheticRows:
    """A pool and a test whose rows are drawn on demand.

    With copies, the originals stay in memory: 8 numbers for each of ``recipe.n_pool /
    recipe.n_copies``.
    """

    def __init__(self, recipe):
        self.recipe = recipe
        rng = self._stream(_WORLD)
        n_latent = min(_N_LATENT, recipe.n_features)
        shape = recipe.n_classes, recipe.n_modes, n_latent
        self._centres = rng.standard_normal(shape, np.float32)
        self._weights = rng.standard_normal((n_latent, recipe.n_features), np.float32)
        self._weights *= np.float32(_BEND)
        self._phases = rng.uniform(0, 2 * np.pi, recipe.n_features).astype(np.float32)
        self._class_bounds = _bounds(recipe.n_classes, recipe.class_power)
        if recipe.n_copies > 1:
            n_originals = -(-recipe.n_pool // recipe.n_copies)
            rng = self._stream(_ORIGINALS)
            self._classes = _drawn(rng, self._class_bounds, n_originals)
            self._originals = self._around_centres(rng, self._classes)
            self._original_bounds = _bounds(n_originals, recipe.copy_power)

    def pool(self, start, stop):
        """Rows of the pool: X, y, and the original that each row is a copy of.

        Without copies, originals are -1.
        """
        return _joined(self._pool_chunk, start, stop)

    def test(self, start, stop):
        """Rows of the test: X and y, without copies or wrong labels.

        Classes take turns, so they have the same size.
        """
        return _joined(self._test_chunk, start, stop)

    def _pool_chunk(self, number):
        rng = self._stream(_POOL, number)
        if self.recipe.n_copies > 1:
            original = _drawn(rng, self._original_bounds, CHUNK)
            y = self._classes[original]
            latent = self._originals[original]
            width = self.recipe.overlap * self.recipe.jitter
            latent = latent + width * rng.standard_normal(latent.shape, np.float32)
        else:
            original = np.full(CHUNK, -1)
            y = _drawn(rng, self._class_bounds, CHUNK)
            latent = self._around_centres(rng, y)
        # An offset of at least 1 gives a wrong class.
        wrong = rng.integers(1, max(self.recipe.n_classes, 2), CHUNK)
        is_wrong = rng.random(CHUNK) < self.recipe.label_noise
        return (
            self._features(latent),
            (y + wrong * is_wrong) % self.recipe.n_classes,
            original,
        )

    def _test_chunk(self, number):
        y = (number * CHUNK + np.arange(CHUNK)) % self.recipe.n_classes
        return self._features(self._around_centres(self._stream(_TEST, number), y)), y

    def _around_centres(self, rng, classes):
        mode = rng.integers(self.recipe.n_modes, size=len(classes))
        latent = self._centres[classes, mode]
        width = np.float32(self.recipe.overlap)
        return latent + width * rng.standard_normal(latent.shape, np.float32)

    def _features(self, latent):
        return np.sin(latent.astype(np.float32) @ self._weights + self._phases)

    def _stream(self, *key):
        sequence = np.random.SeedSequence(self.recipe.seed, spawn_key=key)
        return np.random.Generator(np.random.PCG64(sequence))


def _bounds(n, power):
    """Cumulative shares of `n` items, in [0, 1]."""
    shares = np.arange(1, n + 1) ** -float(power)
    bounds = np.cumsum(shares)
    return bounds / bounds[-1]


def _drawn(rng, bounds, n_rows):
    return np.searchsorted(bounds, rng.random(n_rows), side="right")


def _joined(chunk, start, stop):
    """Rows from `start` to `stop`, joined from chunks."""
    parts = []
    for number in range(start // CHUNK, max(-(-stop // CHUNK), start // CHUNK + 1)):
        first = number * CHUNK
        rows = slice(max(start - first, 0), max(stop - first, 0))
        parts.append([column[rows] for column in chunk(number)])
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
