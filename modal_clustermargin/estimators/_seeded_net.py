"""How a skorch net is made and run here: by its own seed, on its own device.

What X and y are, and what a prediction is, stands in `_network_classifier.py`.
"""

import copy
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import PassthroughScoring
from skorch.utils import to_device
from torch import nn, optim

from modal_clustermargin._devices import resolve_device
from modal_clustermargin.estimators._batches import with_transform
from modal_clustermargin.estimators._explained_errors import (
    explained_batch_norm,
    explained_memory,
)
from modal_clustermargin.estimators._interrupts import noticed_interrupts
from modal_clustermargin.estimators._last_epoch import LastEpoch
from modal_clustermargin.estimators._logits import full_precision, logits_of
from modal_clustermargin.estimators._read_ahead import ReadAhead, map_tensors
from modal_clustermargin.estimators._schedules import RateSchedule
from modal_clustermargin.estimators._seeding import (
    borrowed_generators,
    own_random_state,
)
from modal_clustermargin.estimators._training_bar import TrainingBar
from modal_clustermargin.estimators.modules._module_arguments import learned_arguments


class _StoppedByCallback(Exception):
    """A callback has seen enough epochs."""


class SeededNet(NeuralNetClassifier):
    """Base class of `NetworkClassifier`, which declares the parameters.

    Read here are `module`, `device`, `random_state`, `predict_batch_size`,
    `schedule`, `mixed_precision`, `train_transform` and `predict_transform`, beside
    those of skorch.
    """

    # What skorch puts into every instance, and scikit-learn wants `__init__` to
    # leave alone; `initialize` gives an instance its own.
    history_ = None
    initialized_ = False
    virtual_params_ = MappingProxyType({})

    # While `fit` runs: the run on disk, the network as it was an epoch ago, and
    # whether Ctrl-C was pressed.
    _run = None
    _last_epoch = None
    _interrupts = None

    def __init__(self, module, **parameters):
        super().__init__(module, **parameters)
        for name in ("history_", "initialized_", "virtual_params_"):
            if name not in parameters:
                del self.__dict__[name]

    def initialize(self):
        """Make network, optimizer and callbacks anew.

        Returns
        -------
        self : SeededNet
        """
        if not isinstance(self.callbacks, list | None | str):
            raise ValueError(
                "callbacks must be a list of skorch callbacks, or of pairs of a name"
                f" and a callback; got {self.callbacks!r}."
            )
        for name in ("batch_size", "predict_batch_size"):
            if getattr(self, name) < 1 and getattr(self, name) != -1:
                raise ValueError(
                    f"{name} needs at least 1 row, or -1 for all at once; got"
                    f" {getattr(self, name)}."
                )
        self.device_ = resolve_device(self.device, "NetworkClassifier")
        self.random_state_ = own_random_state(self.random_state)
        if self._run is not None:
            self._run.settle_randomness(self.random_state_)
        return super().initialize()

    def initialize_module(self):
        """Make `module_` on the CPU, whose draws are the same everywhere."""
        with self._own_randomness():
            module = self._make_module().to(self.device_)
        if self.mixed_precision:
            for part in module.parameters():
                if part.ndim == 4:  # weights of convolutions over images
                    part.data = part.data.contiguous(memory_format=torch.channels_last)
        self.module_ = module
        return self

    def initialize_criterion(self):
        """Make `criterion_` on `device_`."""
        super().initialize_criterion()
        self.criterion_ = self.criterion_.to(self.device_)
        return self

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Arguments of the optimizer; Adam runs fused unless told otherwise."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        # A small network spends a fifth of its training in Adam's loop over
        # the parameters, which fused is a single call.
        told = kwargs.keys() & {"fused", "foreach", "differentiable"}
        if self.optimizer in (optim.Adam, optim.AdamW) and not told:
            kwargs["fused"] = True
        return args, kwargs

    def get_iterator(self, dataset, training=False):
        """Batches of `batch_size` to train on, of `predict_batch_size` to predict."""
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

    def _set_training(self, training=True):
        # skorch tells every layer at every batch, which for a small network is a
        # tenth of the work.
        if self.module_.training != training or self.criterion_.training != training:
            super()._set_training(training)

    def infer(self, x, **fit_params):
        """Module output for one batch, computed on `device_`."""
        x = self._to_device(x)
        if not torch.is_tensor(x):
            return super().infer(x, **fit_params)
        if not self.mixed_precision:
            return self.module_(x, **fit_params)
        if x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device_.type, torch.bfloat16):
            return full_precision(self.module_(x, **fit_params))

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Loss of one batch, of the logits alone where there is more.

        `y_true` may be a pair of targets and weights of the samples.
        """
        y_pred, y_true = logits_of(y_pred), self._to_device(y_true)
        if not isinstance(y_true, tuple | list):
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        return self._weighted_loss(y_pred, *y_true, *args, **kwargs)

    def _weighted_loss(self, y_pred, y_true, weights, *args, **kwargs):
        """The criterion, with a weight for the loss of each sample."""
        criterion = self.criterion_
        reduction = getattr(criterion, "reduction", None)
        if reduction is None:
            raise ValueError(
                "sample_weight that are no whole numbers need a criterion with a"
                f" `reduction`, as torch's have; {type(criterion).__name__} has none."
            )
        criterion.reduction = "none"
        try:
            losses = super().get_loss(y_pred, y_true, *args, **kwargs)
        finally:
            criterion.reduction = reduction
        losses = losses.reshape(len(y_pred), -1).mean(dim=1)
        if reduction == "sum":
            return (losses * weights).sum()
        has_classes = isinstance(criterion, nn.CrossEntropyLoss | nn.NLLLoss)
        of_class = criterion.weight if has_classes else None
        total = weights if of_class is None else weights * of_class[y_true]
        return (losses * weights).sum() / total.sum()

    def validation_step(self, batch, **fit_params):
        """As skorch's, with an error that names `predict_batch_size`."""
        with explained_memory(self.device_, predict_batch_size=self.predict_batch_size):
            return super().validation_step(batch, **fit_params)

    def _to_device(self, batch):
        if isinstance(batch, Mapping):
            return to_device(batch, self.device_)
        return map_tensors(batch, lambda part: part.to(self.device_, non_blocking=True))

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks, and tell their stop from the user's Ctrl-C."""
        batch = cb_kwargs.get("batch")
        if isinstance(batch, tuple | list) and isinstance(batch[1], tuple | list):
            # skorch's own would take the weights for more targets.
            cb_kwargs["batch"] = (batch[0], batch[1][0])
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as stop:
            if self._last_epoch is None or self._interrupts.happened:
                raise
            if method_name == "on_epoch_end":
                self._last_epoch.keep(self)
            raise _StoppedByCallback from stop
        if method_name == "on_epoch_end" and self._last_epoch is not None:
            self._last_epoch.keep(self)

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

    def set_params(self, **params):
        """Set parameters, those of the optimizer for the next `fit` as well.

        Returns
        -------
        self : SeededNet
        """
        for name in ("iterator_train", "iterator_valid", "dataset"):
            # skorch fails to set them once there is a network.
            if name in params:
                setattr(self, name, params.pop(name))
        if not self.initialized_ and "callbacks" in params:
            # skorch would make them now, and fail now if they are none.
            self.callbacks = params.pop("callbacks")
        super().set_params(**params)
        # Of a fitted net, skorch gives them to its present optimizer only.
        for name, value in params.items():
            if name.startswith("optimizer__") and name.count("__") == 1:
                setattr(self, name, value)
        return self

    def _get_param_names(self):
        # skorch would list a set of its own book-keeping among the parameters.
        return [name for name in super()._get_param_names() if name[0] != "_"]

    def _get_params_callbacks(self, deep=True):
        # Whatever callbacks are set to, `get_params` and a clone say so; that
        # they are no callbacks is for `fit` to say.
        is_sound = isinstance(self.callbacks, list | None | str)
        return super()._get_params_callbacks(deep) if is_sound else {}

    def __setattr__(self, name, value):
        # A parameter may be a torch module; skorch takes it for a network made
        # in the wrong place when set_params sets it.
        if name in ("module", "criterion", "train_transform", "predict_transform"):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def __getstate__(self):
        # A callback may pickle the net while it is trained.
        state = super().__getstate__()
        for name in ("_run", "_last_epoch", "_interrupts"):
            state.pop(name, None)
        return state

    def __setstate__(self, state):
        # With device=None skorch would unpickle to the CPU, and warn of it.
        automatic = state["device"] is None
        if automatic:
            state = {**state, "device": str(resolve_device(None, "NetworkClassifier"))}
        super().__setstate__(state)
        if hasattr(self, "device_"):
            self.device_ = resolve_device(self.device, "NetworkClassifier")
        if automatic:
            self.device = None

    def _train(self, X, y, is_fresh, **fit_params):
        n_epochs_before = len(self.history)
        self.notify("on_train_begin", X=X, y=y)
        with (
            noticed_interrupts() as self._interrupts,
            self._own_randomness(),
            explained_batch_norm(len(X)),
            explained_memory(self.device_, batch_size=self.batch_size),
        ):
            is_complete = self._restore_run()
            n_epochs_at_end = n_epochs_before + self.max_epochs
            n_epochs = 0 if is_complete else n_epochs_at_end - len(self.history)
            is_fresh = is_fresh and 0 < n_epochs == self.max_epochs
            self._last_epoch = LastEpoch(self, is_fresh, self._run, n_epochs_at_end)
            try:
                # skorch's own partial_fit takes Ctrl-C for the end of this fit, and
                # a loop of a hundred fits would go on to the next.
                with suppress(_StoppedByCallback):
                    self.fit_loop(X, y, epochs=n_epochs, **fit_params)
            except KeyboardInterrupt:
                self._last_epoch.go_back(self)
                raise
            finally:
                self._last_epoch = None
                self.notify("on_train_end", X=X, y=y)
            if self._run is not None:
                self._run.write(self, is_complete=True)

    def _restore_run(self):
        """Go to where the run on disk ended; whether nothing is left to train."""
        if self._run is None or not self._run.has_begun:
            return False
        return self._run.restore(self)

    def _make_module(self):
        given = self.get_params_for("module")
        is_instance = isinstance(self.module, nn.Module)
        if is_instance and not given:
            # skorch would train the user's own, and the next fit go on from it.
            return copy.deepcopy(self.module)
        make = type(self.module) if is_instance else self.module
        learned = learned_arguments(make, given, self._known_arguments())
        return make(**learned, **given)

    def _known_arguments(self):
        """Arguments of modules that the data supply, for subclasses to fill."""
        return {}

    def _own_randomness(self):
        seed = int(self.random_state_.randint(2**31 - 1))
        return borrowed_generators(seed, self.device_)
