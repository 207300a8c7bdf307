"""Every example of the gallery runs."""

import os
import runpy
from pathlib import Path

import pytest
from modAL import models

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs(example, monkeypatch, capsys):
    if example.stem == "deep_active_learner" and not hasattr(
        models, "DeepActiveLearner"
    ):
        pytest.skip("modAL has DeepActiveLearner from version 0.4.2 on")
    monkeypatch.setitem(os.environ, "MPLBACKEND", "Agg")
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_there_are_examples():
    assert len(EXAMPLES) >= 5
