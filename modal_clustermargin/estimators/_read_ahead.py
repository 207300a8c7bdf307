"""Reading of the next batch while a GPU processes the present one."""

from concurrent.futures import ThreadPoolExecutor

import torch


class ReadAhead:
    """Batches in page-locked memory, read one ahead by a thread.

    A copy from page-locked memory to a GPU does not block the network. The order of
    the batches and the random draws do not change.
    """

    def __init__(self, batches, pin=torch.Tensor.pin_memory):
        self.batches = batches
        self.pin = pin

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        batches = iter(self.batches)
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(self._next, batches)
            while (batch := coming.result()) is not None:
                coming = reader.submit(self._next, batches)
                yield batch

    def _next(self, batches):
        batch = next(batches, None)
        return None if batch is None else map_tensors(batch, self._pinned)

    def _pinned(self, tensor):
        return self.pin(tensor) if tensor.device.type == "cpu" else tensor


def map_tensors(batch, change):
    """Change every tensor in nested tuples and lists; leave the rest as it is."""
    if torch.is_tensor(batch):
        return change(batch)
    if isinstance(batch, tuple | list):
        return type(batch)(map_tensors(part, change) for part in batch)
    return batch
