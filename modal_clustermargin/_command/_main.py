"""The command ``modal-clustermargin`` and its subcommands."""

import argparse
import sys
from concurrent.futures.process import BrokenProcessPool

from modal_clustermargin._command import _compare, _report


def main(arguments=None):
    """Run the command with a list of arguments, by default those of the process.

    Returns 0 for success, 1 if a process was killed, 2 for invalid arguments or data,
    130 after Ctrl-C.
    """
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to continue.", file=sys.stderr)
        return 130
    except BrokenProcessPool:
        print(
            "error: a process was killed, perhaps because memory ran out. Run the same"
            " command again to continue; a lower --jobs needs less memory.",
            file=sys.stderr,
        )
        return 1
    except (ValueError, OSError, ImportError, MemoryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def make_parser():
    parser = argparse.ArgumentParser(
        prog="modal-clustermargin",
        description="Compare strategies that choose which data to label.",
        epilog=_compare.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _compare.add_parser(commands)
    _report.add_parser(commands)
    datasets = commands.add_parser("datasets", help="list the data sets")
    datasets.set_defaults(run=_list_data_sets)
    return parser


def _list_data_sets(options):
    from modal_clustermargin.datasets import describe_data_sets

    print(describe_data_sets())
