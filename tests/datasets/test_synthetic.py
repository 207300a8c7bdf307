"""Synthetic pools: in files and in memory, and their properties."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from sklearn.linear_model import RidgeClassifier
from sklearn.svm import SVC

from modal_clustermargin.datasets import _synthetic, load_data
from modal_clustermargin.datasets._synthetic import CHUNK, SyntheticRows

PARTS = ("X", "y", "X_test", "y_test")
N_ROWS = 2 * CHUNK + 100
SMALL = {"n_pool": 400, "n_test": 60, "n_features": 3}


def rows_of(**changes):
    plain = _synthetic._PLAIN | {"n_pool": N_ROWS, "n_test": N_ROWS, "seed": 0}
    return SyntheticRows(**(plain | {"n_features": 2, "n_classes": 3} | changes))


def joined(chunks):
    """X and y of all chunks."""
    return [np.concatenate(columns) for columns in zip(*chunks, strict=True)]


def test_a_larger_pool_begins_with_the_smaller():
    small, large = (
        load_data("synthetic", kind="plain", n_pool=n, n_test=n, n_features=2)
        for n in (N_ROWS - CHUNK, N_ROWS)
    )
    for part in PARTS:
        kept, more = getattr(small, part), getattr(large, part)
        assert (len(kept), len(more)) == (N_ROWS - CHUNK, N_ROWS)
        np.testing.assert_array_equal(kept, more[: len(kept)])
    # Every chunk has its own rows.
    assert len(np.unique(large.X, axis=0)) == N_ROWS


@pytest.mark.parametrize("kind", ["redundant", "long_tail", "plain"])
@pytest.mark.parametrize("n_pool", [7, CHUNK, N_ROWS])
def test_disk_and_memory_have_the_same_numbers(kind, n_pool, tmp_path):
    options = SMALL | {"kind": kind, "n_pool": n_pool}
    in_memory = load_data("synthetic", **options)
    on_disk = load_data("synthetic", folder=tmp_path / "new", **options)
    for part in PARTS:
        there, here = (getattr(data, part) for data in (on_disk, in_memory))
        assert isinstance(there, np.memmap)
        assert not there.flags.writeable
        assert there.dtype == here.dtype
        np.testing.assert_array_equal(there, here)


def test_pool_in_files_is_found_again(tmp_path, monkeypatch):
    first = load_data("synthetic", folder=tmp_path, n_copies=10, **SMALL)
    monkeypatch.setattr(SyntheticRows, "_pool_chunk", None)  # would have to be called
    # Another way to say the same.
    options = SMALL | {"kind": "plain", "n_copies": 10, "class_power": 0}
    again = load_data("synthetic", folder=tmp_path, **options)
    assert again.X.filename == first.X.filename
    with pytest.raises(TypeError):
        load_data("synthetic", folder=tmp_path, **SMALL | {"n_pool": 401})


def test_other_settings_have_other_files(tmp_path):
    options = [SMALL, SMALL | {"jitter": 0.1}, SMALL | {"kind": "plain"}]
    pools = [load_data("synthetic", folder=tmp_path, **o) for o in options]
    pools.append(load_data("synthetic", folder=tmp_path, random_state=1, **SMALL))
    assert len({pool.X.filename for pool in pools}) == len(pools)
    again = load_data("synthetic", folder=tmp_path, **SMALL)
    np.testing.assert_array_equal(again.X, pools[0].X)


def test_files_that_were_not_finished_are_written_again(tmp_path, monkeypatch):
    pool_chunk = SyntheticRows._pool_chunk

    def killed_at_the_second(rows, number):
        if number == 1:
            raise KeyboardInterrupt
        return pool_chunk(rows, number)

    options = SMALL | {"n_pool": N_ROWS}
    monkeypatch.setattr(SyntheticRows, "_pool_chunk", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        load_data("synthetic", folder=tmp_path, **options)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(SyntheticRows, "_pool_chunk", pool_chunk)
    data = load_data("synthetic", folder=tmp_path, **options)
    np.testing.assert_array_equal(data.y, load_data("synthetic", **options).y)


def test_a_folder_needs_a_seed(tmp_path):
    with pytest.raises(ValueError, match="folder needs random_state as an int.*None"):
        load_data("synthetic", folder=tmp_path, random_state=None, **SMALL)


# ---- properties of pools -------------------------------------------------------


def test_redundant_rows_are_near_copies_of_few():
    exact = rows_of(n_copies=10, n_features=8, n_pool=4000, jitter=0, label_noise=0)
    X, y = joined(exact.pool())
    _, original, counts = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    assert len(counts) <= 400
    assert np.sort(counts)[::-1][:40].sum() > 2000  # half are copies of a tenth
    # Copies have the label of their original.
    pairs = np.unique(np.column_stack([original.ravel(), y]), axis=0)
    assert len(pairs) == len(counts)
    near, plain = (
        joined(rows_of(n_copies=n, n_features=8, n_pool=4000).pool())[0]
        for n in (10, 1)
    )
    distance, nearest = cKDTree(near).query(near, k=2)
    assert (original.ravel()[nearest[:, 1]] == original.ravel()).mean() > 0.9
    spread = np.median(cKDTree(plain).query(plain, k=2)[0][:, 1])
    assert np.median(distance[:, 1]) < spread / 3


def test_share_of_wrong_labels_in_the_pool():
    right, noisy = (rows_of(label_noise=share) for share in (0, 0.25))
    (X, y), (X_noisy, y_noisy) = (joined(rows.pool()) for rows in (right, noisy))
    np.testing.assert_array_equal(X, X_noisy)
    assert (y != y_noisy).mean() == pytest.approx(0.25, abs=0.02)
    assert set(np.unique(y_noisy)) == {0, 1, 2}
    for kept, same in zip(joined(right.test()), joined(noisy.test()), strict=True):
        np.testing.assert_array_equal(kept, same)


def test_long_tails_follow_a_power_law_and_tests_are_balanced():
    rows = rows_of(n_classes=5, class_power=1.5, label_noise=0)
    counts = np.bincount(joined(rows.pool())[1], minlength=5)
    shares = np.arange(1, 6) ** -1.5
    np.testing.assert_allclose(counts / N_ROWS, shares / shares.sum(), atol=0.015)
    counts = np.bincount(joined(rows.test())[1])
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("kind", ["redundant", "long_tail", "plain"])
def test_more_labels_increase_accuracy(kind):
    data = load_data("synthetic", kind=kind, n_pool=3000, n_test=1000)
    scores = [
        SVC(C=3, gamma=0.1).fit(data.X[:n], data.y[:n]).score(data.X_test, data.y_test)
        for n in (150, 700, 3000)
    ]
    assert scores[0] > 0.2
    assert np.diff(scores).min() > 0.05
    assert scores[2] < 0.85
    linear = RidgeClassifier().fit(data.X, data.y)
    assert linear.score(data.X_test, data.y_test) < scores[2] - 0.1
