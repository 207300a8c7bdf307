"""One small finished comparison, which many tests read or copy."""

import pytest

from modal_clustermargin.comparison import compare
from tests.comparison.make_comparison import SHORT


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a comparison of `SHORT` that ran without interruption."""
    folder = tmp_path_factory.mktemp("finished")
    compare(SHORT, folder, verbose=False)
    return folder
