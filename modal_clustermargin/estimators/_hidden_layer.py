"""The input or output of a layer while its module runs."""

from contextlib import contextmanager

import torch
from torch import nn

from modal_clustermargin._unknown_names import nearest


@contextmanager
def watched_layer(module, layer=None):
    """Watch one layer of `module` during its forward passes; yields a WatchedLayer.

    `layer` is a name in ``module.named_modules()``, whose output is watched. None
    watches the input of the Linear layer that runs last. Raises ValueError if there is
    no layer of that name.
    """
    # A compiled module does not call hooks that were added after compiling, so
    # it runs uncompiled here, and its layers have their original names.
    module = getattr(module, "_orig_mod", module)
    layers = {name: part for name, part in module.named_modules() if name}
    watched = WatchedLayer(layer, list(layers))
    if layer is None:
        handles = [
            part.register_forward_pre_hook(watched.see_input)
            for part in module.modules()
            if isinstance(part, nn.Linear)
        ]
    elif layer in layers:
        handles = [layers[layer].register_forward_hook(watched.see_output)]
    else:
        raise ValueError(
            f"The module has no layer {layer!r}.{nearest(layer, layers)} It has:"
            f" {', '.join(layers)}."
        )
    try:
        with torch.compiler.set_stance("force_eager"):
            yield watched
    finally:
        for handle in handles:
            handle.remove()


class WatchedLayer:
    """Holds the activations of the latest forward pass only.

    If no layer was named, it also knows the Linear layer that ran last: the head.
    """

    def __init__(self, layer, names):
        self._layer = layer
        self._names = names
        self._activations = None
        self._part = None

    def see_input(self, part, args):
        """Hook of every Linear layer: the one that runs last overwrites the others."""
        self._part = part
        self._activations = args[0]

    def see_output(self, part, args, output):
        """Hook of the named layer, which keeps the first item of a tuple."""
        if isinstance(output, tuple):
            output = output[0]
        if torch.is_tensor(output):
            # A copy, because the next layer may change this output in place.
            output = output.clone()
        self._activations = output

    def head(self):
        """The Linear layer that ran last."""
        if self._part is None:
            raise ValueError(
                "The head of a network is the Linear layer that runs last, and no"
                f" Linear layer ran. The module has: {', '.join(self._names)}."
            )
        return self._part

    def take(self, n_samples):
        """Activations as a tensor of shape (n_samples, n_hidden)."""
        activations, self._activations = self._activations, None
        if activations is None and self._layer is None:
            raise ValueError(
                "embed looks for the input of the last Linear layer, and no Linear"
                f" layer ran. Name a layer, one of: {', '.join(self._names)}."
            )
        if activations is None:
            raise ValueError(f"Layer {self._layer!r} did not run in the forward pass.")
        found = getattr(activations, "shape", type(activations).__name__)
        if found[:1] != (n_samples,):
            raise ValueError(
                f"Layer {self._layer!r} does not return one row per sample: for"
                f" {n_samples} samples it returned {found}."
            )
        return activations.detach().reshape(n_samples, -1)
