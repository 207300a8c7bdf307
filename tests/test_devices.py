"""The device that the parameter `device` means."""

import pytest
import torch

from modal_clustermargin._devices import cuda_device, free_memory, resolve_device

HAS_CUDA = torch.cuda.is_available()


def test_device_none_is_the_gpu_if_there_is_one():
    assert resolve_device(None, "X").type == ("cuda" if HAS_CUDA else "cpu")
    assert (cuda_device(None, "X") is not None) == HAS_CUDA


def test_the_cpu_by_name():
    assert resolve_device("cpu", "X") == torch.device("cpu")
    assert cuda_device(torch.device("cpu"), "X") is None
    assert free_memory(torch.device("cpu")) > 0


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda:99", r"BADGE got device='cuda:99', but torch sees \d+ CUDA devices"),
        ("gpu", "BADGE cannot use device='gpu'.*leave device=None"),
        (7.5, "BADGE cannot use device=7.5"),
    ],
)
def test_messages(device, message):
    for find in (resolve_device, cuda_device):
        with pytest.raises(ValueError, match=message):
            find(device, "BADGE")


def test_other_kinds_of_devices_are_for_networks_only():
    assert resolve_device("mps", "X").type == "mps"
    with pytest.raises(ValueError, match="X runs on device 'cpu' or 'cuda'; got .*mps"):
        cuda_device("mps", "X")
