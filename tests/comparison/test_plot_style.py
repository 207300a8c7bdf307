"""The style of pictures: colors of strategies, odd names, whole files."""

import pytest
from matplotlib.figure import Figure

from modal_clustermargin.comparison import (
    ComparisonResults,
    legend_below,
    open_figure,
    strategy_styles,
)
from modal_clustermargin.comparison._plot_style import plot_label
from tests.comparison.make_comparison import rows


def styles_of(names):
    made = rows({name: [[0.5, 0.6, 0.7]] for name in names})
    return strategy_styles(ComparisonResults(made))


def test_every_strategy_has_its_own_style_and_random_is_gray():
    names = [f"strategy {i}" for i in range(20)]
    styles = styles_of([*names, "random"])
    assert list(styles) == [*names, "random"]
    seen = {(each["color"], each["linestyle"]) for each in styles.values()}
    assert len(seen) == 21
    assert styles["random"]["color"] not in {styles[name]["color"] for name in names}
    # The place of random changes no other color.
    assert styles_of(["random", *names]) == styles


def test_odd_names_are_in_the_legend_as_written():
    names = ["_hidden", "$x_{$", "a & <b>", "much " * 12]
    figure = Figure()
    axes = figure.subplots()
    for name in names:
        axes.plot([1, 2], label=plot_label(name))
    legend_below(figure, axes)
    (legend,) = figure.legends
    found = [each.get_text().replace("\n", " ") for each in legend.get_texts()]
    assert found == [" _hidden", r"\$x_{\$", "a & <b>", ("much " * 12).strip()]
    assert max(map(len, plot_label(names[3]).splitlines())) <= 28


def test_a_figure_that_fails_leaves_no_file(tmp_path):
    def draw():
        with open_figure(tmp_path / "curves.png", (2, 2)):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw()
    assert list(tmp_path.iterdir()) == []
    with open_figure(tmp_path / "curves.png", (2, 2)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
