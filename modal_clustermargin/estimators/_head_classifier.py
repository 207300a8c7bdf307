"""The head of a trained network as a classifier of its own."""

import numpy as np
import torch

from modal_clustermargin.estimators._logits import keep_classes

_BLOCK_ROWS = 4096


class HeadClassifier:
    """Answers for embeddings what the network answers for the samples they are of.

    Parameters
    ----------
    head : nn.Linear

    nonlinearity : callable
        From logits to probabilities.

    classes : ndarray of shape (n_classes,)

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    """

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
