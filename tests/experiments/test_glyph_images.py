"""Images of characters, and the network that is trained on them."""

import numpy as np
import pytest
from glyph_experiment import glyph_experiment, pretrain
from glyph_images import ALPHABETS, make_glyphs
from glyph_shapes import FONTS


@pytest.mark.parametrize("version", ["easy", "shifted", "long_tail"])
def test_images_and_labels(version):
    X, y = make_glyphs(130, alphabet="greek", version=version, random_state=0)
    assert X.shape == (130, 1, 24, 24)
    assert X.dtype == np.float32
    assert X.min() >= 0
    assert X.max() <= 1
    assert X.std(axis=(1, 2, 3)).min() > 0
    assert y.dtype == "<U1"
    assert set(y) == set(ALPHABETS["greek"])


def test_same_seed_same_images():
    first, again, other = (
        make_glyphs(100, version="shifted", random_state=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    make_glyphs(20, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("n_samples", [1, 46, 63, 64, 65])
@pytest.mark.parametrize("size", [8, 31])
def test_any_number_and_size(n_samples, size):
    X, y = make_glyphs(n_samples, size=size, random_state=0)
    assert X.shape == (n_samples, 1, size, size)
    assert len(y) == n_samples


def test_classes_are_balanced_or_follow_a_power_law():
    _, y = make_glyphs(1005, alphabet="digits", random_state=0)
    assert set(np.unique(y, return_counts=True)[1]) <= {100, 101}
    _, y = make_glyphs(1000, alphabet="digits", version="long_tail", random_state=0)
    counts = np.sort(np.unique(y, return_counts=True)[1])[::-1]
    expected = 1 + 990 / np.arange(1, 11) / (1 / np.arange(1, 11)).sum()
    np.testing.assert_allclose(counts, expected, atol=1)
    _, y = make_glyphs(
        1000, alphabet="digits", version="long_tail", class_power=0, random_state=0
    )
    assert set(np.unique(y, return_counts=True)[1]) == {100}


def test_rarest_class_has_an_image():
    _, y = make_glyphs(46, version="long_tail", class_power=5, random_state=0)
    assert len(set(y)) == 46


@pytest.mark.parametrize("font", FONTS)
def test_classes_differ(font):
    # The nearest image alone is far from the best classifier, and from chance, 0.1.
    X, y = make_glyphs(600, alphabet="digits", fonts=font, noise=0.0, random_state=0)
    X = X - X.mean(axis=(2, 3), keepdims=True)
    flat = X.reshape(len(X), -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    near = np.abs(flat[:500] @ flat[500:].T).argmax(axis=0)
    assert (y[:500][near] == y[500:]).mean() > 0.4


def test_alphabets_and_characters_mix():
    _, y = make_glyphs(200, alphabet=("digits", "A", "1", "∞"), random_state=0)
    assert set(y) == {*"0123456789A∞"}


def test_computer_modern_is_left_out_of_symbols():
    _, y = make_glyphs(
        50, alphabet="symbols", fonts=("computer modern", "sans"), random_state=0
    )
    assert len(y) == 50
    with pytest.raises(ValueError, match="has the character '∂'. Remove it, or"):
        make_glyphs(50, alphabet="symbols", fonts="computer modern")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alphabet": "greeks"}, "alphabet as one of 'capitals', .*; got 'greeks'"),
        ({"version": "shift"}, "version as one of 'easy', .*; got 'shift'"),
        ({"fonts": ["sanz"]}, "fonts as one of 'sans', .*; got 'sanz'"),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_glyphs(10, **arguments)


# ---- the network -------------------------------------------------------------

SHORT = {"n_samples": 60, "max_epochs": 1}


def test_network_is_trained_once(tmp_path):
    path = pretrain(tmp_path / "new" / "net.pt", **SHORT)
    written = path.read_bytes(), path.stat().st_mtime_ns
    assert pretrain(path, **SHORT) == path
    assert (path.read_bytes(), path.stat().st_mtime_ns) == written
    pretrain(path, **SHORT, random_state=1)
    assert path.read_bytes() != written[0]
    assert [file.name for file in path.parent.iterdir()] == ["net.pt"]


def test_other_files_are_not_overwritten(tmp_path):
    path = tmp_path / "thesis.pt"
    path.write_text("years of work")
    with pytest.raises(ValueError, match="Move the file away"):
        pretrain(path, **SHORT)
    assert path.read_text() == "years of work"


def test_seed_draws_the_experiment(tmp_path):
    first, other = (
        glyph_experiment("shifted", None, n_pool=60, n_test=46, random_state=seed)
        for seed in (0, 1)
    )
    assert not np.array_equal(first.X, other.X)
    assert set(np.unique(first.y_test, return_counts=True)[1]) == {1}
    assert set(first.y) <= set(first.proxy.classes)
    assert first.evaluate_at == (400, 800, 1600, 2400, 3200)
