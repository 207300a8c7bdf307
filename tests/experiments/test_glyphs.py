"""Images of characters, and the network trained on them."""

import subprocess
import sys

import numpy as np
import pytest
from _glyph_pretraining import pretrained_glyph_network
from _glyph_shapes import FONTS
from _glyphs import ALPHABETS, make_glyphs


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


def test_the_rarest_class_is_there():
    _, y = make_glyphs(46, version="long_tail", class_power=5, random_state=0)
    assert len(set(y)) == 46


@pytest.mark.parametrize("font", FONTS)
def test_classes_are_told_apart(font):
    # By the nearest image alone: far from the best that can be done, and from 0.1.
    X, y = make_glyphs(600, alphabet="digits", fonts=font, noise=0.0, random_state=0)
    X = X - X.mean(axis=(2, 3), keepdims=True)
    flat = X.reshape(len(X), -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    near = np.abs(flat[:500] @ flat[500:].T).argmax(axis=0)
    assert (y[:500][near] == y[500:]).mean() > 0.4


def test_alphabets_and_characters_mix():
    _, y = make_glyphs(200, alphabet=("digits", "A", "1", "∞"), random_state=0)
    assert set(y) == {*"0123456789A∞"}


def test_computer_modern_is_left_out_where_it_has_something_else():
    _, y = make_glyphs(
        50, alphabet="symbols", fonts=("computer modern", "sans"), random_state=0
    )
    assert len(y) == 50
    with pytest.raises(ValueError, match="has the character '∂'. Leave it out, or"):
        make_glyphs(50, alphabet="symbols", fonts="computer modern")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alphabet": "greeks"}, "alphabet='greeks' is none of .*mean 'greek'"),
        ({"alphabet": ()}, "empty alphabet"),
        ({"version": "shift"}, "version='shift' is none of .*mean 'shifted'"),
        ({"fonts": ["sanz"]}, "fonts='sanz' is none of .*mean 'sans'"),
        ({"n_samples": 0}, "n_samples must be at least 1; got 0"),
        ({"size": 4}, "size must be at least 8; got 4"),
        ({"noise": -1}, "noise must be at least 0; got -1"),
        ({"class_power": np.nan}, "class_power must be at least 0; got nan"),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_glyphs(**{"n_samples": 10, **arguments})


def test_without_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from modal_clustermargin.datasets import make_glyphs\n"
        "assert not {'torch', 'skorch'} & set(sys.modules)\n"
        "try: make_glyphs(10)\n"
        "except ImportError as error: print(error)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert 'not installed: pip install "modal-clustermargin[compare]"' in printed


# ---- the network -------------------------------------------------------------

SHORT = {"n_samples": 100, "alphabet": "digits", "width": 4, "max_epochs": 1}


def test_a_network_is_trained_once(tmp_path):
    path = pretrained_glyph_network(tmp_path / "new" / "net.pt", **SHORT)
    written = path.read_bytes(), path.stat().st_mtime_ns
    assert pretrained_glyph_network(path, **SHORT) == path
    assert (path.read_bytes(), path.stat().st_mtime_ns) == written
    pretrained_glyph_network(path, **SHORT, random_state=1)
    assert path.read_bytes() != written[0]
    assert [file.name for file in path.parent.iterdir()] == ["net.pt"]


def test_another_file_is_not_written_over(tmp_path):
    path = tmp_path / "thesis.pt"
    path.write_text("years of work")
    with pytest.raises(ValueError, match="Move it away"):
        pretrained_glyph_network(path, **SHORT)
    assert path.read_text() == "years of work"


def test_a_network_is_known_by_an_int(tmp_path):
    with pytest.raises(ValueError, match="random_state must be an int; got None"):
        pretrained_glyph_network(tmp_path / "net.pt", random_state=None)
