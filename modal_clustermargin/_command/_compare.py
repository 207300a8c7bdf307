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
_PAIRS = {"nargs": "+", "default": [], "metavar": "OPTION=VALUE"}
_OPTIONS = {
    "--name": {"help": "title of the report"},
    "--data": {"help": "name of a data set (default: digits)"},
    "--data-option": {
        **_PAIRS,
        "help": "such as n_pool=20000; see modal-clustermargin datasets",
    },
    "--folder": {"help": "folder of the data"},
    "--model": {"help": "cnn, mlp, linear, resnet18, logistic, module:name, ..."},
    "--model-option": {**_PAIRS, "help": "such as max_epochs=20"},
    "--strategies": {
        "nargs": "+",
        "metavar": "STRATEGY",
        "help": (
            "cluster-margin, badge, coreset, asvp, or module:name, with options after a"
            " colon (default: the first three); random and margin are added"
        ),
    },
    "--without": {
        "nargs": "+",
        "choices": ("random", "margin"),
        "help": "baselines that are not added",
    },
    "--batch": {
        "help": (
            "labels per round, or their share of the pool, such as 5%% (default: 1%%;"
            " digits: 40)"
        )
    },
    "--rounds": {"type": int, "help": "number of queries (default: 5; digits: 8)"},
    "--initial": {
        "dest": "n_initial",
        "help": "labels for the start, or their share (default: a batch; digits: 20)",
    },
    "--seeds": {"help": "number of seeds, or a range such as 10-19 (default: 5)"},
    "--device": {"help": "cpu, cuda, ... (default: a GPU, if there is one)"},
    "--output": {
        "type": Path,
        "default": Path("comparison"),
        "help": "folder of the results (default: %(default)s)",
    },
    "--jobs": {
        "type": int,
        "default": 1,
        "help": "number of processes, each with its own seed (default: %(default)s)",
    },
    "--no-report": {"action": "store_true", "help": "write no report"},
}
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
    parser.add_argument(
        "settings",
        nargs="?",
        type=Path,
        help="TOML file, before all options; options override it",
    )
    for option, arguments in _OPTIONS.items():
        parser.add_argument(option, **arguments)
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
    for key in _SETTINGS:
        if getattr(options, key) is not None:
            settings[key] = getattr(options, key)
    for key in ("data", "model"):
        pairs = dict(
            parse_option(text, f"in --{key}-option")
            for text in getattr(options, f"{key}_option")
        )
        if key == "data" and options.folder is not None:
            pairs["folder"] = options.folder
        name = getattr(options, key)
        if name is None and not pairs:
            continue
        table = settings.get(key, {})
        if isinstance(table, str):
            table = {"name": table}
        if not isinstance(table, dict):
            continue  # `read_settings` names the error
        if name is not None and name != table.get("name"):
            table = {"name": name}  # the options belong to another data set or model
        elif key == "data" and not table:
            table = {"name": "digits"}
        settings[key] = table | pairs
    return read_settings(settings)
