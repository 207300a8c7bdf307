"""Pools: rows of any kind, keys that identify rows, and features stored by key."""

from modal_clustermargin.pools._feature_store import (
    FeatureStore,
    FolderStore,
    StoredRows,
)
from modal_clustermargin.pools._fingerprints import fingerprints, id_keys, row_keys
from modal_clustermargin.pools._key_index import KeyIndex, lasting_ids
from modal_clustermargin.pools._matrices import (
    as_array,
    as_matrix,
    check_finite,
    row_blocks,
)
from modal_clustermargin.pools._pool import (
    Pool,
    lies_elsewhere,
    open_pool,
    pool_keys,
)
from modal_clustermargin.pools._rows import (
    default_block_rows,
    n_rows,
    take_rows,
    tensor_to_array,
)

__all__ = [
    "FeatureStore",
    "FolderStore",
    "KeyIndex",
    "Pool",
    "StoredRows",
    "as_array",
    "as_matrix",
    "check_finite",
    "default_block_rows",
    "fingerprints",
    "id_keys",
    "lasting_ids",
    "lies_elsewhere",
    "n_rows",
    "open_pool",
    "pool_keys",
    "row_blocks",
    "row_keys",
    "take_rows",
    "tensor_to_array",
]
