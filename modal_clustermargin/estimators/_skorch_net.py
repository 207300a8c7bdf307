"""The methods that skorch calls: module, batches, loss, callbacks and parameters.

`_base_network.py` adds `fit` and the predictions.
"""

import copy
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import PassthroughScoring
from skorch.utils import is_dataset, to_device
from torch import nn, optim

from modal_clustermargin._devices import resolve_device
from modal_clustermargin.estimators._batches import rows_behind, with_transform
from modal_clustermargin.estimators._datasets import DatasetSamples
from modal_clustermargin.estimators._explained_errors import (
    explained_batch_norm,
    explained_memory,
)
from modal_clustermargin.estimators._labels import as_labels, find_classes, settle
from modal_clustermargin.estimators._logits import (
    full_precision,
    keep_classes,
    logits_of,
)
from modal_clustermargin.estimators._read_ahead import ReadAhead, map_tensors
from modal_clustermargin.estimators._samples import as_samples
from modal_clustermargin.estimators._schedules import RateSchedule
from modal_clustermargin.estimators._seeding import (
    borrowed_generators,
    own_random_state,
)
from modal_clustermargin.estimators._training_bar import TrainingBar
from modal_clustermargin.estimators.modules._module_arguments import learned_arguments

_WHO = "NetworkClassifier"


class _StoppedByCallback(Exception):
    """A callback ended the training after an epoch."""


class SkorchNet(NeuralNetClassifier):
    """A skorch net that draws from its own seed, on its own device."""

    # skorch sets these attributes in `__init__`, where scikit-learn allows parameters
    # only. `initialize` sets them for each instance.
    history_ = None
    initialized_ = False
    virtual_params_ = MappingProxyType({})

    # Set while `fit` runs with a `checkpoint_dir`.
    _checkpoint = None

    def __init__(self, module, **parameters):
        super().__init__(module, **parameters)
        for name in ("history_", "initialized_", "virtual_params_"):
            if name not in parameters:
                del self.__dict__[name]

    # ---- network, criterion and optimizer ----------------------------------

    def initialize(self):
        """Create a new network, a new optimizer and new callbacks.

        Returns
        -------
        self : NetworkClassifier
        """
        if not self._has_sound_callbacks():
            raise ValueError(
                "callbacks must be a list of skorch callbacks, or of pairs of a name"
                f" and a callback; got {self.callbacks!r}."
            )
        for name in ("batch_size", "predict_batch_size"):
            if getattr(self, name) < 1 and getattr(self, name) != -1:
                raise ValueError(
                    f"{name} must be at least 1, or -1 for all rows at once; got"
                    f" {getattr(self, name)}."
                )
        self.device_ = resolve_device(self.device, _WHO)
        self.random_state_ = own_random_state(self.random_state)
        return super().initialize()

    def initialize_module(self):
        """Create `module_` on the CPU, so that weights do not depend on the device."""
        with self._own_randomness():
            module = self._make_module().to(self.device_)
        if self.mixed_precision:
            for part in module.parameters():
                if part.ndim == 4:  # weights of convolutions over images
                    part.data = part.data.contiguous(memory_format=torch.channels_last)
        self.module_ = module
        return self

    def _make_module(self):
        given = self.get_params_for("module")
        is_instance = isinstance(self.module, nn.Module)
        if is_instance and not given:
            # skorch would train, and so change, the user's instance.
            return copy.deepcopy(self.module)
        make = type(self.module) if is_instance else self.module
        shape = self.layout_.shape if hasattr(self, "layout_") else ()
        known = {
            "n_features": shape[0] if len(shape) == 1 else None,
            "n_classes": self._n_classes(),
        }
        return make(**learned_arguments(make, given, known), **given)

    def initialize_criterion(self):
        """Create `criterion_`: binary cross-entropy for multi-label data."""
        if self._has_columns() and self.criterion is nn.CrossEntropyLoss:
            self.criterion_ = nn.BCEWithLogitsLoss(**self.get_params_for("criterion"))
        else:
            super().initialize_criterion()
        self.criterion_ = self.criterion_.to(self.device_)
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Arguments of the optimizer; Adam is fused unless the user says otherwise."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        # A small network spends a fifth of its training in Adam's loop over
        # the parameters; the fused version is a single call.
        chosen = kwargs.keys() & {"fused", "foreach", "differentiable"}
        if self.optimizer in (optim.Adam, optim.AdamW) and not chosen:
            kwargs["fused"] = True
        return args, kwargs

    def _own_randomness(self):
        seed = int(self.random_state_.randint(2**31 - 1))
        return borrowed_generators(seed, self.device_)

    # ---- batches -----------------------------------------------------------

    def get_dataset(self, X, y=None):
        """Rows of X and their targets, as an instance of `dataset`."""
        if self._is_labelled(X):
            return X
        return self._make_dataset(as_samples(X) if is_dataset(X) else X, y)

    def get_split_datasets(self, X, y=None, **fit_params):
        """Training and validation rows; validation rows may be a user's Dataset."""
        training, validation = super().get_split_datasets(X, y, **fit_params)
        if validation is not None and not self._is_labelled(validation):
            samples = DatasetSamples(validation)
            labels = as_labels(samples.labels(), len(samples))
            _, targets = settle(labels, self.classes_, None)
            validation = self._make_dataset(samples, targets)
        return training, validation

    def get_iterator(self, dataset, training=False):
        """Batches of `batch_size` in training, of `predict_batch_size` otherwise."""
        transform = self.predict_transform
        if training and self.train_transform is not None:
            transform = self.train_transform
        dataset = with_transform(dataset, transform)
        if training:
            batches = super().get_iterator(dataset, training=True)
        else:
            size = self.predict_batch_size
            arguments = {
                "batch_size": len(dataset) if size == -1 else size,
                **self.get_params_for("iterator_valid"),
            }
            batches = self.iterator_valid(dataset, **arguments)
        return ReadAhead(batches) if self.device_.type == "cuda" else batches

    def check_data(self, X, y=None):
        """Check nothing: `fit` has checked X and y before skorch asks."""

    def _make_dataset(self, X, y, **arguments):
        return self.dataset(X, y, **arguments, **self.get_params_for("dataset"))

    def _is_labelled(self, X):
        """Whether X was made by `_make_dataset`, and not passed by a user."""
        if not is_dataset(X):
            return False
        ours = self.dataset if isinstance(self.dataset, type) else type(self.dataset)
        return isinstance(rows_behind(X), ours)

    # ---- one batch ---------------------------------------------------------

    def _set_training(self, training=True):
        # skorch sets the mode of every layer at every batch, which takes a tenth of
        # the training time of a small network.
        if self.module_.training != training or self.criterion_.training != training:
            super()._set_training(training)

    def infer(self, x, **fit_params):
        """Module output for one batch, with a column of logits for each class."""
        x = self._to_device(x)
        if not torch.is_tensor(x):
            output = super().infer(x, **fit_params)
        elif not self.mixed_precision:
            output = self.module_(x, **fit_params)
        else:
            if x.ndim == 4:
                x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast(self.device_.type, torch.bfloat16):
                output = full_precision(self.module_(x, **fit_params))
        n_classes = self._n_classes()
        return output if n_classes is None else keep_classes(output, n_classes)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Loss of one batch.

        `y_true` may be a pair of targets and sample weights. The loss is then the
        mean of the samples' losses, each multiplied by its weight.
        """
        y_pred, y_true = logits_of(y_pred), self._to_device(y_true)
        if not isinstance(y_true, tuple | list):
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        y_true, weights = y_true
        reduction = getattr(self.criterion_, "reduction", None)
        if reduction is None:
            raise ValueError(
                "sample_weight needs a criterion with a `reduction`, as torch's losses"
                f" have; {type(self.criterion_).__name__} has none."
            )
        self.criterion_.reduction = "none"
        try:
            losses = super().get_loss(y_pred, y_true, *args, **kwargs)
        finally:
            self.criterion_.reduction = reduction
        weighted = losses.reshape(len(y_pred), -1).mean(dim=1) * weights
        if reduction == "sum":
            return weighted.sum()
        has_classes = isinstance(self.criterion_, nn.CrossEntropyLoss | nn.NLLLoss)
        if has_classes and self.criterion_.weight is not None:
            return weighted.sum() / self.criterion_.weight[y_true].sum()
        return weighted.mean()

    def validation_step(self, batch, **fit_params):
        """Validate one batch; an error about memory names `predict_batch_size`."""
        with explained_memory(self.device_, predict_batch_size=self.predict_batch_size):
            return super().validation_step(batch, **fit_params)

    def _to_device(self, batch):
        if isinstance(batch, Mapping):
            return to_device(batch, self.device_)
        return map_tensors(batch, lambda part: part.to(self.device_, non_blocking=True))

    def _get_predict_nonlinearity(self):
        if self._has_columns() and self.predict_nonlinearity == "auto":
            return torch.sigmoid
        return super()._get_predict_nonlinearity()

    # ---- training and its callbacks ----------------------------------------

    def _train(self, rows, targets, **fit_params):
        """Run `max_epochs` epochs, less the epochs that a checkpoint holds."""
        self.notify("on_train_begin", X=rows, y=targets)
        n_epochs = self.max_epochs
        try:
            with (
                self._own_randomness(),
                explained_batch_norm(len(rows)),
                explained_memory(self.device_, batch_size=self.batch_size),
            ):
                if self._checkpoint is not None:
                    is_complete = self._checkpoint.restore(self)
                    n_epochs = 0 if is_complete else n_epochs - len(self.history)
                # skorch's own loop would catch Ctrl-C and end only this fit, and a
                # program with a hundred fits would continue with the next one.
                with suppress(_StoppedByCallback):
                    self.fit_loop(rows, targets, epochs=n_epochs, **fit_params)
        finally:
            self.notify("on_train_end", X=rows, y=targets)
        if self._checkpoint is not None:
            self._checkpoint.write(self, is_complete=True)

    def notify(self, method_name, **cb_kwargs):
        """Call the callbacks; after an epoch, they may stop the training."""
        batch = cb_kwargs.get("batch")
        if isinstance(batch, tuple | list) and isinstance(batch[1], tuple | list):
            # skorch's callbacks would mistake the weights for targets.
            cb_kwargs["batch"] = (batch[0], batch[1][0])
        if method_name != "on_epoch_end":
            super().notify(method_name, **cb_kwargs)
            return
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as stop:  # skorch's EarlyStopping raises it
            raise _StoppedByCallback from stop
        if self._checkpoint is not None:
            self._checkpoint.write(self)

    @property
    def _default_callbacks(self):
        callbacks = [
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
        ]
        if self.verbose == 1:
            callbacks = [*callbacks, ("bar", TrainingBar())]
        elif self.verbose:
            callbacks = super()._default_callbacks
        if self.schedule is not None:
            callbacks = [*callbacks, ("schedule", RateSchedule(self.schedule))]
        return callbacks

    # ---- parameters and pickles --------------------------------------------

    def set_params(self, **params):
        """Set parameters; optimizer settings hold for the next `fit`, too.

        Returns
        -------
        self : NetworkClassifier
        """
        for name in ("iterator_train", "iterator_valid", "dataset"):
            # skorch cannot set these parameters once a network exists.
            if name in params:
                setattr(self, name, params.pop(name))
        if not self.initialized_ and "callbacks" in params:
            # skorch would create the callbacks here, and raise an error if invalid.
            self.callbacks = params.pop("callbacks")
        super().set_params(**params)
        # In a fitted net, skorch changes the present optimizer only.
        for name, value in params.items():
            if name.startswith("optimizer__") and name.count("__") == 1:
                setattr(self, name, value)
        return self

    def _get_param_names(self):
        # skorch would list private attributes among the parameters.
        return [name for name in super()._get_param_names() if name[0] != "_"]

    def _get_params_callbacks(self, deep=True):
        # `get_params` and `clone` accept invalid callbacks; `fit` raises the error.
        return super()._get_params_callbacks(deep and self._has_sound_callbacks())

    def _has_sound_callbacks(self):
        return isinstance(self.callbacks, list | None | str)

    def __setattr__(self, name, value):
        # These parameters may be torch modules. When set_params sets one, skorch
        # would mistake it for a network created outside of `initialize_module`.
        if name in ("module", "criterion", "train_transform", "predict_transform"):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def __getstate__(self):
        # A callback may pickle the net during training.
        state = super().__getstate__()
        state.pop("_checkpoint", None)
        return state

    def __setstate__(self, state):
        # With device=None skorch would unpickle to the CPU, with a warning.
        automatic = state["device"] is None
        if automatic:
            state = {**state, "device": str(resolve_device(None, _WHO))}
        super().__setstate__(state)
        if hasattr(self, "device_"):
            self.device_ = resolve_device(self.device, _WHO)
        if automatic:
            self.device = None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # ---- what fit learned about the data -----------------------------------

    @property
    def classes_(self):
        """Labels, sorted: ndarray of shape (n_classes,)."""
        if hasattr(self, "classes_inferred_"):
            return self.classes_inferred_
        if self.classes is None:
            raise AttributeError("classes_ is known only after fit, or with classes=.")
        return find_classes(np.asarray(self.classes))

    @property
    def n_features_in_(self):
        """Number of columns of X at `fit`; AttributeError if X has more dimensions."""
        if len(self.layout_.shape) != 1:
            raise AttributeError(
                f"n_features_in_ needs X of two dimensions; samples have shape"
                f" {self.layout_.shape}."
            )
        return self.layout_.shape[0]

    def _n_classes(self):
        return len(self.classes_) if hasattr(self, "classes_") else None

    def _has_columns(self):
        return getattr(self, "is_multi_label_", False)
