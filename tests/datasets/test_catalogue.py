"""Data sets by name, their options and descriptions."""

import subprocess
import sys

import numpy as np
import pytest

from modal_clustermargin.datasets import data_sets, describe_data_sets, load_data

SMALL = {
    "digits": {},
    "synthetic": {"n_pool": 300, "n_test": 40},
}


@pytest.mark.parametrize("name", SMALL)
class TestDrawnData:
    def test_parts_fit_together(self, name):
        data = load_data(name, **SMALL[name])
        assert data.name == name
        assert data.X.shape[1:] == data.X_test.shape[1:]
        assert data.X.dtype == data.X_test.dtype == np.float32
        assert (len(data.X), len(data.X_test)) == (len(data.y), len(data.y_test))
        assert set(data.y) | set(data.y_test) <= set(data.classes)
        np.testing.assert_array_equal(data.classes, np.unique(data.classes))

    def test_same_seed_same_data(self, name):
        first, again, other = (
            load_data(name, random_state=seed, **SMALL[name]) for seed in (3, 3, 4)
        )
        for part in ("X", "y", "X_test", "y_test"):
            np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
        assert not np.array_equal(first.X, other.X)
        assert not np.array_equal(first.X_test, other.X_test)

    def test_random_state_instance(self, name):
        rng = np.random.RandomState(0)
        first, then = (load_data(name, random_state=rng, **SMALL[name]) for _ in "ab")
        assert not np.array_equal(first.X, then.X)
        again = load_data(name, random_state=np.random.RandomState(0), **SMALL[name])
        np.testing.assert_array_equal(first.X, again.X)

    def test_no_row_is_in_both_parts(self, name):
        data = load_data(name, **SMALL[name])
        pool, test = ({row.tobytes() for row in rows} for rows in (data.X, data.X_test))
        # Of all digits, two pairs are alike.
        assert len(pool & test) <= (2 if name == "digits" else 0)


def test_digits():
    data = load_data("digits")
    assert data.X.shape == (1297, 1, 8, 8)
    assert len(data.X_test) == 500
    assert (data.X.min(), data.X.max()) == (0, 1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("digit", {}, "no data set 'digit'; choose one of digits, .*mean 'digits'?"),
        ("synthetic", {"n_pol": 5}, "no option 'n_pol'; choose one .*mean 'n_pool'?"),
        (
            "digits",
            {"n_pool": 5},
            "'digits'\\) has no option 'n_pool'; there are.",
        ),
        ("synthetic", {"n_pool": 0}, "'n_pool' parameter of load_data\\('synthetic'"),
        ("synthetic", {"n_pool": "9"}, "'n_pool' .* an int in .* Got '9' instead"),
        ("synthetic", {"kind": "hard"}, "'kind' .* must be a str among .*'plain'"),
        ("synthetic", {"label_noise": 1.0}, "'label_noise' .* Got 1.0 instead"),
        ("synthetic", {"n_classes": 1}, "'n_classes' .* Got 1 instead"),
        ("cifar10", {"download": "yes"}, "'download' .* 'bool'.* Got 'yes' instead"),
        ("image-folder", {"test_size": 1.5}, "'test_size' .* Got 1.5 instead"),
    ],
)
def test_messages(name, options, message):
    with pytest.raises(ValueError, match=message):
        load_data(name, **options)


@pytest.mark.parametrize(
    "name", ["cifar10", "svhn", "open-images", "image-folder", "labelled-images"]
)
def test_missing_folder_message_says_what_it_needs(name):
    wanted = {card.name: card.needs for card in data_sets()}[name]
    with pytest.raises(ValueError, match=f"{name}.* needs folder=.*{wanted[:20]}"):
        load_data(name)


def test_descriptions_and_defaults():
    text = describe_data_sets()
    assert max(map(len, text.splitlines())) <= 80
    for card in data_sets():
        defaults = {name: option.default for name, option in card.options.items()}
        assert card.settings({}) == defaults
        described = text[text.index(f"{card.name}\n") :].split("\n\n")[0]
        words = " ".join(described.split())
        for said in (card.what, card.size, card.licence, card.needs):
            assert said in words
        for name, option in card.options.items():
            assert f"{name}=" in words
            assert option.meaning in words
    # Defaults read as in TOML.
    for shown in (
        "n_pool=100000 ",
        'kind="redundant" ',
        "download=false ",
        "n_copies=...",
    ):
        assert shown in text


def test_heavy_packages_are_not_imported():
    code = (
        "import sys; from modal_clustermargin.datasets import load_data as load\n"
        "load('digits'); load('synthetic', n_pool=10, n_test=10)\n"
        "print({'torch', 'torchvision', 'numba', 'matplotlib'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "set()"
