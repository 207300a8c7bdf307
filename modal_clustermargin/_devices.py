"""Where torch computes: the device to use, its free memory, its precision.

torch is imported only when a function here is called.
"""

from contextlib import contextmanager


def resolve_device(device, who):
    """Turn the parameter `device` into a torch.device; a CUDA device has an index.

    None is the current CUDA device if there is one, else the CPU. Raises ValueError if
    torch does not know the device, or the CUDA device does not exist.
    """
    import torch

    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        device = "cuda" if n_devices else "cpu"
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"{who} cannot use device={device!r}. Name 'cpu', 'cuda' or 'cuda:N', or"
            " leave device=None."
        ) from error
    if found.type != "cuda":
        return found
    if (found.index or 0) >= n_devices:
        raise ValueError(
            f"{who} got device={str(device)!r}, but torch sees {n_devices} CUDA"
            " devices. Leave device=None to use CUDA only if there is a CUDA device."
        )
    index = torch.cuda.current_device() if found.index is None else found.index
    return torch.device("cuda", index)


def cuda_device(device, who):
    """Turn the parameter `device` into a CUDA device, or None for the CPU.

    Raises ValueError as `resolve_device` does, and for any other kind of device.
    """
    found = resolve_device(device, who)
    if found.type not in ("cpu", "cuda"):
        raise ValueError(
            f"{who} runs on device 'cpu' or 'cuda'; got device={str(device)!r}."
        )
    return found if found.type == "cuda" else None


def free_memory(device):
    """Free bytes of a CUDA device; 4 GiB for any other device."""
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return 2**32


@contextmanager
def float32_products(device):
    """Compute products in float32, even where the user allows TF32 or autocast.

    The error bounds of a neighbour search hold for products in full float32.
    """
    import torch

    products = torch.backends.cuda.matmul
    # torch < 2.9 has only the older setting, and mixing the two raises an error.
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
