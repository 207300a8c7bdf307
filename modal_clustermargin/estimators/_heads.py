"""The head of a network: its last Linear layer."""

import numpy as np
import torch

from modal_clustermargin.estimators._hidden_layer import watched_layer
from modal_clustermargin.estimators._logits import keep_classes, logits_of

_BLOCK_ROWS = 4096


def give_rate(optimizer, head, lr):
    """Set a separate learning rate for the parameters of a head, in place."""
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
    """Copy the weights of a probe into the first outputs of a head.

    Raises ValueError if the probe is not one Linear layer with a bias.
    """
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


def classifier_of_head(net, X):
    """The head of a fitted network as a classifier of embeddings.

    Returns None if its logits on X differ from those of the network.
    """
    with watched_layer(net.module_) as watched:
        logits, embeddings = [], []
        for output in map(logits_of, net.forward_iter(X)):
            logits.append(output.float())
            embeddings.append(watched.take(len(output)).float().cpu())
    head, logits = watched.head(), torch.cat(logits)
    if head.out_features < logits.shape[1]:
        return None
    classifier = HeadClassifier(head, net._get_predict_nonlinearity(), net.classes_)
    own = classifier.logits(torch.cat(embeddings))
    tolerance = 0.02 if net.mixed_precision else 1e-3
    is_same = torch.allclose(own, logits, rtol=tolerance, atol=tolerance)
    return classifier if is_same else None


class HeadClassifier:
    """The head of a network, as a classifier of the network's embeddings."""

    def __init__(self, head, nonlinearity, classes):
        self.head = head
        self.nonlinearity = nonlinearity
        self.classes_ = classes

    def logits(self, embeddings):
        """Tensor of shape (n_samples, n_classes), on the CPU."""
        weight = self.head.weight
        with torch.inference_mode():
            rows = torch.as_tensor(np.asarray(embeddings, np.float32))
            logits = self.head(rows.to(weight.device, weight.dtype)).float().cpu()
        return keep_classes(logits, len(self.classes_))

    def predict_proba(self, embeddings):
        """Class probabilities: ndarray of shape (n_samples, n_classes), float32."""
        blocks = [
            self.nonlinearity(self.logits(embeddings[start : start + _BLOCK_ROWS]))
            for start in range(0, len(embeddings), _BLOCK_ROWS)
        ]
        return torch.cat(blocks).numpy()

    def embed(self, embeddings):
        """The embeddings themselves."""
        return np.asarray(embeddings)
