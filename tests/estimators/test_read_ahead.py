"""Batches are read one ahead, in the same order."""

import pytest
import torch
from torch import nn

from modal_clustermargin.estimators._read_ahead import ReadAhead


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
