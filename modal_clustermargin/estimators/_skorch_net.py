"""The methods that skorch calls: module, batches, loss, training and parameters.

`_base_network.py` adds `fit` and the predictions.
"""

import copy
import re
from contextlib import contextmanager, nullcontext, suppress
from inspect import signature
from types import MappingProxyType

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch import NeuralNetClassifier
from skorch.dataset import unpack_data
from torch import nn, optim
from torch.utils.data import Subset

from modal_clustermargin._devices import resolve_device
from modal_clustermargin._progress import progress_bar
from modal_clustermargin.estimators._batches import (
    ReadAhead,
    counted,
    map_tensors,
    rows_behind,
    scored,
    with_transform,
)
from modal_clustermargin.estimators._labels import as_labels, find_classes, settle
from modal_clustermargin.estimators._module_outputs import (
    check_outputs,
    class_logits,
    logits_of,
)
from modal_clustermargin.estimators._rate_schedule import RateSchedule
from modal_clustermargin.estimators._samples import as_samples
from modal_clustermargin.estimators._seeding import borrowed_generators

_WHO = "NetworkClassifier"

# What torch says if a layer cannot read its input.
_WRONG_SHAPE = re.compile(
    "shapes cannot be multiplied|expected input|Expected .* input to conv"
    "|expected .*D input|Kernel size can't be greater"
)


class SkorchNet(NeuralNetClassifier):
    """A skorch net that draws from its own seed, on its own device."""

    # skorch sets these in `__init__`, where scikit-learn allows parameters only.
    history_ = None
    initialized_ = False
    virtual_params_ = MappingProxyType({})

    is_multi_label_ = False  # until `fit` has seen labels

    def __init__(self, module, **parameters):
        super().__init__(module, **parameters)
        for name in ("history_", "initialized_", "virtual_params_"):
            del self.__dict__[name]

    # ---- network, criterion and optimizer ----------------------------------

    def initialize(self):
        """Create a new network, a new optimizer and new callbacks; returns self."""
        if not isinstance(self.callbacks, list | None | str):
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
        if self.max_epochs < 0:
            raise ValueError(f"max_epochs must be at least 0; got {self.max_epochs}.")
        self.device_ = resolve_device(self.device, _WHO)
        seed = self.random_state
        if seed is None:  # scikit-learn would draw from numpy's global generator
            seed = int(np.random.default_rng().integers(2**32))
        self.random_state_ = check_random_state(seed)
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
        learned = {
            "n_features": shape[0] if len(shape) == 1 else None,
            "n_classes": self._n_classes(),
        }
        parameters = signature(make).parameters
        set_by_user = {*given, *getattr(make, "keywords", {})}  # of a partial
        missing = []
        for name, number in learned.items():
            if name in set_by_user or name not in parameters:
                continue
            if number is not None:
                given[name] = number
            elif parameters[name].default is parameters[name].empty:
                missing.append(name)
        if missing:
            raise ValueError(
                f"{getattr(make, '__name__', repr(make))} needs"
                f" {' and '.join(missing)}. fit learns n_classes from y, and n_features"
                " from an X of two dimensions; otherwise pass"
                f" {', '.join(f'module__{name}=' for name in missing)}."
            )
        return make(**given)

    def initialize_criterion(self):
        """Create `criterion_`: binary cross-entropy for multi-label data."""
        if self.is_multi_label_ and self.criterion is nn.CrossEntropyLoss:
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
        return X if self._is_labelled(X) else self._make_dataset(as_samples(X), y)

    def get_split_datasets(self, X, y=None, **fit_params):
        """Training and validation rows; validation rows may be a user's Dataset."""
        training, validation = super().get_split_datasets(X, y, **fit_params)
        if validation is not None and not self._is_labelled(validation):
            samples = as_samples(validation)
            labels = as_labels(samples.labels(), len(samples))
            _, targets = settle(labels, self.classes_, None)
            validation = self._make_dataset(samples, targets)
        return training, validation

    def get_iterator(self, dataset, training=False):
        """Batches of `batch_size` in training, of `predict_batch_size` otherwise."""
        name, size = "iterator_valid", self.predict_batch_size
        transform = self.predict_transform
        if training:
            name, size = "iterator_train", self.batch_size
            if self.train_transform is not None:
                transform = self.train_transform
        dataset = with_transform(dataset, transform)
        size = {"batch_size": len(dataset) if size == -1 else size}
        batches = getattr(self, name)(dataset, **(size | self.get_params_for(name)))
        return ReadAhead(batches) if self.device_.type == "cuda" else batches

    def _make_dataset(self, X, y, weights=None):
        # A user's own `dataset` need not take weights.
        arguments = [X, y] if weights is None else [X, y, weights]
        return self.dataset(*arguments, **self.get_params_for("dataset"))

    def _is_labelled(self, X):
        """Whether X is an instance of `dataset`, and not X of a user."""
        return isinstance(rows_behind(X), self.dataset)

    # ---- one batch ---------------------------------------------------------

    def _set_training(self, training=True):
        # skorch sets the mode of every layer at every batch, which takes a tenth of
        # the training time of a small network.
        if self.module_.training != training or self.criterion_.training != training:
            super()._set_training(training)

    def infer(self, x, **fit_params):
        """Module output for one batch, with a column of logits for each class."""
        x = self._to_device(x)
        if self.mixed_precision and x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        precision = nullcontext()
        if self.mixed_precision:
            precision = torch.autocast(self.device_.type, torch.bfloat16)
        try:
            with precision:
                output = self.module_(x, **fit_params)
        except (RuntimeError, ValueError) as error:
            if not _WRONG_SHAPE.search(str(error)):
                raise
            raise ValueError(
                f"{_WHO}: the module {type(self.module_).__name__} cannot read samples"
                f" of shape {tuple(x.shape[1:])}. Convolutions read images of shape"
                " (channels, height, width), and Linear layers read rows of features."
                " Reshape X with the channels first, repeat grey images over three"
                " channels, choose another module, or set its parameters, such as"
                f" module__in_channels=. torch says: {error}"
            ) from error
        return class_logits(output, self._n_classes())

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Loss of one batch.

        `y_true` may be a pair of targets and sample weights. The loss is then the
        mean of the samples' losses, each multiplied by its weight.
        """
        y_pred, y_true = logits_of(y_pred), self._to_device(y_true)
        if not isinstance(y_true, tuple | list):
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        y_true, weights = y_true
        if not hasattr(self.criterion_, "reduction"):
            raise ValueError(
                "sample_weight needs a criterion with a `reduction`, as torch's losses"
                f" have; {type(self.criterion_).__name__} has none."
            )
        reduction, self.criterion_.reduction = self.criterion_.reduction, "none"
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

    def _to_device(self, batch):
        return map_tensors(batch, lambda part: part.to(self.device_, non_blocking=True))

    def _get_predict_nonlinearity(self):
        if self.is_multi_label_ and self.predict_nonlinearity == "auto":
            has_probabilities = isinstance(self.criterion_, nn.BCELoss)
            return (lambda proba: proba) if has_probabilities else torch.sigmoid
        return super()._get_predict_nonlinearity()

    def _check_outputs(self, rows):
        """Raise ValueError if outputs of the first rows do not fit the criterion."""
        size = 16 if self.batch_size == -1 else self.batch_size
        n_rows = min(16, size, len(rows))
        with borrowed_generators(0, self.device_), torch.enable_grad():
            batches = self.get_iterator(Subset(rows, range(n_rows)))
            self._set_training(False)
            with self._explained_errors("batch_size"):
                outputs = logits_of(self.infer(unpack_data(next(iter(batches)))[0]))
        check_outputs(
            outputs,
            self._get_predict_nonlinearity(),
            self.criterion_,
            is_chosen=self.predict_nonlinearity != "auto",
            is_multi_label=self.is_multi_label_,
        )

    # ---- training and its callbacks ----------------------------------------

    def _train(self, rows, targets, checkpoint=None):
        """Run `max_epochs` epochs, less the epochs that a checkpoint holds."""
        self.notify("on_train_begin", X=rows, y=targets)
        try:
            with self._own_randomness():
                self._run_epochs(rows, targets, checkpoint)
        except BaseException:
            # A callback may fail for lack of a whole epoch, for example to load the
            # best one; its error would hide the first.
            with suppress(Exception):
                self.notify("on_train_end", X=rows, y=targets)
            raise
        if len(self.history):
            self.notify("on_train_end", X=rows, y=targets)
        if checkpoint is not None:
            checkpoint.write(self, is_complete=True)

    def _run_epochs(self, rows, targets, checkpoint):
        # skorch's own loop would take Ctrl-C as the end of this fit only, and a
        # program with a hundred fits would continue with the next one.
        train, valid = self.get_split_datasets(rows, targets)
        datasets = {"dataset_train": scored(train), "dataset_valid": scored(valid)}
        train_batches = self.get_iterator(train, training=True)
        valid_batches = None if valid is None else self.get_iterator(valid)
        n_done = 0 if checkpoint is None else checkpoint.restore(self)
        shown = self.verbose == 1
        n_batches = len(train_batches) if shown else 0
        total = self.max_epochs * n_batches
        bar = progress_bar("fit", "batch", total, shown, n_done=n_done * n_batches)
        with bar as show:
            for epoch in range(n_done, self.max_epochs):
                self.notify("on_epoch_begin", **datasets)
                batches = counted(train_batches, epoch * n_batches, show)
                with self._explained_errors("batch_size"):
                    self.run_single_epoch(batches, True, "train", self.train_step)
                with self._explained_errors("predict_batch_size"):
                    step = self.validation_step
                    self.run_single_epoch(valid_batches, False, "valid", step)
                try:
                    self.notify("on_epoch_end", **datasets)
                except KeyboardInterrupt:  # skorch's EarlyStopping raises it
                    return
                loss = self.history[-1].get("train_loss", np.nan)
                done = f"epoch {epoch + 1}/{self.max_epochs}, loss {loss:.4f}"
                show((epoch + 1) * n_batches, done)
                if checkpoint is not None:
                    checkpoint.write(self)

    def notify(self, method_name, **cb_kwargs):
        """Call the callbacks, with the targets but not the weights of a batch."""
        batch = cb_kwargs.get("batch")
        if batch is not None and isinstance(batch[1], tuple | list):
            cb_kwargs["batch"] = (batch[0], batch[1][0])
        super().notify(method_name, **cb_kwargs)

    @property
    def _default_callbacks(self):
        callbacks = super()._default_callbacks
        if self.verbose < 2:
            callbacks = [pair for pair in callbacks if pair[0] != "print_log"]
        if self.schedule is not None:
            callbacks.append(("schedule", RateSchedule(self.schedule)))
        return callbacks

    @contextmanager
    def _explained_errors(self, name):
        """Explain torch's errors about a batch, whose size is the parameter `name`."""
        try:
            yield
        except torch.OutOfMemoryError as error:
            size = getattr(self, name)
            less = f"{name}={size // 2} or less" if size > 1 else f"a smaller {name}"
            raise MemoryError(
                f"{self.device_} has too little memory for {name}={size}. Set {less},"
                " mixed_precision=True, or use smaller samples."
            ) from error
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise ValueError(
                "The network has batch norm, which cannot train on a batch of one"
                " sample. Label a second sample first, or raise batch_size."
            ) from error

    # ---- parameters and pickles --------------------------------------------

    def set_params(self, **params):
        """Set parameters, which also hold for the next `fit`; returns self."""
        # skorch cannot set these once a network exists, and invalid callbacks never.
        own = {"iterator_train", "iterator_valid", "dataset"}
        own |= set() if self.initialized_ else {"callbacks"}
        for name in list(params):
            if name in own:
                setattr(self, name, params.pop(name))
            elif name.startswith("optimizer__") and name.count("__") == 1:
                setattr(self, name, params[name])  # skorch changes `optimizer_` only
        return super().set_params(**params)

    def _get_param_names(self):
        # skorch would list private attributes among the parameters.
        return [name for name in super()._get_param_names() if name[0] != "_"]

    def _get_params_callbacks(self, deep=True):
        # Until `initialize` has checked them, parameters may be of any kind.
        return super()._get_params_callbacks(deep and self.initialized_)

    def __setattr__(self, name, value):
        # skorch would mistake a parameter that is a torch module for a network that
        # was created outside of `initialize_module`.
        if name.endswith("_"):
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def __setstate__(self, state):
        # With device=None skorch would unpickle to the CPU, with a warning.
        device = state["device"]
        if device is None:
            state = {**state, "device": str(resolve_device(None, _WHO))}
        super().__setstate__(state)
        if hasattr(self, "device_"):
            self.device_ = resolve_device(self.device, _WHO)
        if device is None:
            self.device = None

    def __sklearn_is_fitted__(self):
        return self.initialized_

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
            raise AttributeError("n_features_in_ needs X of two dimensions.")
        return self.layout_.shape[0]

    def _n_classes(self):
        return len(self.classes_) if hasattr(self, "classes_") else None
