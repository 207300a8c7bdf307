"""The ASVP study is a folder of scripts: its modules are importable as scripts are."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "experiments" / "asvp"))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Use one thread: on small data, threads only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
