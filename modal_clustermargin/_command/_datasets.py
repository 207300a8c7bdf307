"""``modal-clustermargin datasets``: list the data sets."""


def add_parser(commands):
    parser = commands.add_parser("datasets", help="list the data sets")
    parser.set_defaults(run=run)


def run(options):
    from modal_clustermargin.datasets import describe_data_sets

    print(describe_data_sets())
