"""The README does what it says."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_its_lines_of_python_run_and_learn(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    accuracies = [float(line) for line in capsys.readouterr().out.split()]
    assert len(accuracies) == 5
    assert accuracies[-1] > 0.85


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_its_make_goals_exist():
    makefile = (ROOT / "Makefile").read_text()
    goals = set(re.findall(r"make (\w+)", README))
    assert goals >= {"demo", "test"}
    for goal in goals:
        assert re.search(rf"^{goal}:", makefile, flags=re.MULTILINE), goal
