"""Settings from files, dicts and options, and messages for invalid ones."""

import pytest

from modal_clustermargin._command._compare import settings_of
from modal_clustermargin._command._main import make_parser
from modal_clustermargin.comparison import read_settings
from modal_clustermargin.comparison._settings import parse_strategy


def of_flags(*flags):
    return settings_of(make_parser().parse_args(["compare", *map(str, flags)]))


def test_the_default_is_digits_with_random_and_margin():
    settings = read_settings()
    assert settings == of_flags()
    assert settings.data == {"name": "digits"}
    assert [*settings.strategies] == [
        *("cluster-margin", "badge", "coreset"),
        *("random", "margin"),
    ]
    assert (settings.batch, settings.rounds, settings.n_initial) == (40, 8, 20)
    assert settings.seeds == (0, 1, 2, 3, 4)


def test_a_file_and_options_give_the_same_settings(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(
        """
        name = "many copies"
        batch = "5%"
        rounds = 3
        n_initial = 100
        seeds = [10, 11]
        device = "cpu"
        without = "margin"

        [data]
        name = "synthetic"
        kind = "redundant"
        n_pool = 5000

        [model]
        name = "mlp"
        max_epochs = 3

        [strategies]
        badge = {}
        "cluster-margin:candidate_factor=1.5,metric=sqeuclidean" = """
        """"cluster-margin:candidate_factor=1.5,metric=sqeuclidean"
        """
    )
    from_file = read_settings(path)
    flags = (
        *("--name", "many copies", "--batch", "5%", "--rounds", 3, "--initial", 100),
        *("--seeds", "10-11", "--device", "cpu", "--without", "margin"),
        *("--data", "synthetic", "--data-option", "kind=redundant", "n_pool=5000"),
        *("--model", "mlp", "--model-option", "max-epochs=3", "--strategies", "badge"),
        "cluster-margin:candidate_factor=1.5,metric=sqeuclidean",
    )
    assert of_flags(*flags) == from_file
    assert from_file.batch == 0.05
    assert [*from_file.strategies][-1] == "random"
    assert from_file.strategies["badge"] == {"strategy": "badge"}


def test_options_override_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('data = {name = "synthetic", kind = "plain"}\nbatch = 30')
    settings = of_flags(path, "--batch", 50, "--data-option", "n_pool=900")
    assert settings.batch == 50
    assert settings.data == {"name": "synthetic", "kind": "plain", "n_pool": 900}
    # The model is chosen by the data, if nobody names one.
    flags = (path, "--model-option", "max_epochs=3")
    assert of_flags(*flags).model == {"max_epochs": 3}
    # Options of one data set are none of another.
    assert of_flags(path, "--data", "digits").data == {"name": "digits"}


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("badge", {"strategy": "badge"}),
        ("badge:first=drawn", {"strategy": "badge", "first": "drawn"}),
        ("a.b:C", {"strategy": "a.b:C"}),
        (
            "a.b:C:x=1,y=2.5,z=true,u=none",
            {"strategy": "a.b:C", "x": 1, "y": 2.5, "z": True, "u": None},
        ),
    ],
)
def test_a_strategy_in_a_line(text, settings):
    assert parse_strategy(text) == settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bach": 3}, "has no setting 'bach'; choose one of .*Did you mean 'batch'"),
        ({"batch": 0}, r'batch as an integer >= 1, or as a share .* "5%"; got 0'),
        ({"batch": 1.5}, "batch as an integer >= 1, or as a share .* got 1.5"),
        ({"batch": "x%"}, "batch as .* got 'x%'"),
        ({"batch": True}, "batch as .* got True"),
        ({"n_initial": "120%"}, "n_initial as .* got '120%'"),
        ({"rounds": 0}, "rounds as an integer >= 1; got 0"),
        ({"seeds": []}, r'seeds as a number of seeds, .* or as "10-19"; got \[\]'),
        ({"seeds": [1, 1]}, r"different integers >= 0, .* got \[1, 1\]"),
        ({"seeds": "a-b"}, "seeds as"),
        ({"seeds": -1}, "seeds as .* got -1"),
        ({"data": 3}, "data as a name, or as a table with a name and options; got 3"),
        ({"data": {"n": 3}}, "data as a name, or as a table"),
        ({"without": "badge"}, "in without, has no baseline 'badge'"),
        ({"strategies": {"a": 3}}, "the strategy 'a' as a table.*got 3"),
        ({"strategies": True}, "strategies as a list or as tables; got True"),
        ({"strategies": {"a": {"strategy": 3}}}, "the strategy 'a' as a table, .*: 3}"),
        ({"model": 3}, "model as a name, or as a table"),
        ({"seeds": "19-10"}, "seeds as .* got '19-10'"),
        ({"strategies": ["badge:a=1,first"]}, "needs option=value in .*got 'first'"),
        (
            {"strategies": [], "without": ["random", "margin"]},
            "at least one strategy; got none",
        ),
    ],
)
def test_invalid_settings(settings, words):
    with pytest.raises(ValueError, match=words):
        read_settings(settings)


def test_a_file_among_the_strategies_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Write the file before all"):
        of_flags("--strategies", "badge", "mine.toml")


def test_missing_files_and_files_that_are_not_toml(tmp_path):
    with pytest.raises(FileNotFoundError, match="no settings file .*none.toml'"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("batch = = 3")
    with pytest.raises(ValueError, match="bad.toml' is not a TOML file: "):
        read_settings(tmp_path / "bad.toml")
