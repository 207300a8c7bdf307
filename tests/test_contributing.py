"""CONTRIBUTING.md names functions and files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def test_functions_of_the_walk_exist():
    steps = re.findall(r"^\d\. `([\w.]+)` in `([\w./]+)`", CONTRIBUTING, re.MULTILINE)
    assert 1 <= len(steps) <= 8
    for function, file in steps:
        text = (ROOT / "modal_clustermargin" / file).read_text()
        assert f"def {function.split('.')[-1]}(" in text, (function, file)


def test_its_links_and_files_exist():
    links = re.findall(r"\]\(((?!http)[^)]+)\)", CONTRIBUTING)
    files = re.findall(r"`((?:tests|docs|modal_clustermargin)/[\w./]+)`", CONTRIBUTING)
    assert files
    for name in {*links, *files} - NEW_FILES:
        assert (ROOT / name).exists(), name


# The files of the example, which is not part of the package.
NEW_FILES = {
    "modal_clustermargin/strategies/_entropy.py",
    "tests/strategies/test_entropy.py",
}
