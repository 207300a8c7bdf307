"""The studies on real pools run on tiny made-up files."""

import gzip
import sys

import cold_start
import fashion_pools
import numpy as np
import prepare
import pytest
import study
from first_batches import FIRST_BATCHES, typicality
from former_auto import FormerAuto, intraclass_correlation, number_of_candidates
from plans import data_of, strategy_of
from pool_files import Pool, read_pool, split, write_pool
from pool_strategies import OfWholePool, left_rows
from sklearn.linear_model import LogisticRegression
from text_pools import described_packages

from modal_clustermargin.clustering import AverageLinkage


@pytest.fixture
def pools(tmp_path):
    """A folder with a small pool of the name "letters"."""
    rng = np.random.RandomState(0)
    y = np.arange(240) % 3
    X = np.float32(2 * np.eye(4)[y] + rng.normal(size=(240, 4)))
    folder = tmp_path / "pools"
    folder.mkdir()
    write_pool(folder, "letters", split(X, y, 60))
    return folder


@pytest.fixture
def run(monkeypatch, pools, tmp_path):
    """Run the main function of a script on the small pool."""

    def run(script, *arguments):
        options = ["--pools", "letters", "--data", pools, "--output", tmp_path / "runs"]
        arguments = [script.__name__, *options, *arguments]
        monkeypatch.setattr(sys, "argv", list(map(str, arguments)))
        script.main()
        return (tmp_path / "runs" / "table.md").read_text()

    return run


def test_points_above_margin(run, tmp_path, capsys):
    flags = ("--batch", 10, "--rounds", 1)
    names = ("random", "cluster-margin", "former-auto")
    first = run(study, *flags, "--seeds", 1, "--strategies", *names)
    assert first in capsys.readouterr().out
    head, _, line = first.splitlines()[2:5]
    cells = [cell.strip() for cell in head.strip("|").split("|")]
    assert cells == ["pool, batch", "seeds", "margin, %", *names]
    assert line.startswith("| letters, 10 | 1 ")
    assert list((tmp_path / "runs" / "clusters").iterdir())
    more = run(study, *flags, "--seeds", 2, "--strategies", "random")
    assert "margin, seed 0" not in capsys.readouterr().out  # finished runs are kept
    assert more.count(" ± ") == 1 + len(names)  # one is in the caption
    run(study, *flags, "--seeds", 2, "--strategies", "random", "--again", "random")
    out = capsys.readouterr().out
    assert "random, seed 0: 20 labels" in out
    assert "cluster-margin, seed" not in out


def test_accuracy_after_a_first_batch(run, capsys):
    flags = ("--batches", 5, 9, "--seeds", 2)
    text = run(cold_start, *flags, "--methods", *FIRST_BATCHES, "cluster-margin")
    assert [row.split("|")[2].strip() for row in text.splitlines()[2:]] == [
        *FIRST_BATCHES,
        "cluster-margin",
    ]
    assert text.count(" ± ") == 8
    capsys.readouterr()
    assert run(cold_start, *flags, "--methods", "k-means", "--again", "k-means")
    out = capsys.readouterr().out
    assert out.count("k-means, seed") == 4
    assert "random, seed" not in out


@pytest.mark.parametrize("name", FIRST_BATCHES)
def test_first_batches_are_distinct_rows(name):
    X = np.repeat(np.random.RandomState(0).normal(size=(20, 2)), 3, axis=0)
    for n_picks in (1, 7, 40):
        picks = FIRST_BATCHES[name](X, n_picks, 0)
        assert len(set(picks.tolist())) == n_picks
        assert 0 <= picks.min() <= picks.max() < 60


def test_typicality_is_the_inverse_of_a_mean_distance():
    np.testing.assert_allclose(
        typicality(np.array([[0.0], [1], [3]])), [0.5, 2 / 3, 0.4]
    )


def test_former_rule():
    margins = np.repeat([0.1, 0.3, 0.9], 2)
    alike, alone = np.repeat(np.arange(3), 2), np.tile(np.arange(2), 3)
    assert intraclass_correlation(margins, alike) == 1
    assert intraclass_correlation(margins, alone) == 0
    assert number_of_candidates(np.tile(margins, 100), np.tile(alike, 100), 10) == 91
    assert number_of_candidates(np.tile(margins, 100), np.tile(alone, 100), 10) == 19
    assert number_of_candidates(margins, alike, 3) == 4  # two thirds of the pool


def test_former_auto_knows_the_rows_that_are_left(pools):
    X = read_pool(pools, "letters").X
    strategy = FormerAuto(AverageLinkage(), random_state=0).fit(X)
    unfitted = LogisticRegression()
    picks = strategy(unfitted, X[20:], 9)
    assert len(set(picks.tolist())) == 9
    with pytest.raises(ValueError, match="fitted on; got 1 others of 2"):
        strategy(unfitted, np.vstack([X[:1], X[:1] + 9]), 1)


def test_rows_that_left_the_pool():
    X = np.array([[1.0], [2], [2], [3], [1]])
    assert left_rows(X, X[[0, 2, 4]]).tolist() == [2, 3]  # equal rows: the last ones
    assert left_rows(X, X[[1, 2, 3]]).tolist() == [0, 4]
    assert left_rows(X, X).tolist() == []


def test_unknown_names(pools, tmp_path):
    data = data_of("letters", pools)
    with pytest.raises(ValueError, match="no strategy 'magrin'; it has margin, random"):
        strategy_of("magrin", data, tmp_path)
    with pytest.raises(ValueError, match="option=value in 'badge:x'; got 'x'"):
        strategy_of("badge:x", data, tmp_path)
    with pytest.raises(FileNotFoundError, match="Write it with prepare.py .* shuttle"):
        data_of("shuttle", pools)
    with pytest.raises(ValueError, match="needs Telepathy in modal_clustermargin"):
        OfWholePool("Telepathy", data, tmp_path)


def test_options_of_a_strategy(tmp_path):
    settings = strategy_of("cluster-margin:candidate_factor=3,x=y", {}, tmp_path)
    assert settings["kind"] == "ClusterMargin"
    assert settings["candidate_factor"] == 3
    assert settings["x"] == "y"


def test_idx_files(tmp_path):
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    header = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
    with gzip.open(tmp_path / "images.gz", "wb") as file:
        file.write(header + images.tobytes())
    np.testing.assert_array_equal(
        fashion_pools.read_idx(tmp_path / "images.gz"), images
    )
    with gzip.open(tmp_path / "other.gz", "wb") as file:
        file.write(b"something else")
    with pytest.raises(ValueError, match="not an IDX file"):
        fashion_pools.read_idx(tmp_path / "other.gz")


def test_pools_made_of_a_pool():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(600, 8)).astype(np.float32), np.arange(600) % 6
    pool = Pool(X, y, X[:50], y[:50])
    sizes = np.bincount(fashion_pools.long_tail(pool, ratio=0.5).y)
    assert sorted(sizes, reverse=True) == [100, 50, 25, 12, 6, 3]
    copies = fashion_pools.near_copies(pool, n_originals=10, n_rows=300)
    assert copies.X.shape == (300, 8)
    assert len(set(copies.X.round(0)[:, 0])) <= 10
    wrong = fashion_pools.wrong_labels(pool, share=0.25)
    assert np.count_nonzero(wrong.y != y) == 150
    assert len(fashion_pools.part(pool, 60).X) == 60
    rotated = fashion_pools.principal_components(pool, n_columns=3)
    assert rotated.X.shape == (600, 3)
    assert rotated.X_test.shape == (50, 3)
    np.testing.assert_allclose(rotated.X.std(), 1, rtol=1e-5)
    np.testing.assert_allclose(rotated.X_test, rotated.X[:50], atol=1e-4)


def test_packages_and_their_sections():
    lines = """\
Package: a
Description: one line
Tag: x,
 Section: no
Section: games

Package: b
Section: doc

Package: a
Description: older
Section: games""".splitlines()
    texts, sections = described_packages(lines)
    assert texts.tolist() == ["one line"]
    assert sections.tolist() == ["games"]
    with pytest.raises(ValueError, match="Run apt-get update first"):
        described_packages([])


def test_prepare(monkeypatch, tmp_path, capsys):
    options = ["prepare.py", str(tmp_path), "--debian-root", str(tmp_path), "--pools"]
    monkeypatch.setattr(
        sys, "argv", [*options, "digits", "normal-copies", "normal-long-tail"]
    )
    prepare.main()
    assert "normal-copies: 12,000 rows and 5,000 to test on" in capsys.readouterr().out
    sizes = np.bincount(read_pool(tmp_path, "normal-long-tail").y)
    assert sizes[0] > 20 * sizes[-1]
    for pool, package in (
        ("fashion", "dataset-fashion-mnist"),
        ("shuttle", "r-cran-mlbench"),
    ):
        monkeypatch.setattr(sys, "argv", [*options, pool])
        with pytest.raises(SystemExit):
            prepare.main()
        assert f"Install it with: apt-get install {package}" in capsys.readouterr().err
