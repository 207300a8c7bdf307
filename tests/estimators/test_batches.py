"""Properties of batches, labels and gathered rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import Subset

from modal_clustermargin.estimators._batches import (
    LabelledRows,
    ReadAhead,
    RowBatches,
    ShuffledBatches,
    gather_rows,
)
from modal_clustermargin.estimators._labels import find_classes, label_positions

few = settings(max_examples=40, deadline=None)
sizes = st.integers(1, 40)


def numbered(n_rows):
    return LabelledRows(np.arange(n_rows)[:, None], np.arange(n_rows))


@few
@given(n_rows=sizes, batch_size=sizes)
def test_batches_hold_every_row_once_and_are_even(n_rows, batch_size):
    for batches in (RowBatches, ShuffledBatches):
        parts = list(batches(numbered(n_rows), batch_size))
        lengths = [len(X) for X, _ in parts]
        assert len(parts) == len(batches(numbered(n_rows), batch_size))
        assert max(lengths) <= batch_size
        assert max(lengths) - min(lengths) <= 1
        rows = torch.cat([y for _, y in parts])
        assert sorted(rows.tolist()) == list(range(n_rows))
        assert torch.equal(torch.cat([X for X, _ in parts])[:, 0], rows.float())


@few
@given(n_rows=sizes, batch_size=sizes, data=st.data())
def test_a_subset_yields_its_own_rows(n_rows, batch_size, data):
    chosen = data.draw(st.lists(st.integers(0, n_rows - 1), min_size=1, unique=True))
    subset = Subset(numbered(n_rows), np.array(chosen))
    ordered = torch.cat([y for _, y in RowBatches(subset, batch_size)])
    shuffled = torch.cat([y for _, y in ShuffledBatches(subset, batch_size)])
    assert ordered.tolist() == chosen
    assert sorted(shuffled.tolist()) == sorted(chosen)


@few
@given(n_rows=sizes, batch_size=sizes)
def test_gathered_blocks_are_the_rows(n_rows, batch_size):
    X = np.arange(3 * n_rows, dtype=np.float32).reshape(n_rows, 3)
    blocks = (block for block, _ in RowBatches(LabelledRows(X), batch_size))
    gathered = gather_rows(blocks, n_rows)
    np.testing.assert_array_equal(gathered, X)
    assert gathered.dtype == np.float32


@few
@given(labels=st.lists(st.sampled_from(["a", "bb", "c", "é", ""]), min_size=1))
def test_positions_encode_labels(labels):
    classes = find_classes(np.array(labels))
    positions = label_positions(np.array(labels), classes)
    assert positions.dtype == np.int64
    assert classes[positions].tolist() == labels
    assert classes.tolist() == sorted(set(labels))


def test_no_batch_for_batch_norm_has_a_single_row():
    norm = torch.nn.BatchNorm1d(1)
    for X, _ in ShuffledBatches(numbered(33), 32):
        norm(X)


def test_same_batches_in_the_same_order():
    batches = [(torch.tensor([i]), [torch.tensor([i]), "text"]) for i in range(5)]
    pinned = []
    ahead = ReadAhead(batches, pin=lambda part: pinned.append(part) or part + 1)
    assert len(ahead) == 5
    for _ in range(2):
        found = [(int(a), int(b), text) for a, (b, text) in ahead]
        assert found == [(i + 1, i + 1, "text") for i in range(5)]
    assert len(pinned) == 20


def test_errors_are_raised_and_iteration_may_stop_early():
    class Broken(list):
        def __iter__(self):
            yield torch.zeros(1)
            raise ValueError("row 7 is spoilt")

    ahead = ReadAhead(Broken(), pin=nn.Identity())
    with pytest.raises(ValueError, match="row 7 is spoilt"):
        list(ahead)
    next(iter(ReadAhead([torch.zeros(1)] * 3, pin=nn.Identity())))
