"""``modal-clustermargin compare``: compare strategies, and write a report."""

import argparse
import sys
from pathlib import Path

from modal_clustermargin._command._report import add_prices, prices_of, show_report

EXAMPLES = """\
examples:
  modal-clustermargin compare
  modal-clustermargin compare --data synthetic --data-option kind=redundant \\
      --strategies cluster-margin "cluster-margin:candidate_factor=10" badge \\
      --batch 5% --rounds 5 --seeds 10 --jobs 2 --output redundant
  modal-clustermargin compare settings.toml --output results
  modal-clustermargin report results --price-label 0.05 --price-hour 3
"""
_SETTINGS = (
    *("name", "strategies", "without", "batch", "rounds", "n_initial", "seeds"),
    "device",
)


def add_parser(commands):
    parser = commands.add_parser(
        "compare",
        help="compare strategies on a data set, and write a report",
        description=(
            "Compare strategies on a data set, under equal budgets and seeds. The same"
            " command continues where it was stopped."
        ),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    pairs = {"nargs": "+", "default": [], "metavar": "OPTION=VALUE"}
    text = "TOML file, before all options; options override it"
    add("settings", nargs="?", type=Path, help=text)
    add("--name", help="title of the report")
    add("--data", help="name of a data set (default: digits)")
    text = "such as n_pool=20000; see modal-clustermargin datasets"
    add("--data-option", **pairs, help=text)
    add("--folder", help="folder of the data")
    add("--model", help="cnn, mlp, linear, resnet18, logistic, module:name, ...")
    add("--model-option", **pairs, help="such as max_epochs=20")
    text = (
        "cluster-margin, badge, coreset, uncertainty-herding, max-herding, asvp, or"
        " module:name, with options after a colon (default: the first three); random"
        " and margin are added"
    )
    add("--strategies", nargs="+", metavar="STRATEGY", help=text)
    text = "baselines that are not added"
    add("--without", nargs="+", choices=("random", "margin"), help=text)
    text = "labels per round, or their share of the pool, such as 5%%"
    add("--batch", help=f"{text} (default: 1%%; digits: 40)")
    add("--rounds", type=int, help="number of queries (default: 5; digits: 8)")
    text = "labels for the start, or their share (default: a batch; digits: 20)"
    add("--initial", dest="n_initial", help=text)
    add("--seeds", help="number of seeds, or a range such as 10-19 (default: 5)")
    add("--device", help="cpu, cuda, ... (default: a GPU, if there is one)")
    text = "folder of the results (default: %(default)s)"
    add("--output", type=Path, default=Path("comparison"), help=text)
    text = "number of processes, each with its own seed (default: %(default)s)"
    add("--jobs", type=int, default=1, help=text)
    add("--no-report", action="store_true", help="write no report")
    add_prices(parser)
    parser.set_defaults(run=run)


def run(options):
    from modal_clustermargin.comparison import compare

    prices = prices_of(options)
    settings = settings_of(options)
    if not options.no_report:
        # A missing dependency of the report must fail before the first training.
        from modal_clustermargin.comparison import write_report  # noqa: F401
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # to import "module:name"
    compare(settings, options.output, n_jobs=options.jobs)
    if not options.no_report:
        show_report(options.output, prices, with_data=True)


def settings_of(options):
    """Settings of the file, overridden by the options."""
    from modal_clustermargin.comparison import parse_option, read_settings, read_toml

    for text in options.strategies or ():
        if text.endswith(".toml"):
            raise ValueError(
                f"modal-clustermargin compare got {text!r} as a strategy. Write the"
                f" file before all options: modal-clustermargin compare {text}"
                " --strategies ..."
            )
    settings = read_toml(options.settings) if options.settings else {}
    given = {key: getattr(options, key) for key in _SETTINGS}
    settings |= {key: value for key, value in given.items() if value is not None}
    for key, default in (("data", "digits"), ("model", {})):
        name, texts = getattr(options, key), getattr(options, f"{key}_option")
        pairs = dict(parse_option(text, f"in --{key}-option") for text in texts)
        if key == "data" and options.folder is not None:
            pairs["folder"] = options.folder
        if name is not None or pairs:
            table = settings.get(key, default)
            table = {"name": table} if isinstance(table, str) else table
            if name not in (None, table.get("name")):
                table = {"name": name}  # the options are of another data set or model
            settings[key] = table | pairs
    return read_settings(settings)
