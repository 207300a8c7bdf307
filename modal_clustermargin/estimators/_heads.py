"""What is done to the head of a network, its last Linear layer, alone."""

import torch


def give_rate(optimizer, head, lr):
    """Train a head with a learning rate of its own.

    Parameters
    ----------
    optimizer : torch optimizer
        Changed in place: the head moves to a group of its own.

    head : nn.Linear

    lr : float
    """
    own = list(head.parameters())
    ids = {id(part) for part in own}
    for group in optimizer.param_groups:
        group["params"] = [part for part in group["params"] if id(part) not in ids]
    optimizer.param_groups[:] = [
        group for group in optimizer.param_groups if group["params"]
    ]
    optimizer.add_param_group({"params": own, "lr": lr})


@torch.no_grad()
def give_weights(probe, head):
    """Begin a head with the weights of a probe.

    Parameters
    ----------
    probe : nn.Module
        With a Linear layer and nothing else that learns.

    head : nn.Linear
        Changed in place: as many outputs as the probe has, from the first.

    Raises
    ------
    ValueError
        If the probe has something else that learns.
    """
    parts = list(probe.parameters())
    if [part.ndim for part in parts] != [2, 1]:
        raise ValueError(
            "linear_probe must be of one Linear layer, with a bias, and nothing else"
            f" that learns; {type(probe).__name__} is not. Pass a LinearProbe()."
        )
    weight, bias = parts
    head.weight[: len(weight)] = weight
    if head.bias is not None:
        head.bias[: len(bias)] = bias
