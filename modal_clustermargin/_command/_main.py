"""The command ``modal-clustermargin``: compare, report, datasets."""

import argparse
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from modal_clustermargin.comparison._costs import Prices
from modal_clustermargin.comparison._settings import (
    WHO,
    parse_option,
    read_settings,
    read_toml,
)

_EXAMPLES = """\
examples:
  modal-clustermargin compare
  modal-clustermargin compare --data synthetic --data-option kind=redundant \\
      --strategies cluster-margin "cluster-margin:candidate_factor=10" badge \\
      --batch 5% --rounds 5 --seeds 10 --jobs 2 --output redundant
  modal-clustermargin compare settings.toml --output results
  modal-clustermargin report results --price-label 0.05 --price-hour 3
"""


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, default=None
        None takes those of the process.

    Returns
    -------
    status : int
        0 if all went well, 1 if a process was lost, 2 if the arguments or the data are
        not as they should be, 130 after Ctrl-C.
    """
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        asked.run(asked)
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from there.", file=sys.stderr)
        return 130
    except BrokenProcessPool:
        print(
            "error: a process was killed, perhaps for want of memory. The same command"
            " goes on from there; with a lower --jobs each has more.",
            file=sys.stderr,
        )
        return 1
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="modal-clustermargin",
        description="Which data to label? Compare strategies, and see.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_compare(commands)
    _add_report(commands)
    datasets = commands.add_parser("datasets", help="list the data sets that there are")
    datasets.set_defaults(run=_run_datasets)
    return parser


def _add_compare(commands):
    compare = commands.add_parser(
        "compare",
        help="compare strategies on a data set, and write a report",
        description=(
            "Compare strategies on a data set, under equal budgets and seeds. The same"
            " command goes on where it was stopped, and does nothing twice."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = compare.add_argument
    add(
        "settings",
        nargs="?",
        type=Path,
        help="TOML file, named before all flags; what flags say overrides it",
    )
    add("--name", help="title of the report")
    add("--data", help="name of a data set (default: digits)")
    add(
        "--data-option",
        nargs="+",
        default=[],
        metavar="OPTION=VALUE",
        help="such as n_pool=20000; see modal-clustermargin datasets",
    )
    add("--folder", help="where the data are")
    add("--model", help="cnn, mlp, linear, resnet18, vgg16, logistic, ...")
    add(
        "--model-option",
        nargs="+",
        default=[],
        metavar="OPTION=VALUE",
        help="such as max_epochs=20",
    )
    add(
        "--strategies",
        nargs="+",
        metavar="STRATEGY",
        help=(
            "cluster-margin, badge, coreset, asvp, or module:name, with options"
            " behind a colon (default: the first three)"
        ),
    )
    add(
        "--without",
        nargs="+",
        choices=("random", "margin"),
        help="what is not to be added to the strategies",
    )
    add("--batch", help="labels a round, or their share of the pool, such as 5%%")
    add("--rounds", type=int, help="queries")
    add("--initial", help="labels to begin with, or their share (default: a batch)")
    add("--seeds", help="how many, or which, such as 10-19 (default: 5)")
    add("--device", help="cpu, cuda, ... (default: a GPU, if there is one)")
    add("--output", type=Path, default=Path("comparison"), help="folder of results")
    add("--jobs", type=int, default=1, help="processes, of a seed each")
    add("--no-report", action="store_true", help="rows alone")
    _add_prices(compare)
    compare.set_defaults(run=_run_compare)


def _add_report(commands):
    report = commands.add_parser(
        "report",
        help="make the report of a folder anew",
        description="Make report.html, report.txt and the pictures of a comparison.",
    )
    report.add_argument("folder", type=Path)
    report.add_argument(
        "--without-data",
        action="store_true",
        help="do not load the data: no gallery of images",
    )
    _add_prices(report)
    report.set_defaults(run=_run_report)


def _add_prices(parser):
    add = parser.add_argument
    add("--price-label", type=float, default=0.05, help="(default: 0.05)")
    add("--price-hour", type=float, default=3.0, help="of computing (default: 3)")


def _settings_of(asked):
    """The settings that a file and flags come to."""
    swallowed = [text for text in asked.strategies or () if text.endswith(".toml")]
    if swallowed:
        raise ValueError(
            f"{WHO} takes {swallowed[0]!r} for a strategy. Name the file with settings"
            f" before all flags: {WHO} {swallowed[0]} --strategies ..."
        )
    settings = read_toml(asked.settings) if asked.settings else {}
    for key in ("name", "strategies", "without", "batch", "rounds", "seeds", "device"):
        if getattr(asked, key) is not None:
            settings[key] = getattr(asked, key)
    if asked.initial is not None:
        settings["n_initial"] = asked.initial
    for key in ("data", "model"):
        options = dict(
            parse_option(text, f"in --{key}-option")
            for text in getattr(asked, f"{key}_option")
        )
        if key == "data" and asked.folder is not None:
            options["folder"] = asked.folder
        name = getattr(asked, key)
        if name is None and not options:
            continue
        before = settings.get(key, {})
        if isinstance(before, str):
            before = {"name": before}
        if not isinstance(before, dict):
            continue  # `read_settings` says what is wrong with it
        if name is not None and name != before.get("name"):
            before = {"name": name}
        elif key == "data" and not before:
            before = {"name": "digits"}
        settings[key] = before | options
    return read_settings(settings)


def _run_compare(asked):
    from modal_clustermargin.comparison._compare import compare

    prices = Prices(label=asked.price_label, hour=asked.price_hour)
    settings = _settings_of(asked)
    if not asked.no_report:
        from modal_clustermargin.comparison import write_report  # noqa: F401 fails early
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # for "module:name" of the user's
    compare(settings, asked.output, n_jobs=asked.jobs)
    if not asked.no_report:
        _report(asked.output, prices, with_data=True)


def _run_report(asked):
    prices = Prices(label=asked.price_label, hour=asked.price_hour)
    _report(asked.folder, prices, with_data=not asked.without_data)


def _report(folder, prices, with_data):
    from modal_clustermargin.comparison._folder import ComparisonFolder
    from modal_clustermargin.comparison._report import write_report

    results = ComparisonFolder(folder)
    results.gather()  # of a comparison that is not done, what there is
    data = _data_of(results) if with_data and results.settings() else None
    page = write_report(folder, prices=prices, data=data)
    print((folder / "report.txt").read_text(encoding="utf-8"))
    print(f"The report, with pictures: {page}")


def _data_of(folder):
    """The data whose picks the report shows: those of the first seed that is done."""
    from modal_clustermargin.comparison._results import ComparisonResults
    from modal_clustermargin.datasets import load_data

    settings = folder.settings()
    seed = ComparisonResults(folder.rows(), settings=settings).seeds[0]
    try:
        return load_data(**settings["data"], random_state=seed)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{error} For a report without pictures of samples: modal-clustermargin"
            f" report {folder.path} --without-data."
        ) from error


def _run_datasets(asked):
    from modal_clustermargin.datasets import describe_data_sets

    print(describe_data_sets())
