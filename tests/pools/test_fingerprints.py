"""Equal rows have equal keys, whatever kind of pool they lie in."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from modal_clustermargin.pools import _rows as _pool_rows
from modal_clustermargin.pools import fingerprints, id_keys

KINDS = {
    "ndarray": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "bytes": lambda X: X.astype(np.uint8),
    "images": lambda X: X.reshape(len(X), -1, 1),
    "sparse": sparse.csr_array,
    "column-major": np.asfortranarray,
    "DataFrame": pd.DataFrame,
    "words": lambda X: pd.DataFrame(X.astype(str)),
    "list": lambda X: X.tolist(),
    "texts": lambda X: [str(row) for row in X.tolist()],
    "ragged": lambda X: [[*row, [1, 2]] for row in X.tolist()],
    "tensor": torch.from_numpy,
}


@pytest.mark.parametrize("kind", KINDS)
@given(
    X=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(1, 9)),
        elements=st.integers(0, 3).map(float),
    )
)
def test_keys_are_equal_where_rows_are(kind, X):
    keys = fingerprints(KINDS[kind](X))
    assert keys.dtype == np.uint64
    same_rows = (X[:, np.newaxis] == X).all(axis=2)
    np.testing.assert_array_equal(keys[:, np.newaxis] == keys, same_rows)


@pytest.mark.parametrize("kind", KINDS)
def test_keys_do_not_depend_on_the_block(kind, monkeypatch):
    pool = KINDS[kind](np.random.RandomState(0).randint(9, size=(50, 3)).astype(float))
    whole = fingerprints(pool)
    monkeypatch.setattr(_pool_rows, "_BLOCK_BYTES", 8 * 3 * 7)
    np.testing.assert_array_equal(fingerprints(pool), whole)


def test_sparse_rows_are_told_by_content_not_by_storage():
    tidy = sparse.csr_array(np.array([[0.0, 1, 2], [3, 0, 0]]))
    untidy = sparse.csr_array(
        ([2.0, 0, 1, 1, 2], [2, 0, 1, 0, 0], [0, 3, 5]), shape=(2, 3)
    )
    np.testing.assert_array_equal(fingerprints(tidy), fingerprints(untidy))
    assert untidy.nnz == 5  # the caller's own stays as it was


def test_the_width_of_numpy_strings_is_no_matter():
    wide = np.array(["a", "b", "ccc"])
    np.testing.assert_array_equal(
        fingerprints(wide)[:2], fingerprints(wide[:2].astype("U1"))
    )
    rows = wide.reshape(3, 1)
    np.testing.assert_array_equal(
        fingerprints(rows)[:2], fingerprints(rows[:2].astype("U1"))
    )


def test_bfloat16_rows_have_keys():
    keys = fingerprints(torch.tensor([[1.0], [2.0], [1.0]], dtype=torch.bfloat16))
    assert keys[0] == keys[2] != keys[1]


def test_a_million_near_equal_rows_have_a_million_keys():
    X = np.zeros((1_000_000, 3), np.float32)
    X[:, 1] = np.arange(len(X))
    assert len(np.unique(fingerprints(X))) == len(X)


def test_keys_are_the_same_in_every_process(capsys):
    code = (
        "import numpy as np;"
        "from modal_clustermargin.pools import *;"
        "X = np.arange(6.0).reshape(2, 3);"
        "print([*fingerprints(X), *fingerprints(['a']), *id_keys([7])])"
    )
    exec(code, {})
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, capture_output=True, check=True, text=True)
    assert other.stdout == capsys.readouterr().out != ""


def test_ids_may_be_numbers_or_names():
    assert len(set(id_keys([0, 1, 2, -1]))) == 4
    np.testing.assert_array_equal(id_keys(np.int32([5, 6])), id_keys([5, 6]))
    # The width of a numpy string must not matter: the longest id may be gone.
    np.testing.assert_array_equal(id_keys(["a", "bbb"])[:1], id_keys(["a"]))
