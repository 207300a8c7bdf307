"""Where a network runs."""

import torch


def resolve_device(device):
    """Turn the `device` parameter into a torch.device with an index.

    Parameters
    ----------
    device : str, torch.device or None
        None means CUDA where there is one, and the CPU where there is not.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If torch knows no such device, or CUDA is asked for and torch sees none.
    """
    has_cuda = torch.cuda.is_available()
    if device is None:
        device = "cuda" if has_cuda else "cpu"
    try:
        device = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is none that torch knows, such as 'cpu', 'cuda' or"
            " 'cuda:1'."
        ) from error
    if device.type != "cuda":
        return device
    if not has_cuda:
        raise ValueError(
            f"device={str(device)!r} was asked for, and torch sees no CUDA device"
            " here. With device=None a GPU is used only where there is one."
        )
    index = torch.cuda.current_device() if device.index is None else device.index
    return torch.device("cuda", index)
