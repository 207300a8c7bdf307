"""The report of a comparison: page, text, pictures and messages."""

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from modal_clustermargin.comparison import Prices, write_report
from tests.comparison.make_comparison import (
    CURVES,
    ODD,
    Images,
    NoImages,
    rows,
    write_folder,
    write_picks,
)


class Page(HTMLParser):
    """Texts, addresses and tables of a page; a tag without an end is an error."""

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
    """A report with all sections."""
    folder = write_folder(tmp_path_factory.mktemp("all") / "results", rows(CURVES))
    write_picks(folder, "margin", 0, 1, [4, 9, 2], [0, 1, 1], [5, 30, 0, 1])
    write_picks(folder, "margin", 0, 2, [1, 8, 3], [0, 1, 1], [4, 28, 0, 1])
    data = Images()
    html = write_report(folder, data=data, n_bootstrap=100).read_text(encoding="utf-8")
    page = Page(html)
    return SimpleNamespace(
        data=data,
        folder=folder,
        html=html,
        page=page,
        table=lambda cell: next(x for x in page.tables if cell in x[0]),
        text=(folder / "report.txt").read_text(encoding="utf-8"),
    )


def test_the_page_begins_with_the_finding(reported):
    texts = [each.strip() for each in reported.page.texts if each.strip()]
    headline = (
        f"margin is ahead, but the difference to {ODD} is within noise (95 % interval"
        " contains 0)."
    )
    at = texts.index(headline)
    assert texts[at - 1] == "Größe"
    assert texts[at + 1].startswith("margin has the highest area under the")


def test_the_page_is_one_file_with_its_pictures(reported):
    pictures = sorted((reported.folder / "pictures").iterdir())
    assert [each.name for each in pictures] == [
        "cost.png",
        "curves.png",
        "differences.png",
        "gallery-1.png",
    ]
    inside = [x for x in reported.page.addresses if not x.startswith("#part-")]
    assert len(inside) == len(pictures)
    assert all(each.startswith("data:image/png;base64,iVBOR") for each in inside)
    assert "http" not in reported.html


def test_names_are_text_and_not_markup(reported):
    assert "<b>" not in reported.html
    assert "&lt;b&gt;&#34;odd&#34; &amp; $k$&lt;/b&gt;" in reported.html


def test_tables_have_the_numbers_by_hand(reported):
    accuracy = reported.table("labels")
    assert accuracy[0] == ["labels", "random", "margin", ODD]
    assert accuracy[2] == ["200", "60.0 ± 0.0", "70.0 ± 0.6", "69.7 ± 0.3"]
    assert accuracy[4][:2] == ["area", "60.0 ± 0.0"]
    # Half of 10 points at 200 labels, a quarter of 10 at 300; t with two degrees.
    reach = 4.302653 * 0.5 / np.sqrt(3)
    name, points, labels, at, _, won = reported.table("points of area")[1]
    assert (name, at, won) == ("margin", "70.0", "3 of 3")
    assert points == f"+7.50 (+{7.5 - reach:.2f} to +{7.5 + reach:.2f})"
    assert labels.startswith("100 (")
    # 300 labels at 0.05; ten seconds a training, three trainings and two queries.
    cost = reported.table("worth labels")
    assert cost[0][2] == "for 70.0 %"
    assert cost[1][1] == "15.0"
    assert cost[2][0] == "margin"
    assert float(cost[2][1]) == pytest.approx(15 + 3 * 34 / 3600, abs=0.05)
    assert float(cost[2][2]) == pytest.approx(10, abs=0.1)
    # 60 % costs 7.5133 and 70 % costs 10.0183; random pays 10.0083 and 15.0083.
    assert cost[2][3:] == ["29.1", "75"]
    computing = reported.table("query (s)")
    assert computing[1][:6] == ["random", "0", "0", "0", "10.0", "10.0"]
    margin = ["margin", "2.00", "1.00", "0.500", "10.0", "34.0", "320", "50", "120"]
    assert computing[2] == margin
    for table in reported.page.tables:
        assert len({len(row) for row in table}) == 1


def test_the_text_has_the_same_tables(reported):
    lines = " ".join(reported.text.split())
    for table in reported.page.tables:
        for row in table:
            assert " ".join(" ".join(row).split()) in lines
    assert max(map(len, reported.text.split("Test accuracy")[0].splitlines())) <= 88


def test_settings_and_versions_are_last(reported):
    end = " ".join(reported.text.split("Settings and versions")[1].split())
    assert "digits; n_test: 500" in end
    assert "device not set" in end
    assert end.endswith("numpy 2.0")


def test_the_gallery_asks_for_rows_of_the_pool(reported):
    assert "Images picked by margin, seed 0, round 2" in reported.html
    assert [rows.tolist() for rows in reported.data.asked] == [[8, 3, 1]]


def test_rows_that_are_not_images_have_no_gallery(reported):
    html = write_report(reported.folder, data=NoImages(), n_bootstrap=100)
    assert "Images picked" not in html.read_text(encoding="utf-8")


def report(folder, made, settings=(), **arguments):
    """The text of a report."""
    write_folder(folder, made, **dict(settings))
    write_report(folder, n_bootstrap=100, **arguments)
    return (folder / "report.txt").read_text(encoding="utf-8")


def test_one_strategy_and_one_seed(tmp_path):
    made = rows({"margin": CURVES["margin"][:1]})
    made[0]["versions"] = "numpy 1.26"
    text = report(tmp_path, made, {"score": "recall"})
    assert "nothing to compare" in text
    assert "±" not in text
    assert "Differences" not in text
    assert "Test recall (%)" in text
    assert "Rows were computed with different versions" in text


def test_the_start_alone_without_prices(tmp_path):
    start = [x for x in rows(CURVES) if x["round"] == "0"]
    text = report(tmp_path, start, {"rounds": 2}, prices=Prices(label=0, hour=0))
    assert "have the same area" in text
    assert "\nCost" not in text
    assert "up to round 0, which all" in " ".join(text.split())


def test_no_strategy_needs_candidates_or_clusters(tmp_path):
    text = report(tmp_path, rows(CURVES, n_candidates="", n_clusters=""))
    line = next(x for x in text.splitlines() if x.startswith("margin") and "320" in x)
    assert line.split()[-2:] == ["–", "–"]  # noqa: RUF001


def test_a_row_that_is_being_written_is_ignored(tmp_path):
    write_folder(tmp_path, rows({"margin": CURVES["margin"]}))
    table = tmp_path / "results.csv"
    table.write_bytes(table.read_bytes()[:-20])
    before = table.read_bytes()
    write_report(tmp_path, n_bootstrap=100)
    assert table.read_bytes() == before
    assert "8 of 9 rows" in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_folders_without_results(tmp_path):
    with pytest.raises(FileNotFoundError, match="found no comparison.json in .* run"):
        write_report(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    write_folder(tmp_path, rows(CURVES))
    (tmp_path / "results.csv").unlink()
    with pytest.raises(ValueError, match="needs rows; got none. Let the comparison"):
        write_report(tmp_path)
    (tmp_path / "results.csv").write_text("strategy,seed\nrandom,0\n")
    with pytest.raises(ValueError, match="other columns than these results: strat"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prices": 0.05}, "'prices' parameter of write_report .*Prices'. Got 0.05"),
        ({"n_bootstrap": 3}, "'n_bootstrap' parameter .* Got 3 instead"),
        ({"data": "digits"}, "'data' parameter .* 'thumbnails'.* Got 'digits'"),
    ],
)
def test_invalid_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path, **arguments)
