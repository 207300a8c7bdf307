"""Strategies by name, with the options of the structure that they find in a pool."""

from pathlib import Path

import pytest

from modal_clustermargin import ClusterMargin, MaxHerding, UncertaintyHerding
from modal_clustermargin.comparison import compare
from modal_clustermargin.comparison._strategies import make_strategy
from tests.comparison.make_comparison import SHORT, picks_in


@pytest.mark.parametrize(
    ("name", "of_strategy", "of_structure", "expected"),
    [
        ("cluster-margin", {"multilabel": "min"}, {"n_clusters": 3}, ClusterMargin),
        (
            "uncertainty-herding",
            {"uncertainty": "entropy", "kernel_scale": 1.5},
            {"n_neighbors": 5, "metric": "sqeuclidean"},
            UncertaintyHerding,
        ),
        ("max-herding", {"kernel_scale": 1.5}, {"recall": 0.9}, MaxHerding),
    ],
)
def test_options_are_those_of_the_strategy_and_of_its_structure(
    name, of_strategy, of_structure, expected
):
    strategy = make_strategy({"strategy": name, **of_strategy, **of_structure}, 0, None)
    assert type(strategy) is expected
    parameters = strategy.get_params()
    structure = "clustering" if expected is ClusterMargin else "graph"
    for option, value in of_strategy.items():
        assert parameters[option] == value
    for option, value in of_structure.items():
        assert parameters[f"{structure}__{option}"] == value
    assert make_strategy({"strategy": name}, 0, None).get_params()[structure] is None
    stored = make_strategy({"strategy": name, "memory": "kept"}, 0, Path("results"))
    assert stored.get_params()[f"{structure}__memory"] == Path("results", "kept")
    with pytest.raises(ValueError, match=f"for {name}, has no option 'graph'"):
        make_strategy({"strategy": name, "graph": None}, 0, None)
    with pytest.raises(ValueError, match=f"for {name}: The 'metric' parameter of"):
        make_strategy({"strategy": name, "metric": "hamming"}, 0, None)


def test_herding_is_compared(tmp_path):
    settings = {**SHORT, "strategies": ["uncertainty-herding", "max-herding"]}
    compare(settings, tmp_path, verbose=False)
    picks = picks_in(tmp_path)
    herding = [picks[f"{name}-3-1.npz"] for name in settings["strategies"]]
    assert all(len(set(batch)) == 10 for batch in herding)
    assert herding[0] != herding[1]
