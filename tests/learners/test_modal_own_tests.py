"""modAL's own tests of its learners, run on ours; skipped without a copy of them.

MODAL_TESTS names the folder `tests` of a copy of modAL's repository, at the tag of
the version that is installed.
"""

import os
import re
import sys
import types
import unittest
from pathlib import Path

import pytest

from modal_clustermargin import learners

FOLDER = os.environ.get("MODAL_TESTS")
CLASSES = [*learners.__all__]

# Not about learners, and not importable with numpy 1.24 and later.
NOT_IMPORTED = re.compile(r"^import modAL\.expected_error\n", re.MULTILINE)

# A pair is positions and metrics for our learners, under every modAL. In 0.4.1 it was
# what `query` returned as it is, with a DeprecationWarning.
LEFT_OUT = "TestActiveLearner.test_old_query_strategy_interface"


def own_tests():
    """modAL's test cases for learners, with our classes in place of modAL's."""
    if FOLDER is None:
        return []
    source = (Path(FOLDER) / "core_tests.py").read_text()
    source = NOT_IMPORTED.sub("", source)
    source = re.sub(
        rf"\bmodAL\.models(\.learners)?\.({'|'.join(CLASSES)})\b",
        r"modal_clustermargin.learners.\2",
        source,
    )
    module = types.ModuleType("core_tests")
    sys.path.insert(0, FOLDER)
    try:
        exec(
            compile(
                "import modal_clustermargin.learners\n" + source,
                "core_tests.py",
                "exec",
            ),
            module.__dict__,
        )
    finally:
        sys.path.remove(FOLDER)
    cases = [getattr(module, f"Test{name}", None) for name in CLASSES]
    loader = unittest.TestLoader()
    return [
        test
        for case in cases
        if case
        for test in loader.loadTestsFromTestCase(case)
        if not test.id().endswith(LEFT_OUT)
    ]


TESTS = {test.id().split(".", 1)[-1]: test for test in own_tests()}


@pytest.mark.skipif(FOLDER is None, reason="MODAL_TESTS names no copy of modAL's tests")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", TESTS)
def test_passes_on_our_learners(name):
    result = unittest.TestResult()
    TESTS[name].run(result)
    problems = [text for _, text in result.errors + result.failures]
    assert not problems, problems[0]
    assert result.testsRun == 1
