"""Some studies are folders of scripts: their modules are importable as scripts are."""

import sys
from pathlib import Path

import pytest
import torch

for study in ("asvp", "real_pools"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "experiments" / study))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Use one thread: on small data, threads only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
