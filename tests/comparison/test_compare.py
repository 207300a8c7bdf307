"""Comparisons that run, are killed, continue, and are refused."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from modal_clustermargin.comparison import (
    ComparisonFolder,
    ComparisonResults,
    ResultTable,
    _compare,
    _folder,
    _run,
    compare,
)
from tests.comparison.make_comparison import SHORT, lasting, picks_in


def rows_of(folder):
    return ComparisonFolder(folder).rows()


def test_strategies_share_the_start_and_have_equal_budgets(finished):
    rows = lasting(rows_of(finished))
    strategies = ["cluster-margin", "badge", "coreset", "random", "margin"]
    assert [row[:3] for row in rows] == [
        (s, seed, r) for s in strategies for seed in "35" for r in "012"
    ]
    assert {row[3] for row in rows if row[2] == "2"} == {"40"}
    starts = {row[1:2] + row[4:5] for row in rows if row[2] == "0"}
    assert len(starts) == 2  # one accuracy for each seed
    chosen = picks_in(finished)
    assert len(chosen) == 20
    assert all(len(set(each)) == 10 for each in chosen.values())
    assert (finished / "results.csv").read_text().count("\n") == 31


def test_margin_picks_like_a_loop_by_hand(finished):
    from sklearn.naive_bayes import GaussianNB

    from modal_clustermargin import MarginSampling
    from modal_clustermargin.datasets import load_data

    data = load_data(**SHORT["data"], random_state=3)
    start = np.random.RandomState(3).permutation(len(data.y))[:20]
    model = GaussianNB(var_smoothing=1e-3).fit(data.X[start], data.y[start])
    rest = np.setdiff1d(np.arange(len(data.X)), start)
    by_hand = rest[MarginSampling()(model, data.X[rest], 10)]
    assert picks_in(finished)["margin-3-1.npz"] == by_hand.tolist()


class Killed(BaseException):
    """Stands for a kill of the process."""


@pytest.mark.parametrize("n_writes", [1, 4])
def test_a_killed_comparison_continues(finished, tmp_path, monkeypatch, n_writes):
    """Every attempt is killed, before or after the n-th write."""
    write, append = _folder.written_whole, ResultTable.append

    @contextmanager
    def counted():
        number = next(writes)
        if number == n_writes and not kills_after:
            raise Killed
        yield
        if number == n_writes and kills_after:
            raise Killed

    @contextmanager
    def killed_write(path):
        with counted(), write(path) as file:
            yield file

    def killed_append(table, row):
        with counted():
            append(table, row)

    monkeypatch.setattr(_folder, "written_whole", killed_write)
    monkeypatch.setattr(ResultTable, "append", killed_append)
    for attempt in range(100):
        writes, kills_after = itertools.count(), attempt % 2
        try:
            rows = compare(SHORT, tmp_path, verbose=False)
            break
        except Killed:
            continue
    assert attempt > 10
    assert lasting(rows) == lasting(rows_of(finished))
    assert picks_in(tmp_path) == picks_in(finished)
    assert not list((tmp_path / "states").iterdir())


def test_sigkill(finished, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SHORT))
    code = (
        "import json;"
        "from modal_clustermargin.comparison import compare;"
        f"compare(json.load(open({str(settings)!r})), {str(tmp_path / 'out')!r})"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in range(7):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    rows = compare(SHORT, tmp_path / "out", verbose=False)
    assert lasting(rows) == lasting(rows_of(finished))


def test_processes_have_the_same_results(finished, tmp_path):
    rows = compare(SHORT, tmp_path, n_jobs=2, verbose=False)
    assert lasting(rows) == lasting(rows_of(finished))
    assert picks_in(tmp_path) == picks_in(finished)


def test_a_full_disk(finished, tmp_path, monkeypatch):
    append, n_left = ResultTable.append, iter(range(4))

    def full(self, row):
        if next(n_left, None) is None:
            raise OSError(28, "No space left on device")
        append(self, row)

    monkeypatch.setattr(ResultTable, "append", full)
    with pytest.raises(OSError, match="No space left"):
        compare(SHORT, tmp_path, verbose=False)
    monkeypatch.undo()
    assert len(rows_of(tmp_path)) == 4
    rows = compare(SHORT, tmp_path, verbose=False)
    assert lasting(rows) == lasting(rows_of(finished))


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished folder."""
    return shutil.copytree(finished, tmp_path / "copy")


def test_a_finished_comparison_does_nothing(copy, monkeypatch):
    before = rows_of(copy)
    load, loaded = _compare.load_data, []

    def load_data(**settings):
        loaded.append(settings["random_state"])
        return load(**settings)

    monkeypatch.setattr(_compare, "load_data", load_data)
    monkeypatch.setattr(_run, "make_model", None)
    assert compare({**SHORT, "name": "new title"}, copy, verbose=False) == before
    assert loaded == [3]  # to check the settings
    assert ComparisonFolder(copy).settings()["name"] == "new title"


def test_added_strategies_and_seeds_run_with_all(copy):
    before = rows_of(copy)
    added = {**SHORT, "strategies": ["badge:first=drawn"], "seeds": [4]}
    rows = compare(added, copy, verbose=False)
    assert [row for row in rows if row in before] == before
    runs = {(row["strategy"], row["seed"]) for row in rows}
    strategies = ("cluster-margin", "badge", "coreset", "random", "margin")
    assert runs == {(s, n) for s in (*strategies, "badge:first=drawn") for n in "345"}


def test_a_folder_with_other_settings_is_refused(copy):
    before = (copy / "results.csv").read_bytes()
    with pytest.raises(
        ValueError, match=r"batch was 10 and is 20; rounds was 2 and is 1"
    ):
        compare({**SHORT, "batch": 20, "rounds": 1}, copy)
    changed = {"badge": {"strategy": "badge", "first": "drawn"}}
    with pytest.raises(ValueError, match=r"'badge' was .* and is .*'drawn'"):
        compare({**SHORT, "strategies": changed}, copy)
    assert (copy / "results.csv").read_bytes() == before


def test_a_second_process_is_refused(copy):
    with (
        ComparisonFolder(copy).lock(),
        pytest.raises(ValueError, match=r"process is working in .* Wait for it, or"),
    ):
        compare({**SHORT, "strategies": ["badge:first=drawn"]}, copy, verbose=False)


def test_reading_ignores_a_row_that_is_being_written(copy):
    path = copy / "results.csv"
    before = path.read_bytes() + b"random,3,"
    path.write_bytes(before)
    assert len(rows_of(copy)) == 30
    assert path.read_bytes() == before


def test_settings_of_a_failed_start_may_change(tmp_path):
    one = {**SHORT, "strategies": [], "seeds": [3], "rounds": 1}
    bad = {**one, "model": {"name": "naive-bayes", "var_smoothing": -1.0}}
    with pytest.raises(ValueError, match="'var_smoothing' parameter"):
        compare(bad, tmp_path, verbose=False)
    assert len(compare(one, tmp_path, verbose=False)) == 4


def test_verbose_prints_a_line_for_each_round(tmp_path, capsys):
    compare({**SHORT, "strategies": [], "seeds": [3]}, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("random, seed 3: 20 labels, 0.")
    model = {"name": "mlp", "max_epochs": 1}
    one = {"n_initial": 1, "model": model, "strategies": [], "seeds": [3], "rounds": 1}
    compare({**SHORT, **one, "device": "cpu"}, tmp_path / "one")
    assert capsys.readouterr().out.startswith("random, seed 3: 1 label, 0.")


def test_asvp_switches_how_its_network_is_trained(tmp_path, monkeypatch):
    settings = {
        **SHORT,
        "model": {"name": "mlp", "max_epochs": 2, "linear_probe": {"max_epochs": 2}},
        "strategies": ["asvp:indicator=at-labels,at=40"],
        "without": ["margin"],
        "batch": 30,
        "rounds": 3,
        "n_initial": 30,
        "seeds": 1,
        "device": "cpu",
    }
    tested, score = [], _run.score

    def spied(model, data):
        tested.append(hasattr(model, "linear_probe_"))
        return score(model, data)

    monkeypatch.setattr(_run, "score", spied)
    rows = compare(settings, tmp_path, verbose=False)
    assert [row["fits_needed"] for row in rows] == ["0"] * 8
    # ASVP comes before random, and switches at 40 labels.
    assert tested == [True, True, False, False, True, True, True, True]


def test_multi_label_data(tmp_path):
    np.save(tmp_path / "X.npy", np.random.RandomState(0).normal(size=(300, 6)))
    y = np.load(tmp_path / "X.npy")[:, :3] > 0
    np.save(tmp_path / "y.npy", y.astype(int))
    settings = {
        "data": {
            "name": "arrays",
            "X": str(tmp_path / "X.npy"),
            "y": str(tmp_path / "y.npy"),
        },
        "model": {"name": "linear", "max_epochs": 5},
        "batch": "10%",
        "rounds": 1,
        "seeds": 1,
        "strategies": ["cluster-margin"],
        "device": "cpu",
    }
    rows = compare(settings, tmp_path / "out", verbose=False)
    said = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert said["score"] == "average precision"
    assert said["batch"] == 24
    assert all(0.4 < float(row["accuracy"]) <= 1 for row in rows)
    settings["model"] = {"name": "linear", "lr": 1e30}
    with pytest.raises(ValueError, match="'cluster-margin', seed 0: .* has diverged"):
        compare(settings, tmp_path / "diverged", verbose=False)


def test_diverged_training_leaves_no_row(tmp_path):
    model = {"name": "mlp", "lr": 1e30, "max_epochs": 5}
    with pytest.raises(ValueError, match="'cluster-margin', seed 3: .* has diverged"):
        compare({**SHORT, "model": model}, tmp_path, verbose=False)
    assert not (tmp_path / "results.csv").exists()


def test_strategies_and_models_by_import_path(tmp_path, monkeypatch):
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
        "def first(classifier, X_pool, n_instances):\n"
        "    return np.arange(n_instances)\n"
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
    chosen = picks_in(tmp_path / "out")
    start = np.random.RandomState(3).permutation(150)[:20]
    rest = np.setdiff1d(np.arange(150), start)
    assert chosen["mine_for_compare%3Afirst-3-1.npz"] == rest[:10].tolist()
    name = "mine_for_compare%3ASteps%3Astep%3D2-3-1.npz"
    assert chosen[name] == rest[:20:2].tolist()
    assert chosen["mine_for_compare%3Amade-3-1.npz"] == rest[:30:3].tolist()
    for name, words in {
        "twice": r"With strategy .*twice.* picked 10, 1 of them different.*finds",
        "before": r"different rows, 0 to 129; it picked 10, 9 of them",
        "halves": r"an array of integers; got 10 values of type float64",
        "Needs": r"cannot make the strategy Needs: missing a required argument: 'what'",
        "made:step=2": r"got options for the strategy Steps, which is an instance",
    }.items():
        bad = {**mine, "strategies": [f"mine_for_compare:{name}"]}
        with pytest.raises(ValueError, match=words):
            compare(bad, tmp_path / name, verbose=False)


def test_strategies_by_import_path_get_a_learner(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "others_for_compare.py").write_text(
        "import numpy as np\n"
        "def knows(learner, X_pool, n_instances):\n"
        "    assert len(learner.X_training) == len(learner.y_training) == 20\n"
        "    assert learner.predict_proba(X_pool).shape[0] == len(X_pool)\n"
        "    return np.arange(n_instances), X_pool[:n_instances]\n"
        "def fails(learner, X_pool, n_instances):\n"
        "    return learner.vote(X_pool)\n"
        "class Unmade:\n"
        "    def __init__(self):\n"
        "        raise KeyError('nothing')\n"
    )
    (tmp_path / "broken_for_compare.py").write_text("1 / 0\n")
    short = {**SHORT, "model": "naive-bayes", "rounds": 1}
    for name, words in {
        "others_for_compare:fails": r"AttributeError: .*'vote' \(others_.*line 7\)",
        "others_for_compare:Unmade": r"cannot make .* KeyError: 'nothing' \(.*10\)",
        "broken_for_compare:any": r"ZeroDivisionError: .*\(broken_for.*, line 1",
    }.items():
        with pytest.raises(ValueError, match=words):
            compare({**short, "strategies": [name]}, tmp_path / name[7:], verbose=False)
    strategies = ["others_for_compare:knows", "modAL.uncertainty:entropy_sampling"]
    compare({**short, "strategies": strategies}, tmp_path / "out", verbose=False)


REFUSED = {
    "strategy": (
        {"strategies": ["cluster-marign"]},
        "has no strategy 'cluster-marign'; choose one of cluster-margin, .*Did you mean"
        " 'cluster-margin'",
    ),
    "data set": ({"data": "digit"}, "'digit'.*digits"),
    "option": (
        {"strategies": ["badge:frist=drawn"]},
        "for badge, has no option 'frist'.*Did you mean 'first'",
    ),
    "value": (
        {"strategies": ["cluster-margin:candidate_factor=0.5"]},
        r"for cluster-margin: The 'candidate_factor' parameter .* Got 0\.5",
    ),
    "model": ({"model": "logistics"}, "has no model 'logistics'.*'logistic'"),
    "model option": (
        {"model": {"name": "mlp", "epochs": 3}},
        "for mlp, has no option 'epochs'.*max_epochs",
    ),
    "linear probe": (
        {"model": {"name": "mlp", "linear_probe": 3}},
        "needs linear_probe as true or a table; got 3",
    ),
    "transforms": (
        {"model": {"name": "mlp", "image_size": 8}},
        "needs transforms for image_size; choose one of photographs, small-images",
    ),
    "classic option": (
        {"model": {"name": "logistic", "Z": 3}},
        "cannot make the model LogisticRegression: .*'Z'. Its options are penalty",
    ),
    "batch": (
        {"batch": 800},
        "1620 rows, 20 at the start and 2 batches of 800, but the pool of .* has 150",
    ),
    "device": ({"model": "cnn", "device": "cudda"}, "cannot use device='cudda'"),
    "asvp": (
        {"strategies": ["asvp"]},
        "needs a network for the strategy 'asvp'; the model is 'naive-bayes'",
    ),
    "no probabilities": ({"model": "sklearn.svm:SVC"}, "has no predict_proba"),
    "path": ({"strategies": ["nowhere_at_all:Thing"]}, "cannot import the strategy"),
    "indicator": (
        {"model": "mlp", "strategies": ["asvp:indicator=at-labels"]},
        "cannot make the indicator 'at-labels': .* need a number at=",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
def test_refused_before_anything_is_trained(which, tmp_path, monkeypatch):
    other, words = REFUSED[which]
    monkeypatch.setattr(_compare, "run_seed", None)
    with pytest.raises(ValueError, match=words):
        compare({**SHORT, **other}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_peak_memory_is_that_of_the_strategy(tmp_path):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux resets the peak")
    (tmp_path / "hungry.py").write_text(
        "import numpy as np\n"
        "def hungry(classifier, X_pool, n_instances):\n"
        "    np.ones(40_000_000)\n"
        "    return np.arange(n_instances)\n"
    )
    flags = ("--model", "naive-bayes", "--rounds", "1", "--seeds", "1", "--no-report")
    # A process of its own, because other tests have used memory of this one.
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
