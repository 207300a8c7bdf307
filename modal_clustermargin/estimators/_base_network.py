"""Training, prediction and embeddings of `NetworkClassifier`.

`_network_classifier.py` declares and describes the parameters; `_skorch_net.py`
holds the methods that skorch calls.
"""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from skorch.utils import to_device
from torch.utils.data import Subset

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.estimators._batches import gather_rows
from modal_clustermargin.estimators._labels import as_labels, as_weights, settle
from modal_clustermargin.estimators._module_outputs import (
    HeadClassifier,
    give_rate,
    give_weights,
    logits_of,
    watched_layer,
)
from modal_clustermargin.estimators._samples import (
    DatasetSamples,
    SampleLayout,
    as_samples,
    check_all_finite,
    check_finite,
)
from modal_clustermargin.estimators._seeding import undisturbed
from modal_clustermargin.estimators._skorch_net import SkorchNet
from modal_clustermargin.estimators._training_checkpoint import TrainingCheckpoint


class TrainingData(NamedTuple):
    """Checked arguments of `fit`."""

    X: object  # what `as_samples` returns
    layout: SampleLayout
    classes: np.ndarray
    targets: np.ndarray  # positions in `classes`, or a column for each label
    weights: np.ndarray | None


class BaseNetworkClassifier(SkorchNet):
    """Base class of `NetworkClassifier`, which describes the parameters."""

    # ---- training ----------------------------------------------------------

    def fit(self, X, y=None, sample_weight=None):
        """Train a fresh network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            None takes the labels of a Dataset.

        sample_weight : array-like of shape (n_samples,), default=None
            Factor of the loss of each sample. Only ratios matter: the weights are
            divided by their mean.

        Returns
        -------
        self : NetworkClassifier

        Raises
        ------
        ValueError
            If X contains NaN or infinity, y is continuous or has another length
            than X, the module cannot read X or has fewer outputs than there are
            classes, or a weight is negative.

        TypeError
            If X is sparse.

        MemoryError
            If a batch is too large for the GPU.

        KeyboardInterrupt
            At Ctrl-C, where skorch would end the fit silently. The network keeps its
            present weights.
        """
        goes_on = self.warm_start and self.initialized_
        data = self._check_training_data(X, y, sample_weight, None, goes_on)
        checkpoint = None
        if self.checkpoint_dir is not None and not goes_on:
            checkpoint = TrainingCheckpoint(self.checkpoint_dir, (self, data))
        return self._fit(data, goes_on, checkpoint)

    def partial_fit(self, X, y=None, classes=None, sample_weight=None):
        """Train the present network for `max_epochs` more; the first call creates it.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`.

        classes : array-like of shape (n_classes,) or None, default=None
            All labels, if the y of the first call may lack some of them. Only the
            first call reads them; None means the labels in its y.

        Returns
        -------
        self : NetworkClassifier
        """
        goes_on = self.initialized_
        data = self._check_training_data(X, y, sample_weight, classes, goes_on)
        return self._fit(data, goes_on)

    def _fit(self, data, goes_on, checkpoint=None):
        self.classes_inferred_ = data.classes
        self.is_multi_label_ = data.targets.ndim == 2
        self.layout_ = data.layout
        rows = self._make_dataset(data.X, data.targets, data.weights)
        if not goes_on:
            self.initialize()
            self._prepare_head(rows, data)
        self._train(rows, data.targets, checkpoint)
        return self

    def _check_training_data(self, X, y, sample_weight, classes, goes_on):
        """Check X, y and weights; if training continues, also against earlier data."""
        with undisturbed():
            X = as_samples(X)
            if y is None and isinstance(X, DatasetSamples):
                y = X.labels()
            layout = SampleLayout.of(X, self.predict_transform)
        labels = as_labels(y, len(X))
        weights = None if sample_weight is None else as_weights(sample_weight, len(X))
        known = None
        # A net that was only initialized knows neither layout nor labels.
        if goes_on and hasattr(self, "layout_"):
            self.layout_.compare(layout)
            if (labels.ndim == 2) != self.is_multi_label_:
                raise ValueError(
                    "y has a column for each label in one call and one label per sample"
                    " in another. Use one form in all calls, or call fit, which starts"
                    " anew."
                )
            known = self.classes_
        if classes is None:
            classes = self.classes if known is None else known
        classes, targets = settle(labels, classes, known)
        if self.train_transform is None and self.predict_transform is None:
            check_all_finite(X)
        return TrainingData(X, layout, classes, targets, weights)

    def _prepare_head(self, rows, data):
        """Train the linear probe and set the learning rate of the head, if wanted."""
        if self.linear_probe is not None:
            with watched_layer(self.module_) as watched:
                embeddings = self._activations(rows, watched)
            probe = clone(self.linear_probe)
            probe.set_params(classes=np.arange(len(data.classes)), device=self.device_)
            if probe.random_state is None:
                probe.set_params(random_state=self.random_state_.randint(2**31 - 1))
            self.linear_probe_ = probe.fit(embeddings, data.targets, data.weights)
            give_weights(probe.module_, watched.head())
        if self.head_lr is not None:
            with watched_layer(self.module_) as watched:
                next(self.forward_iter(Subset(rows, [0])))
            give_rate(self.optimizer_, watched.head(), self.head_lr)

    # ---- prediction --------------------------------------------------------

    def predict(self, X):
        """Most probable label of each sample: ndarray of shape (n_samples,).

        For multi-label data, an ndarray of shape (n_samples, n_classes),
        dtype=int64, with 1 where the probability is at least one half. Raises errors
        as `predict_proba` does, and a ValueError if a probability is NaN: in all rows
        if training diverged, in single rows if their values are too large for the
        network.
        """
        proba = self.predict_proba(X)
        lost = np.isnan(proba).any(axis=1)
        if lost.all():
            raise ValueError(
                "NetworkClassifier.predict got NaN as the probabilities of every row:"
                f" training has diverged. Fit again with an lr below {self.lr:g}, or"
                " with larger batches."
            )
        if lost.any():
            raise ValueError(
                "NetworkClassifier.predict got NaN as the probabilities of row"
                f" {lost.argmax()} of X: its values overflow in the network. Repair or"
                " drop the row, or scale X before fit."
            )
        if self._has_columns():
            return (proba >= 0.5).astype(np.int64)
        positions = proba.argmax(axis=1)
        # skorch's scoring callbacks pass a data set whose y are positions.
        return positions if self._is_labelled(X) else self.classes_[positions]

    def predict_proba(self, X, out=None):
        """Class probabilities, computed in batches.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        out : ndarray of shape (n_samples, n_classes), default=None
            Array of floats to write to, such as a memory map.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), dtype=float32
            Columns are in the order of `classes_`; rows sum to one, except for
            multi-label data. `out` itself, if it was given.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If X holds NaN or infinity, or differs in shape from X at `fit`.
        """
        X = self._check_X(X)
        nonlinearity = self._get_predict_nonlinearity()
        blocks = (nonlinearity(logits_of(each)) for each in self.forward_iter(X))
        return gather_rows(blocks, len(X), out)

    def embed(self, X, layer=None, out=None):
        """Hidden activations, computed in batches with dropout off.

        Raises errors as `predict_proba` does, and a ValueError if there is no such
        layer.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        layer : str or None, default=None
            None returns the last hidden layer: the input of the Linear layer
            that runs last. A name in ``module_.named_modules()`` returns
            the output of that layer.

        out : ndarray of shape (n_samples, n_hidden), default=None
            Array of floats to write to, such as a memory map.

        Returns
        -------
        hidden : ndarray of shape (n_samples, n_hidden), dtype=float32
            Activations with more than two dimensions are flattened. `out` itself, if
            it was given.
        """
        X = self._check_X(X)
        with watched_layer(self.module_, layer) as watched:
            return self._activations(X, watched, out)

    def head_classifier(self, X):
        """A classifier that computes the network's probabilities from embeddings.

        If the embeddings are known, the network need not run again.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            A few samples, on which the outputs of both classifiers are compared.

        Returns
        -------
        head : HeadClassifier or None
            With `predict_proba` and `classes_`. None if the network changes the
            output of its last Linear layer.
        """
        X = self._check_X(X)
        with watched_layer(self.module_) as watched:
            embeddings = self._activations(X, watched)
        layer = watched.head()
        if layer.out_features < len(self.classes_):
            return None
        head = HeadClassifier(layer, self._get_predict_nonlinearity(), self.classes_)
        logits = torch.cat([logits_of(output) for output in self.forward_iter(X)])
        tolerance = 0.02 if self.mixed_precision else 1e-3
        is_same = np.allclose(head.logits(embeddings), logits, tolerance, tolerance)
        return head if is_same else None

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the module's outputs batch by batch, in the order of the rows.

        Unlike in skorch, rows keep their order with ``training=True``, and NaN or
        infinity in X raises a ValueError that names the row.
        """
        n_done = 0
        with (
            self._explained_errors("predict_batch_size"),
            progress_bar("predict", "row", len(X), self.verbose, delay=2) as show,
        ):
            batches = iter(self.get_iterator(self.get_dataset(X)))
            while True:
                with undisturbed():  # a Dataset or a transform may draw
                    batch = next(batches, None)
                if batch is None:
                    return
                check_finite(batch[0], n_done)
                yield to_device(self.evaluation_step(batch, training=training), device)
                n_done += len(batch[0])
                show(n_done)

    def _activations(self, X, watched, out=None):
        outputs = map(logits_of, self.forward_iter(X))
        blocks = (watched.take(len(logits)) for logits in outputs)
        return gather_rows(blocks, len(X), out)

    def _check_X(self, X):
        check_is_fitted(self)
        if self._is_labelled(X):
            return X
        with undisturbed():
            X = as_samples(X)
            layout = SampleLayout.of(X, self.predict_transform)
        if hasattr(self, "layout_"):
            self.layout_.compare(layout)
        return self._make_dataset(X, None)
