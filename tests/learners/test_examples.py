"""The example of each learner runs and learns."""

import subprocess
import sys
from pathlib import Path

import modAL.models
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["ActiveLearner", "Committee", "DeepActiveLearner"])
def test_accuracy_rises(name):
    if not hasattr(modAL.models, name):
        pytest.skip(f"this modAL has no {name}")
    file = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    command = [sys.executable, "-W", "ignore", EXAMPLES / f"{file}.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(scores) >= 3
    assert scores[-1] > max(scores[0], 0.9)
