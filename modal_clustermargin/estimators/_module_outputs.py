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


def check_outputs(outputs, nonlinearity, criterion, is_chosen, is_multi_label):
    """Raise ValueError if outputs of a few samples do not fit the loss.

    `nonlinearity` turns them into probabilities; `is_chosen` says whether it is the
    user's choice, which is not checked. The outputs carry their gradient functions.
    """
    criterion = getattr(criterion, "_orig_mod", criterion)  # of a compiled one
    if not torch.isfinite(outputs).all():
        return
    if isinstance(criterion, nn.NLLLoss):
        if not _are_probabilities(outputs):
            raise ValueError(
                "With criterion=nn.NLLLoss, as in skorch, the module must return"
                " probabilities, whose logarithm is the loss; it does not. Leave"
                " criterion out: the default, nn.CrossEntropyLoss, is the same loss of"
                " logits or of log-probabilities, such as nn.LogSoftmax returns."
            )
        return
    if is_chosen:
        return
    proba = nonlinearity(outputs)
    loss = type(criterion).__name__
    made_by = _last_function(outputs)
    if not torch.equal(proba, outputs) and (
        made_by.startswith(("Sigmoid", "Softmax"))
        or (not is_multi_label and _are_probabilities(outputs))
    ):
        raise ValueError(
            f"The module returns probabilities, and {loss} needs logits, which become"
            " probabilities later. Remove the last softmax or sigmoid of the module. If"
            " the module returns logits in training and probabilities in evaluation,"
            " set predict_nonlinearity=None."
        )
    if not _are_probabilities(proba, is_multi_label):
        raise ValueError(
            f"With the criterion {loss}, the outputs of the module are taken as"
            " probabilities, and they are none. Set predict_nonlinearity= to a function"
            " that turns them into probabilities, or to None if none are needed."
        )


def _are_probabilities(values, is_multi_label=False):
    if values.min() < 0 or values.max() > 1 + 1e-4:
        return False
    return is_multi_label or bool(((values.sum(dim=1) - 1).abs() < 1e-4).all())


def _last_function(output):
    """Name of the gradient of the function that returned a tensor, before slices."""
    node = output.grad_fn
    while node is not None and node.name().startswith(("Slice", "ToCopy")):
        node = node.next_functions[0][0]
    return "" if node is None else node.name()


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
