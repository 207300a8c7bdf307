"""Data sets by name: drawn at random, or read from files.

`load_data` returns a pool and test rows, and `describe_data_sets` lists the data sets.
Nothing is downloaded without the option ``download``.
"""

from modal_clustermargin.datasets._catalogue import (
    data_sets,
    describe_data_sets,
    load_data,
)
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import DataCard, DataOption

__all__ = [
    "DataCard",
    "DataOption",
    "DataSet",
    "data_sets",
    "describe_data_sets",
    "load_data",
]
