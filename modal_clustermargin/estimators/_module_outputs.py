"""Outputs of a module: its logits, a hidden layer, and the head between the two."""

from contextlib import contextmanager

import torch
from torch import nn

from modal_clustermargin._unknown_names import nearest


def logits_of(output):
    """The output itself or, if it is a tuple, its first item."""
    return output[0] if isinstance(output, tuple) else output


def class_logits(output, n_classes):
    """Keep one column of the logits for each class, in float32, in a tensor or a tuple.

    None as `n_classes` keeps all.
    """
    logits = kept = logits_of(output)
    if n_classes is not None:
        if logits.ndim != 2 or logits.shape[1] < n_classes:
            raise ValueError(
                "The module must return logits of shape (n_samples, n_classes), at"
                f" least one for each of {n_classes} classes; it returned shape"
                f" {tuple(logits.shape)}."
            )
        if logits.shape[1] > n_classes:  # slicing adds a step to backward
            kept = logits[:, :n_classes]
    kept = kept.float()
    return (kept, *output[1:]) if isinstance(output, tuple) else kept


@contextmanager
def watched_layer(module, layer=None):
    """Watch the output of a layer during forward passes; yields a WatchedLayer.

    None watches the input of the head, the Linear layer that runs last.
    """
    # A compiled module does not call hooks that were added after compiling, so
    # it runs uncompiled here, and its layers have their original names.
    module = getattr(module, "_orig_mod", module)
    layers = {name: part for name, part in module.named_modules() if name}
    if layer is None:
        parts = [part for part in module.modules() if isinstance(part, nn.Linear)]
    elif layer in layers:
        parts = [layers[layer]]
    else:
        raise ValueError(
            f"The module has no layer {layer!r}.{nearest(layer, layers)} It has:"
            f" {', '.join(layers)}."
        )
    watched = WatchedLayer(layer, layers)
    handles = [part.register_forward_hook(watched.see) for part in parts]
    try:
        with torch.compiler.set_stance("force_eager"):
            yield watched
    finally:
        for handle in handles:
            handle.remove()


class WatchedLayer:
    """Holds the activations of the latest forward pass only."""

    def __init__(self, layer, names):
        self._layer = layer
        self._names = names
        self._activations = self._head = None

    def see(self, part, args, output):
        if self._layer is None:
            # Of all Linear layers, the one that runs last overwrites the others.
            self._head, self._activations = part, args[0]
            return
        output = logits_of(output)
        # A copy, because the next layer may change this output in place.
        self._activations = output.clone() if torch.is_tensor(output) else output

    def head(self):
        """The Linear layer that ran last."""
        if self._head is None:
            raise ValueError(
                "The head of a network is the Linear layer that runs last, and no"
                " Linear layer ran. For embed, name another layer, one of:"
                f" {', '.join(self._names)}."
            )
        return self._head

    def take(self, n_samples):
        """Activations as a tensor of shape (n_samples, n_hidden)."""
        activations, self._activations = self._activations, None
        if self._layer is None:
            self.head()  # raises an error if there is none
        found = getattr(activations, "shape", type(activations).__name__)
        if found[:1] != (n_samples,):
            raise ValueError(
                f"Layer {self._layer!r} does not return one row per sample: for"
                f" {n_samples} samples it returned {found}, or did not run."
            )
        return activations.detach().reshape(n_samples, -1)


def give_rate(optimizer, head, lr):
    """Set a separate learning rate for the parameters of a head, in place."""
    own = set(head.parameters())
    for group in optimizer.param_groups:
        group["params"] = [part for part in group["params"] if part not in own]
    optimizer.add_param_group({"params": list(head.parameters()), "lr": lr})


@torch.no_grad()
def give_weights(probe, head):
    """Copy the weights of a probe into the first outputs of a head."""
    parts = list(probe.parameters())
    if [part.ndim for part in parts] != [2, 1]:
        raise ValueError(
            "linear_probe must have one Linear layer with a bias, and no other"
            f" parameters; {type(probe).__name__} does not. Pass a LinearProbe()."
        )
    weight, bias = parts
    head.weight[: len(weight)] = weight
    if head.bias is not None:
        head.bias[: len(bias)] = bias
