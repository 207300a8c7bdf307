"""Both scores read features in blocks, and check features and labels."""

import numpy as np
import pytest

from modal_clustermargin.transferability import log_me, ped


def test_features_are_read_in_blocks_to_the_same_score(monkeypatch):
    from modal_clustermargin.transferability import _targets

    rng = np.random.RandomState(3)
    features, labels = rng.normal(size=(300, 7)), rng.randint(3, size=300)
    expected, moved = log_me(features, labels), ped(features, labels)
    monkeypatch.setattr(_targets, "_BLOCK_NUMBERS", 7 * 31)
    assert log_me(features, labels) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(ped(features, labels), moved, rtol=1e-12)


def test_narrow_numbers_are_summed_in_float64():
    rng = np.random.RandomState(4)
    features = (1000 + rng.normal(size=(500, 6))).astype(np.float16)
    labels = rng.randint(3, size=500)
    assert log_me(features, labels) == log_me(features.astype(np.float64), labels)
    np.testing.assert_array_equal(
        ped(features, labels), ped(features.astype(np.float64), labels)
    )


@pytest.mark.parametrize("function", [log_me, ped])
class TestMessages:
    def test_one_class(self, function):
        with pytest.raises(ValueError, match="two classes or more; all 3 are oak"):
            function(np.ones((3, 2)), ["oak"] * 3)

    def test_lengths(self, function):
        with pytest.raises(ValueError, match=r"labels of shape \(2,\) for 3 rows"):
            function(np.ones((3, 2)), [0, 1])

    def test_nan(self, function):
        features = np.ones((3, 2))
        features[1, 1] = np.nan
        with pytest.raises(ValueError, match=f"{function.__name__}.*row 1 has NaN"):
            function(features, [0, 1, 1])
        with pytest.raises(ValueError, match="labels that contain NaN"):
            function(np.ones((3, 2)), [0, 1, np.nan])

    @pytest.mark.parametrize("features", [[1, 2, 3], [["a"]] * 3, np.ones((3, 0))])
    def test_no_matrix_of_numbers(self, function, features):
        with pytest.raises(ValueError, match=r"numbers of shape \(n_samples, n_feat"):
            function(features, [0, 1, 1])

    def test_columns_of_words(self, function):
        with pytest.raises(
            ValueError, match="needs numbers in columns of labels; got <U1"
        ):
            function(np.ones((2, 2)), [["a", "b"], ["b", "a"]])
