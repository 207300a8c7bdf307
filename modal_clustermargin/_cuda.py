"""What computations on a CUDA device have in common.

torch is imported by this file and by those that compute, and they only when there
is a device to ask or enough work to look for one.
"""

from contextlib import contextmanager

import torch


def cuda_device(device, who):
    """The CUDA device that `device` names, or None for the processor.

    Parameters
    ----------
    device : str, torch.device or None
        None is the first CUDA device, if there is one.

    who : str
        Name to give in error messages.

    Raises
    ------
    ValueError
        For what is neither the processor nor a CUDA device, or is not there.
    """
    if device is None:
        return torch.device("cuda") if torch.cuda.is_available() else None
    try:
        named = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"{who} cannot use device={device!r} ({error}). Name 'cpu',"
            " 'cuda' or 'cuda:N', or leave device=None."
        ) from error
    if named.type == "cpu":
        return None
    if named.type != "cuda":
        raise ValueError(
            f"{who} runs on device 'cpu' or 'cuda'; got device={device!r}."
        )
    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if (named.index or 0) >= n_devices:
        raise ValueError(
            f"{who} got device={device!r}, but torch sees {n_devices} CUDA"
            " devices. Leave device=None to use one where there is one."
        )
    return named


def room(device):
    """Bytes to spare on a device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return 2**32


@contextmanager
def float32_products(device):
    """Neither TF32 nor autocast, whatever the user allows: bounds count on float32."""
    products = torch.backends.cuda.matmul
    # torch < 2.9 has the other setting alone; to mix the two is an error.
    is_new = hasattr(products, "fp32_precision")
    if is_new:
        before, products.fp32_precision = products.fp32_precision, "ieee"
    else:
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        if is_new:
            products.fp32_precision = before
        else:
            torch.set_float32_matmul_precision(before)
