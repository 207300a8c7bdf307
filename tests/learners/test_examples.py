"""The example of `DeepActiveLearner` runs and learns."""

import subprocess
import sys
from pathlib import Path

import modAL.models
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/deep_active_learner.py"


@pytest.mark.skipif(
    not hasattr(modAL.models, "DeepActiveLearner"), reason="modAL 0.4.2 has it"
)
def test_accuracy_rises():
    command = [sys.executable, "-W", "ignore", EXAMPLE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(scores) >= 3
    assert scores[-1] > max(scores[0], 0.9)
