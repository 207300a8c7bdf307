"""Comparisons that are run, killed, run again, and refused."""

import itertools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from modal_clustermargin.comparison import (
    ComparisonResults,
    _compare,
    _peak_memory,
    _runs,
    compare,
)
from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._result_table import ResultTable
from modal_clustermargin.comparison._results import COLUMNS

SHORT = {
    "data": "digits",
    "model": {"name": "logistic", "max_iter": 20, "C": 0.1},
    "strategies": ["cluster-margin", "badge", "coreset"],
    "batch": 30,
    "rounds": 2,
    "n_initial": 30,
    "seeds": [3, 5],
}
LASTING = ("strategy", "seed", "round", "n_labels", "accuracy", "n_clusters")

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:RuntimeWarning",
)


def lasting(rows):
    """What of rows is the same whenever they are computed."""
    return [tuple(row[name] for name in LASTING) for row in rows]


def picks(folder):
    return {
        path.name: np.load(path)["indices"].tolist()
        for path in sorted((folder / "picks").iterdir())
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Rows and picks of a comparison that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *a, **k: None)
        rows = compare(SHORT, folder)
    return lasting(rows), picks(folder)


def test_every_strategy_begins_with_the_same_model_and_has_the_same_budget(whole):
    rows, chosen = whole
    strategies = ["cluster-margin", "badge", "coreset", "random", "margin"]
    assert [row[:3] for row in rows] == [
        (s, seed, r) for s in strategies for seed in "35" for r in "012"
    ]
    assert {row[3] for row in rows if row[2] == "2"} == {"90"}
    assert len(chosen) == 20
    assert all(len(set(each)) == 30 for each in chosen.values())


def test_margin_picks_what_a_loop_by_hand_picks(whole):
    from sklearn.linear_model import LogisticRegression

    from modal_clustermargin import MarginSampling
    from modal_clustermargin.datasets import load_data

    data = load_data("digits", random_state=3)
    start = np.random.RandomState(3).permutation(len(data.y))[:30]
    X = data.X.reshape(len(data.X), -1)
    model = LogisticRegression(max_iter=20, C=0.1, random_state=3)
    model.fit(X[start], data.y[start])
    rest = np.setdiff1d(np.arange(len(X)), start)
    by_hand = rest[MarginSampling()(model, X[rest], 30)]
    assert whole[1]["margin-3-1.npz"] == by_hand.tolist()


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("n_steps", [1, 2, 3, 5, 9])
def test_a_comparison_goes_on_from_any_point(whole, tmp_path, monkeypatch, n_steps):
    """Killed again and again, after so many writes each time."""
    settings = {**SHORT, "strategies": ["cluster-margin", "badge"]}
    write, append = _runs.written_whole, ResultTable.append
    budget = itertools.count()

    def counted(function, kills_after):
        def counting(*arguments):
            if not kills_after and next(budget) >= n_steps:
                raise Killed
            done = function(*arguments)
            if kills_after and next(budget) >= n_steps:
                raise Killed
            return done

        return counting

    for attempt in range(60):
        budget = itertools.count()
        monkeypatch.setattr(_runs, "written_whole", counted(write, attempt % 2))
        monkeypatch.setattr(ResultTable, "append", counted(append, attempt % 2))
        try:
            rows = compare(settings, tmp_path, verbose=False)
            break
        except Killed:
            continue
    kept = ("cluster-margin", "badge", "random", "margin")
    assert lasting(rows) == [row for row in whole[0] if row[0] in kept]
    assert picks(tmp_path) == {
        name: each for name, each in whole[1].items() if not name.startswith("coreset")
    }
    assert not list((tmp_path / "states").iterdir())


def test_what_is_done_is_not_done_again(whole, tmp_path, monkeypatch):
    few = {**SHORT, "strategies": ["badge"], "seeds": [3]}
    rows = compare(few, tmp_path, verbose=False)
    monkeypatch.setattr(_runs, "make_model", None)
    assert compare(few, tmp_path, verbose=False) == rows
    monkeypatch.undo()
    more = compare({**few, "strategies": ["coreset"]}, tmp_path, verbose=False)
    assert [row for row in more if row["strategy"] != "coreset"] == rows
    assert {row["strategy"] for row in more} == {"badge", "coreset", "random", "margin"}


def test_processes_come_to_the_same(whole, tmp_path):
    rows = compare(SHORT, tmp_path, n_jobs=2, verbose=False)
    assert lasting(rows) == whole[0]
    assert picks(tmp_path) == whole[1]


def test_killed_processes(whole, tmp_path):
    """SIGKILL, and again: what is there in the end is the same."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SHORT))
    code = (
        "import json, sys, warnings; warnings.simplefilter('ignore');"
        "from modal_clustermargin.comparison import compare;"
        f"compare(json.load(open({str(settings)!r})), {str(tmp_path / 'out')!r})"
    )
    for n_lines in (1, 7, 12):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE
        ) as process:
            for _ in range(n_lines):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
    rows = compare(SHORT, tmp_path / "out", verbose=False)
    assert lasting(rows) == whole[0]


def test_a_line_for_each_round(tmp_path, capsys):
    compare({**SHORT, "strategies": [], "seeds": [3]}, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("random, seed 3: 30 labels, 0.")


def test_asvp_changes_how_its_network_is_trained(tmp_path, monkeypatch):
    settings = {
        "data": "digits",
        "model": {"name": "cnn", "max_epochs": 2, "linear_probe": True},
        "strategies": ["asvp:indicator=at-labels,at=60"],
        "without": ["margin"],
        "batch": 30,
        "rounds": 3,
        "n_initial": 30,
        "seeds": 1,
        "device": "cpu",
    }
    tested, score = [], _runs.Run._score

    def spied(run, model):
        tested.append((run.label, hasattr(model, "linear_probe_")))
        return score(run, model)

    monkeypatch.setattr(_runs.Run, "_score", spied)
    rows = compare(settings, tmp_path, verbose=False)
    assert [row["fits_needed"] for row in rows] == ["0"] * 8
    with_probe = [probed for label, probed in tested if label != "random"]
    assert with_probe == [True, True, False, False]  # it switched at 60 labels
    assert all(probed for label, probed in tested if label == "random")


def test_labels_in_columns(tmp_path):
    np.save(tmp_path / "X.npy", np.random.RandomState(0).normal(size=(300, 6)))
    y = np.load(tmp_path / "X.npy")[:, :3] > 0
    np.save(tmp_path / "y.npy", y.astype(int))
    settings = {
        "data": {
            "name": "arrays",
            "X": str(tmp_path / "X.npy"),
            "y": str(tmp_path / "y.npy"),
        },
        "batch": "10%",
        "rounds": 1,
        "seeds": 1,
        "strategies": ["cluster-margin"],
        "device": "cpu",
    }
    rows = compare(settings, tmp_path / "out", verbose=False)
    said = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert said["score"] == "average precision"
    assert said["model"] == {"name": "linear"}
    assert said["batch"] == 24
    assert all(0.4 < float(row["accuracy"]) <= 1 for row in rows)
    settings["model"] = {"name": "linear", "lr": 1e30}
    with pytest.raises(ValueError, match="'cluster-margin', seed 0: .* has diverged"):
        compare(settings, tmp_path / "diverged", verbose=False)


def test_training_that_diverged_is_no_result(tmp_path):
    model = {"name": "cnn", "lr": 1e30, "max_epochs": 5}
    with pytest.raises(ValueError, match="'cluster-margin', seed 3: .* has diverged"):
        compare({**SHORT, "model": model}, tmp_path, verbose=False)
    assert not any((tmp_path / "seeds").iterdir())


def test_strategies_and_models_of_the_user(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine_for_compare.py").write_text(
        "import numpy as np\n"
        "from sklearn.naive_bayes import GaussianNB\n"
        "class Steps:\n"
        "    clustering_ = history_ = last_query_ = None\n"
        "    def __init__(self, step=1):\n"
        "        self.step = step\n"
        "    def __call__(self, classifier, X_pool, n_instances):\n"
        "        return self.step * np.arange(n_instances), None\n"
        "class Needs:\n"
        "    def __init__(self, what):\n"
        "        pass\n"
        "made = Steps(3)\n"
        "from modal_clustermargin import BADGE\n"
        "class Mine(BADGE):\n"
        "    def __init__(self, random_state=None):\n"
        "        super().__init__(random_state=random_state)\n"
        "first = lambda classifier, X_pool, n_instances: np.arange(n_instances)\n"
        "def twice(classifier, X_pool, n_instances):\n"
        "    return np.zeros(n_instances, int)\n"
        "def before(classifier, X_pool, n_instances):\n"
        "    return np.arange(n_instances) - 1\n"
        "def halves(classifier, X_pool, n_instances):\n"
        "    return np.arange(n_instances) / 2\n"
    )
    mine = {
        **SHORT,
        "model": "sklearn.ensemble:RandomForestClassifier",
        "strategies": [
            "mine_for_compare:first",
            "mine_for_compare:Steps:step=2",
            "mine_for_compare:made",
            "mine_for_compare:Mine",
            "modal_clustermargin:ClusterMargin",
        ],
        "seeds": [3],
        "rounds": 1,
    }
    compare(mine, tmp_path / "out", verbose=False)
    chosen = picks(tmp_path / "out")
    start = np.random.RandomState(3).permutation(1297)[:30]
    rest = np.setdiff1d(np.arange(1297), start)
    assert chosen["mine_for_compare%3Afirst-3-1.npz"] == rest[:30].tolist()
    name = "mine_for_compare%3ASteps%3Astep%3D2-3-1.npz"
    assert chosen[name] == rest[:60:2].tolist()
    assert chosen["mine_for_compare%3Amade-3-1.npz"] == rest[:90:3].tolist()
    for name, words in {
        "twice": r"With strategy .*twice.* chose 30, 1 of them different\..*finds out",
        "before": r"choose rows 0 to 1266, and chose -1 to 28",
        "halves": r"an array of integers; got 30 values of type float64",
        "Needs": r"cannot make the strategy Needs without a value for 'what'",
        "made:step=2": r"got options for the strategy Steps, which is made already",
    }.items():
        bad = {**mine, "strategies": [f"mine_for_compare:{name}"]}
        with pytest.raises(ValueError, match=words):
            compare(bad, tmp_path / name, verbose=False)


REFUSED = {
    "strategy": (
        {"strategies": ["cluster-marign"]},
        "knows no strategy 'cluster-marign'; there is cluster-margin, .*Did you mean"
        " 'cluster-margin'",
    ),
    "data set": ({"data": "digit"}, "'digit'.*digits"),
    "option": (
        {"strategies": ["badge:frist=drawn"]},
        "for badge, knows no option 'frist'.*Did you mean 'first'",
    ),
    "value": (
        {"strategies": ["cluster-margin:candidate_factor=0.5"]},
        r"for cluster-margin: The 'candidate_factor' parameter .* Got 0\.5",
    ),
    "model": ({"model": "logistics"}, "knows no model 'logistics'.*'logistic'"),
    "model option": (
        {"model": {"name": "cnn", "epochs": 3}},
        "for cnn, knows no option 'epochs'.*max_epochs",
    ),
    "classic option": (
        {"model": {"name": "logistic", "Z": 3}},
        "got 'Z' for the model LogisticRegression, which takes penalty",
    ),
    "batch": (
        {"batch": 800},
        "to label 1630 rows, 30 and 2 batches of 800, and the pool of digits has 1297",
    ),
    "label": (
        {"strategies": {"margin": {"strategy": "badge"}}},
        "adds margin sampling, and the label 'margin' is taken by 'badge'",
    ),
    "device": ({"model": "cnn", "device": "cudda"}, "cannot use device='cudda'"),
    "asvp": (
        {"strategies": ["asvp"]},
        "needs a network for the strategy 'asvp'; the model is 'logistic'",
    ),
    "no probabilities": ({"model": "sklearn.svm:SVC"}, "has no predict_proba"),
    "path": ({"strategies": ["nowhere_at_all:Thing"]}, "cannot import the strategy"),
    "indicator": (
        {"model": "cnn", "strategies": ["asvp:indicator=at-labels"]},
        "needs a number at= for the indicator 'at-labels'",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
def test_refused_before_anything_is_trained(which, tmp_path, monkeypatch):
    other, words = REFUSED[which]
    monkeypatch.setattr(_compare, "_run_all", None)
    with pytest.raises(ValueError, match=words):
        compare({**SHORT, **other}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_settings_is_refused(tmp_path):
    few = {**SHORT, "strategies": ["badge:first=drawn"], "seeds": [3], "rounds": 1}
    compare(few, tmp_path, verbose=False)
    before = (tmp_path / "results.csv").read_bytes()
    with pytest.raises(
        ValueError, match=r"batch was 30 and is 20; rounds was 1 and is 2"
    ):
        compare({**few, "batch": 20, "rounds": 2}, tmp_path)
    label = "badge:first=drawn"
    changed = {label: {"strategy": "badge", "first": "longest"}}
    with pytest.raises(ValueError, match=r"'badge:first=drawn' was .*'drawn'.* and is"):
        compare({**few, "strategies": changed}, tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == before


def test_a_full_disk_loses_nothing_that_was_written(tmp_path, monkeypatch, whole):
    append, n_left = ResultTable.append, iter(range(4))

    def full(self, row):
        if next(n_left, None) is None:
            raise OSError(28, "No space left on device")
        append(self, row)

    monkeypatch.setattr(ResultTable, "append", full)
    with pytest.raises(OSError, match="No space left"):
        compare(SHORT, tmp_path, verbose=False)
    monkeypatch.undo()
    table = ResultTable(tmp_path / "seeds" / "3.csv", COLUMNS)
    assert len(table.rows()) == 4
    assert lasting(compare(SHORT, tmp_path, verbose=False)) == whole[0]


def test_a_second_process_is_refused(tmp_path):
    few = {**SHORT, "strategies": ["badge"], "seeds": [3], "rounds": 1}
    compare(few, tmp_path, verbose=False)
    with (
        ComparisonFolder(tmp_path).lock("seed 3"),
        pytest.raises(
            ValueError, match=r"at work on seed 3 in .* Wait for it, or choose"
        ),
    ):
        compare({**few, "strategies": ["coreset"]}, tmp_path, verbose=False)


def test_what_is_added_runs_with_all(tmp_path):
    few = {**SHORT, "strategies": ["badge"], "rounds": 1, "without": ["margin"]}
    compare({**few, "seeds": [3]}, tmp_path, verbose=False)
    rows = compare(
        {**few, "strategies": ["coreset"], "seeds": [5]}, tmp_path, verbose=False
    )
    runs = {(row["strategy"], row["seed"]) for row in rows}
    assert runs == {(s, n) for s in ("badge", "coreset", "random") for n in "35"}


def test_a_first_try_that_failed_is_no_result(tmp_path):
    bad = {**SHORT, "model": {"name": "logistic", "C": -1.0}, "seeds": [3], "rounds": 1}
    with pytest.raises(ValueError, match="'C' parameter"):
        compare(bad, tmp_path, verbose=False)
    good = {**bad, "model": {"name": "logistic", "C": 0.1, "max_iter": 20}}
    rows = compare(good, tmp_path, verbose=False)
    again = compare({**good, "name": "another title"}, tmp_path, verbose=False)
    assert again == rows
    assert ComparisonFolder(tmp_path).settings()["name"] == "another title"


def test_reading_leaves_a_row_that_is_being_written_alone(tmp_path):
    compare({**SHORT, "strategies": [], "seeds": [3]}, tmp_path, verbose=False)
    path = tmp_path / "seeds" / "3.csv"
    before = path.read_bytes() + b"random,3,"
    path.write_bytes(before)
    folder = ComparisonFolder(tmp_path)
    assert len(folder.rows()) == 6
    folder.gather()
    assert path.read_bytes() == before


def test_memory_is_that_of_the_strategy(tmp_path):
    if not _peak_memory._FORGET.exists():
        pytest.skip("only Linux forgets a peak")
    (tmp_path / "hungry.py").write_text(
        "import numpy as np\n"
        "def hungry(classifier, X_pool, n_instances):\n"
        "    np.ones(40_000_000)\n"
        "    return np.arange(n_instances)\n"
    )
    flags = ("--model", "naive-bayes", "--rounds", "2", "--seeds", "1", "--no-report")
    # In a process of its own: this one's memory is what other tests left of it.
    subprocess.run(
        [
            *(sys.executable, "-m", "modal_clustermargin", "compare", *flags),
            *("--strategies", "hungry:hungry", "--output", "out"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    results = ComparisonResults(ComparisonFolder(tmp_path / "out").rows())
    hungry, random, _ = map(results.peak_memory, results.strategies)
    assert hungry > random + 250


def test_a_seed_that_is_done_needs_no_data(tmp_path, monkeypatch):
    few = {**SHORT, "strategies": [], "rounds": 1}
    rows = compare(few, tmp_path, verbose=False)
    load, loaded = _compare.load_data, []

    def counted(**settings):
        loaded.append(settings["random_state"])
        return load(**settings)

    monkeypatch.setattr(_compare, "load_data", counted)
    assert compare(few, tmp_path, verbose=False) == rows
    assert loaded == [3]  # to check the settings by
