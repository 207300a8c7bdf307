"""Synthetic pools, in memory or in files.

A class is a mixture of a few normal distributions (modes) in few dimensions. The
features are sines of random linear combinations, so class boundaries are curved.
"""

from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.utils import check_random_state

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import COUNT, DataCard, DataOption
from modal_clustermargin.datasets._stored_arrays import store_arrays

CHUNK = 8192  # rows that are drawn at once, from a generator of their own
_N_LATENT = 8  # dimensions of the modes, at most the number of features
_BEND = 0.5  # scale of the arguments of the sines
_WORLD, _ORIGINALS, _POOL, _TEST = range(4)  # streams of random numbers

_PLAIN = {
    "n_modes": 5,
    "overlap": 0.5,
    "class_power": 0.0,
    "n_copies": 1,
    "copy_power": 1.0,
    "jitter": 0.05,
    "label_noise": 0.02,
}
_KINDS = {
    "redundant": _PLAIN | {"n_copies": 10},
    "long_tail": _PLAIN | {"class_power": 1.0},
    "plain": _PLAIN,
}
# Increase it if the same settings give other numbers.
_VERSION = 1

_AT_LEAST_2 = (Interval(Integral, 2, None, closed="left"),)
_POWER = (Interval(Real, 0, None, closed="left"), None)

CARD = DataCard(
    name="synthetic",
    what=(
        "Random vectors: classes of several overlapping modes with curved boundaries,"
        " redundant or with a long tail, and some wrong labels."
    ),
    size="by default 100,000 and 10,000 to test on, 32 features, 20 classes",
    licence="none needed: random numbers of this package",
    options={
        "n_pool": DataOption(100_000, "rows of the pool", COUNT),
        "n_test": DataOption(
            10_000,
            "rows to test on, without copies or wrong labels, in classes of equal size",
            COUNT,
        ),
        "n_features": DataOption(32, "features", _AT_LEAST_2),
        "n_classes": DataOption(20, "classes", _AT_LEAST_2),
        "kind": DataOption(
            "redundant",
            '"redundant": near-copies, most of them of a few originals; "long_tail":'
            ' classes of very different sizes; "plain": neither. It sets the defaults'
            " of the other options",
            (StrOptions(set(_KINDS)),),
        ),
        "n_modes": DataOption(None, "modes of a class (5)", (*COUNT, None)),
        "overlap": DataOption(
            None,
            "standard deviation of a mode; that of the centres of modes is 1 (0.5)",
            (Interval(Real, 0, None, closed="neither"), None),
        ),
        "class_power": DataOption(
            None,
            "the share of class k in the pool is proportional to k**-class_power"
            ' (1 if "long_tail", else 0)',
            _POWER,
        ),
        "n_copies": DataOption(
            None,
            'mean rows for each original (10 if "redundant", else 1)',
            (*COUNT, None),
        ),
        "copy_power": DataOption(
            None,
            "the share of original k is proportional to k**-copy_power (1)",
            _POWER,
        ),
        "jitter": DataOption(
            None,
            "standard deviation of a copy, divided by that of its mode (0.05)",
            _POWER,
        ),
        "label_noise": DataOption(
            None,
            "share of wrong labels in the pool (0.02)",
            (Interval(Real, 0, 1, closed="left"), None),
        ),
    },
    needs=(
        "nothing; with a folder, the pool is written there once, block by block, and"
        " opened as a memory map"
    ),
)


def read(random_state, folder, *, kind, **options):
    """Draw a synthetic pool, in memory or, with a folder, in files there."""
    if folder is not None and not isinstance(random_state, Integral):
        raise ValueError(
            "load_data('synthetic') with a folder needs random_state as an int, to find"
            f" the files again; got {random_state!r}."
        )
    chosen = {name: value for name, value in options.items() if value is not None}
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    rows = SyntheticRows(seed=seed, **(_KINDS[kind] | chosen))
    arrays = []
    for part, chunks in (("pool", rows.pool()), ("test", rows.test())):
        if folder is None:
            arrays += map(np.concatenate, zip(*chunks, strict=True))
            continue
        # 1.0 is written as 1, so that equal settings have equal texts.
        recipe = vars(rows.recipe).items()
        settings = {key: int(n) if n == int(n) else n for key, n in recipe}
        settings["version"] = _VERSION
        name, n_rows = f"synthetic-{part}", options[f"n_{part}"]
        arrays += store_arrays(folder, name, settings, n_rows, chunks)
    return DataSet("synthetic", *arrays, classes=np.arange(options["n_classes"]))


class SyntheticRows:
    """A pool and a test of the options of `CARD` and a seed, drawn chunk by chunk.

    With copies, the originals stay in memory: 8 numbers for each of
    ``n_pool / n_copies``.
    """

    def __init__(self, **recipe):
        self.recipe = recipe = SimpleNamespace(**recipe)
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

    def pool(self):
        """Yield the rows of the pool: chunks of X and y."""
        return _chunks(self._pool_chunk, self.recipe.n_pool)

    def test(self):
        """Yield the rows of the test, without copies or wrong labels.

        Classes take turns, so they have the same size.
        """
        return _chunks(self._test_chunk, self.recipe.n_test)

    def _pool_chunk(self, number):
        rng = self._stream(_POOL, number)
        if self.recipe.n_copies > 1:
            original = _drawn(rng, self._original_bounds, CHUNK)
            y = self._classes[original]
            latent = self._originals[original]
            width = self.recipe.overlap * self.recipe.jitter
            latent = latent + width * rng.standard_normal(latent.shape, np.float32)
        else:
            y = _drawn(rng, self._class_bounds, CHUNK)
            latent = self._around_centres(rng, y)
        # An offset of at least 1 gives a wrong class.
        wrong = rng.integers(1, max(self.recipe.n_classes, 2), CHUNK)
        is_wrong = rng.random(CHUNK) < self.recipe.label_noise
        return self._features(latent), (y + wrong * is_wrong) % self.recipe.n_classes

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


def _chunks(draw, n_rows):
    for number in range(-(-n_rows // CHUNK)):
        yield [column[: n_rows - number * CHUNK] for column in draw(number)]
