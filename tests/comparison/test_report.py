"""The report of a comparison: what the page and the text say, pictures, messages."""

import json
import shutil
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from modal_clustermargin.comparison import ComparisonResults, Prices, write_report
from modal_clustermargin.comparison._findings import (
    _fewer,
    finding,
    missing,
)
from modal_clustermargin.comparison._statistics import Bootstrap, Estimate
from tests.comparison.make_comparison import (
    Images,
    NoImages,
    rows,
    write_folder,
    write_picks,
)

ODD = '<b>"odd" & $k$</b>'
# Margin is 10 points over random at 200 and 300 labels, give or take; odd is level
# with margin.
CURVES = {
    "random": [[0.5, 0.60, 0.70], [0.5, 0.60, 0.70], [0.5, 0.60, 0.70]],
    "margin": [[0.5, 0.70, 0.80], [0.5, 0.71, 0.80], [0.5, 0.69, 0.80]],
    ODD: [[0.5, 0.69, 0.80], [0.5, 0.70, 0.80], [0.5, 0.70, 0.80]],
}


class Page(HTMLParser):
    """Texts, addresses and tables of a page; a tag that is left open is an error."""

    VOID = ("meta", "img", "br", "hr", "link")

    def __init__(self, html):
        super().__init__()
        self.open, self.texts, self.addresses, self.tables = [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.addresses += [v for k, v in attrs if k in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A report with everything in it."""
    folder = write_folder(tmp_path_factory.mktemp("all") / "results", rows(CURVES))
    write_picks(folder, "margin", 0, 1, [4, 9, 2], [0, 1, 1], [5, 30, 0, 1])
    write_picks(folder, "margin", 0, 2, [1, 8, 3], [0, 1, 1], [4, 28, 0, 1])
    data = Images()
    path = write_report(folder, data=data, n_bootstrap=100)
    return SimpleNamespace(
        data=data,
        folder=folder,
        path=path,
        html=path.read_text(encoding="utf-8"),
        text=(folder / "report.txt").read_text(encoding="utf-8"),
    )


def of(curves, **settings):
    """The finding of curves, in one text."""
    results = ComparisonResults(rows(curves), settings=settings)
    found = finding(results, Bootstrap(results, 100, np.random.RandomState(0)))
    return found.headline, " ".join(found.sentences)


class TestPage:
    def test_it_begins_with_the_finding(self, reported):
        texts = [each.strip() for each in Page(reported.html).texts if each.strip()]
        headline = f"margin is ahead, but not told apart from {ODD}."
        at = texts.index(headline)
        assert texts[at - 1] == "Made up"
        assert texts[at + 1].startswith("margin has the highest area under the")

    def test_it_is_one_file_with_its_pictures(self, reported):
        addresses = Page(reported.html).addresses
        pictures = sorted((reported.folder / "pictures").iterdir())
        assert [each.name for each in pictures] == [
            "cluster_sizes.png",
            "computing.png",
            "cost.png",
            "curves.png",
            "differences.png",
            "gallery-0.png",
            "wins.png",
        ]
        for each in pictures:
            assert each.read_bytes().startswith(b"\x89PNG")
        inside = [each for each in addresses if not each.startswith("#part-")]
        assert len(inside) == len(pictures)
        assert all(each.startswith("data:image/png;base64,iVBOR") for each in inside)
        assert "http" not in reported.html

    def test_names_are_text_and_not_markup(self, reported):
        assert "<b>" not in reported.html
        assert "&lt;b&gt;&#34;odd&#34; &amp; $k$&lt;/b&gt;" in reported.html

    def test_tables_have_the_numbers_by_hand(self, reported):
        tables = {table[0][0]: table for table in Page(reported.html).tables[::-1]}
        accuracy = tables["labels"]
        assert accuracy[0] == ["labels", "random", "margin", ODD]
        assert accuracy[2] == ["200", "60.0 ± 0.0", "70.0 ± 0.6", "69.7 ± 0.3"]
        assert accuracy[4][:2] == ["area", "60.0 ± 0.0"]
        against = Page(reported.html).tables[1]
        cells = against[1]
        # Half of 10 points at 200 labels, a quarter of 10 at 300; t of two degrees.
        reach = 4.302653 * 0.5 / np.sqrt(3)
        assert cells[0] == "margin"
        assert cells[1] == f"+7.50 (+{7.5 - reach:.2f} to +{7.5 + reach:.2f})"
        assert cells[2].startswith("100 (")
        assert (cells[3], cells[5]) == ("70.0", "3 of 3")
        for table in Page(reported.html).tables:
            assert len({len(row) for row in table}) == 1

    def test_the_text_says_the_same(self, reported):
        page = Page(reported.html)
        lines = " ".join(reported.text.split())
        for table in page.tables:
            for row in table:
                assert " ".join(" ".join(row).split()) in lines
        assert max(map(len, reported.text.split("Test accuracy")[0].splitlines())) <= 88

    def test_wins_and_cost(self, reported):
        wins = next(x for x in Page(reported.html).tables if x[0][0].startswith("row"))
        assert wins[2][1].startswith("3: +7.50 (")
        assert wins[1][1] == "–"  # noqa: RUF001 the dash of typography
        assert wins[2][3].startswith("2: +0.17 (")
        cost = next(x for x in Page(reported.html).tables if "worth labels" in x[0])
        # 300 labels at 0.05; ten seconds of training, three trainings and two queries.
        assert cost[1][1] == "15.0"
        assert float(cost[2][1]) == pytest.approx(15 + 3 * 34 / 3600, abs=0.05)
        assert cost[2][0] == "margin"
        assert cost[0][2] == "for 70.0 %"
        assert float(cost[2][2]) == pytest.approx(10, abs=0.1)
        # .6 for 7.5133 and .7 for 10.0183, where random needs 10.0083 and 15.0083.
        assert cost[2][3:] == ["29.1", "75"]
        computing = next(x for x in Page(reported.html).tables if "query (s)" in x[0])
        assert computing[1][:6] == ["random", "0", "0", "0", "10.0", "10.0"]
        margin = ["margin", "2.00", "1.00", "0.500", "10.0", "34.0", "320", "50", "120"]
        assert computing[2] == margin

    def test_settings_versions_and_what_is_missing_end_it(self, reported):
        end = reported.text.split("Settings and versions")[1]
        assert "Means are over 3 seeds." in end
        assert "digits; options: n_test: 500" in " ".join(end.split())
        assert "numpy 2.0" in end
        assert end.rstrip().endswith("Nothing is missing.")

    def test_the_gallery_asks_for_rows_of_the_pool(self, reported):
        assert "Images picked by margin, seed 0, round 2" in reported.html
        assert [rows.tolist() for rows in reported.data.asked] == [[8, 3, 1]]

    def test_the_same_report_comes_again(self, reported, tmp_path):
        again = shutil.copytree(reported.folder, tmp_path / "again")
        write_report(again, data=NoImages(), n_bootstrap=100, random_state=0)
        text = (again / "report.txt").read_text(encoding="utf-8")
        assert text.split("Clusters\n")[0] == reported.text.split("Clusters\n")[0]
        assert "galleries" in reported.text
        assert "galleries" not in text


class TestFinding:
    def test_the_best_is_told_apart_by_points_and_labels(self):
        curves = {name: CURVES[name] for name in ("random", "margin")}
        headline, sentences = of(curves)
        assert headline.startswith(
            "margin is best, by +7.50 points of area over random, the next best"
            " (95 % interval +"
        )
        assert "a mean accuracy of 67.5 % from 100 to 300 labels, over 3 seeds" in (
            sentences
        )
        assert (
            "To reach 70.0 %, the highest accuracy that both reach, it needs 100"
            in (sentences)
        )
        assert "labels fewer (95 % interval " in sentences
        assert "not told apart" not in sentences
        assert "With 3 seeds the intervals of labels" in sentences

    def test_random_may_be_best(self):
        swapped = {"random": CURVES["margin"], "margin": CURVES["random"]}
        headline, sentences = of(swapped)
        assert headline.startswith(
            "random is best, by +7.50 points of area over margin"
        )
        assert "Against margin, the next best: +7.50" in sentences

    def test_equal_accuracies_are_not_told_apart(self):
        headline, sentences = of({"random": [[0.5] * 3] * 5, "margin": [[0.5] * 3] * 5})
        assert headline == (
            "random and margin are not told apart: their areas are equal."
        )
        assert "0.00 points of area (95 % interval 0.00 to 0.00), not told" in sentences
        assert "it needs 0 labels fewer (95 % interval 0 to 0), not told" in sentences

    def test_one_seed_tells_nothing_apart(self):
        headline, sentences = of({name: v[:1] for name, v in CURVES.items()})
        assert headline == "margin is ahead, but with one seed nothing is told apart."
        assert "interval " not in sentences.split("One seed has no interval")[0]
        assert "One seed has no interval: another may turn the order" in sentences

    def test_one_strategy_is_compared_with_nothing(self):
        headline, sentences = of({"margin": CURVES["margin"]})
        assert headline == "There is margin alone: nothing to compare it with."
        assert "The mean accuracy of margin is 67.5 % from 100 to 300" in sentences

    def test_no_random(self):
        headline, sentences = of({name: CURVES[name] for name in ("margin", ODD)})
        assert headline == f"margin is ahead, but not told apart from {ODD}."
        assert "Random sampling is not among the strategies" in sentences
        assert f"Against {ODD}, the next best: +0.17 points" in sentences

    @pytest.mark.parametrize(
        ("ends", "says"),
        [
            ((12, 3, 20), "12 labels fewer (95 % interval 3 to 20)"),
            ((-12, -20, -3), "12 labels more (95 % interval 3 to 20)"),
            ((5, 0, 20), "5 labels fewer (95 % interval 0 to 20)"),
            ((5, -3, 0), "5 labels fewer (95 % interval 3 more to 0 fewer)"),
            ((0, -10, 0), "0 labels fewer (95 % interval 10 more to 0 fewer)"),
            ((-2, 0, 5), "2 labels more (95 % interval 0 fewer to 5 fewer)"),
        ],
    )
    def test_each_end_is_on_the_side_it_says(self, ends, says):
        assert _fewer(Estimate(*ends)) == says

    def test_more_labels_and_fewer_are_words(self):
        made = {
            "random": [[0.5, 0.6, 0.9], [0.5, 0.7, 0.8]],
            "margin": [[0.5, 0.9, 0.9], [0.5, 0.6, 0.65]],
        }
        # Of means, .775 at 300 labels and at 262.5; of a seed alone, .9 at 200 and
        # 300, or .65 at 300 and 175.
        _, sentences = of(made)
        assert "it needs 38 labels more (95 % interval 125 more to 100 fewer), not" in (
            sentences
        )

    def test_the_score_may_be_another(self):
        _, sentences = of(CURVES, score="average precision")
        assert "a mean average precision of 67.5 % from 100" in sentences
        assert "the highest average precision that both reach" in sentences
        assert "a mean accuracy of 67.5 %" in of(CURVES)[1]

    def test_what_is_missing_is_told(self):
        made = [x for x in rows(CURVES) if (x["strategy"], x["seed"]) != (ODD, "2")]
        plan = {name: {"strategy": name} for name in (*CURVES, "BADGE")}
        settings = {"strategies": plan, "seeds": [0, 1, 2, 3], "rounds": 4}
        results = ComparisonResults(made, settings=settings)
        assert missing(results) == [
            "The comparison is not finished: 24 of 80 rows are there, 70 % are"
            " missing.",
            "Left out for want of rows: seeds 2 and 3. Means are over 2 seeds that all"
            " strategies have.",
            "Without any rows: BADGE.",
            "Rounds are compared up to 2 of 4: no seed has later ones of every"
            " strategy.",
        ]
        assert missing(ComparisonResults(rows(CURVES))) == []
        assert "the end says what is missing" in of(CURVES, **settings)[1]


def few(folder, curves=CURVES, **arguments):
    """The text of a report of few draws."""
    write_folder(folder, rows(curves))
    write_report(folder, n_bootstrap=100, **arguments)
    return (folder / "report.txt").read_text(encoding="utf-8")


class TestOddFolders:
    def test_one_strategy_and_one_seed(self, tmp_path):
        text = few(tmp_path, {"margin": CURVES["margin"][:1]})
        assert "nothing to compare" in text
        assert "±" not in text.split("Mean over seeds")[0]
        assert "Pairwise wins" not in text
        assert not (tmp_path / "pictures" / "wins.png").exists()

    def test_the_start_alone_free_of_charge(self, tmp_path):
        start = [x for x in rows(CURVES) if x["round"] == "0"]
        write_folder(tmp_path, start, rounds=2)
        write_report(tmp_path, n_bootstrap=100, prices=Prices(label=0, hour=0))
        text = (tmp_path / "report.txt").read_text(encoding="utf-8")
        assert "are not told apart: their areas are equal" in text
        assert "Prices(label=0, hour=0) nothing costs anything" in text
        assert "Rounds are compared up to 0 of 2" in text

    def test_a_row_that_is_being_written_waits_and_nothing_is_changed(self, tmp_path):
        write_folder(tmp_path, rows({"margin": CURVES["margin"]}))
        table = tmp_path / "results.csv"
        table.write_bytes(table.read_bytes()[:-20])
        before = table.read_bytes()
        write_report(tmp_path, n_bootstrap=100)
        assert table.read_bytes() == before
        text = (tmp_path / "report.txt").read_text(encoding="utf-8")
        assert "8 of 9 rows are there" in text

    def test_versions_that_differ_are_told(self, tmp_path):
        made = rows({"margin": CURVES["margin"][:1]})
        made[0]["versions"] = "numpy 1.26"
        write_folder(tmp_path, made, device=None, score="recall")
        write_report(tmp_path, n_bootstrap=100)
        text = (tmp_path / "report.txt").read_text(encoding="utf-8")
        assert "device     not set" in text
        assert "Test recall (%)" in text
        assert "Rows were computed with several versions" in text

    def test_folders_without_results(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="found no comparison.json in"):
            write_report(tmp_path / "none")
        assert not (tmp_path / "none").exists()
        write_folder(tmp_path, rows(CURVES))
        (tmp_path / "results.csv").unlink()
        match = "found no results.csv .* run one first: modal-clustermargin compare"
        with pytest.raises(FileNotFoundError, match=match):
            write_report(tmp_path)
        (tmp_path / "results.csv").touch()
        with pytest.raises(ValueError, match="got no rows: let the comparison finish"):
            write_report(tmp_path)
        (tmp_path / "results.csv").write_text("strategy,seed\nrandom,0\n")
        with pytest.raises(ValueError, match="other columns than a comparison: strat"):
            write_report(tmp_path)
        (tmp_path / "comparison.json").write_text("[1]")
        with pytest.raises(ValueError, match=r"must hold an object; got \[1\]"):
            write_report(tmp_path)
        (tmp_path / "comparison.json").write_text("{")
        with pytest.raises(ValueError, match="comparison.json is damaged .* Mend it"):
            write_report(tmp_path)

    def test_damaged_picks(self, tmp_path):
        write_folder(tmp_path, rows(CURVES))
        (tmp_path / "picks").mkdir()
        (tmp_path / "picks" / "margin-0-1.npz").write_bytes(b"half")
        with pytest.raises(ValueError, match="margin-0-1.npz does not hold the picks"):
            write_report(tmp_path, n_bootstrap=100)

    def test_arguments(self, tmp_path):
        write_folder(tmp_path, rows(CURVES))
        cases = {
            r"prices as Prices\(label=..., hour=...\); got 0.05": {"prices": 0.05},
            "n_bootstrap as a whole number of at least 100; got 3": {"n_bootstrap": 3},
            "data with a method thumbnails.* got 'digits'": {"data": "digits"},
            "cannot be used to seed": {"random_state": "x"},
        }
        for match, arguments in cases.items():
            with pytest.raises(ValueError, match=match):
                write_report(tmp_path, **arguments)
        assert not (tmp_path / "report.html").exists()

    @pytest.mark.parametrize("library", ["jinja2", "matplotlib.figure"])
    def test_without_a_library(self, monkeypatch, tmp_path, library):
        write_folder(tmp_path, rows(CURVES))
        monkeypatch.setitem(sys.modules, library, None)
        match = f"needs {library.split('.')[0]}, which is not installed: pip install"
        with pytest.raises(ImportError, match=match):
            write_report(tmp_path, n_bootstrap=100)


def test_settings_are_read_as_utf_8(tmp_path):
    write_folder(tmp_path, rows({"margin": CURVES["margin"][:1]}))
    settings = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    settings["name"] = "Größe"
    text = json.dumps(settings, ensure_ascii=False)
    (tmp_path / "comparison.json").write_text(text, encoding="utf-8")
    html = write_report(tmp_path, n_bootstrap=100).read_text(encoding="utf-8")
    assert "<h1>Größe</h1>" in html
