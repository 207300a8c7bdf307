"""``modal-clustermargin report``: write the report of a comparison again."""

from pathlib import Path


def add_parser(commands):
    parser = commands.add_parser(
        "report",
        help="write the report of a comparison again",
        description="Write report.html, report.txt and the pictures of a comparison.",
    )
    parser.add_argument("folder", type=Path, help="--output of the comparison")
    without = "do not load the data: no gallery of images"
    parser.add_argument("--without-data", action="store_true", help=without)
    add_prices(parser)
    parser.set_defaults(run=run)


def run(options):
    show_report(options.folder, prices_of(options), with_data=not options.without_data)


def add_prices(parser):
    """Add the options of prices, which two subcommands share."""
    for option, price, unit in (
        ("--price-label", 0.05, "a label"),
        ("--price-hour", 3.0, "an hour of computing"),
    ):
        text = f"price of {unit} (default: %(default)s)"
        parser.add_argument(option, type=float, default=price, help=text)


def prices_of(options):
    from modal_clustermargin.comparison import Prices

    return Prices(label=options.price_label, hour=options.price_hour)


def show_report(folder, prices, with_data):
    """Write the report of a folder, and print it."""
    from modal_clustermargin.comparison import ComparisonFolder, write_report

    data = _load_data(ComparisonFolder(folder)) if with_data else None
    page = write_report(folder, prices=prices, data=data)
    print((folder / "report.txt").read_text(encoding="utf-8"))
    print(f"The report with pictures: {page}")


def _load_data(comparison):
    """The data of the first complete seed, whose picks the report shows."""
    from modal_clustermargin.comparison import ComparisonResults
    from modal_clustermargin.datasets import load_data

    settings = comparison.settings()
    if settings is None:
        return None  # `write_report` says what is missing
    results = ComparisonResults(comparison.rows(), settings=settings)
    try:
        return load_data(**settings["data"], random_state=results.seeds[0])
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{error} For a report without images: modal-clustermargin report"
            f" {comparison.path} --without-data."
        ) from error
