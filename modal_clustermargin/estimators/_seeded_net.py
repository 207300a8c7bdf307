"""How a skorch net is made and run here: by its own seed, on its own device.

What X and y are, and what a prediction is, stands in `_network_classifier.py`.
"""

import copy
from contextlib import contextmanager, suppress
from types import MappingProxyType

from skorch import NeuralNetClassifier
from skorch.callbacks import PassthroughScoring
from skorch.utils import to_device
from torch import nn, optim

from modal_clustermargin.estimators._devices import resolve_device
from modal_clustermargin.estimators._logits import logits_of
from modal_clustermargin.estimators._module_arguments import learned_arguments
from modal_clustermargin.estimators._schedules import RateSchedule
from modal_clustermargin.estimators._seeding import (
    borrowed_generators,
    own_random_state,
)


class _StoppedByCallback(Exception):
    """A callback has seen enough epochs."""


@contextmanager
def _explained_batch_norm(n_samples):
    """Say in a user's words that batch norm cannot train on a single sample."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ValueError(
            "The network has batch norm, which cannot train on a batch of one sample;"
            f" got n_samples={n_samples}. Label a second sample first, or raise"
            " batch_size."
        ) from error


class SeededNet(NeuralNetClassifier):
    """Base class of `NetworkClassifier`, which declares the parameters.

    Read here are `module`, `device`, `random_state`, `predict_batch_size` and
    `schedule`, beside those of skorch.
    """

    # What skorch puts into every instance, and scikit-learn wants `__init__` to
    # leave alone; `initialize` gives an instance its own.
    history_ = None
    initialized_ = False
    virtual_params_ = MappingProxyType({})

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
        self.device_ = resolve_device(self.device)
        self.random_state_ = own_random_state(self.random_state)
        return super().initialize()

    def initialize_module(self):
        """Make `module_` on the CPU, whose draws are the same everywhere."""
        with self._own_randomness():
            self.module_ = self._make_module().to(self.device_)
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
        if training:
            return super().get_iterator(dataset, training=True)
        arguments = self.get_params_for("iterator_valid")
        return self.iterator_valid(
            dataset, **{"batch_size": self.predict_batch_size, **arguments}
        )

    def infer(self, x, **fit_params):
        """Module output for one batch, computed on `device_`."""
        return super().infer(to_device(x, self.device_), **fit_params)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Loss of one batch, of the logits alone where there is more."""
        y_true = to_device(y_true, self.device_)
        return super().get_loss(logits_of(y_pred), y_true, *args, **kwargs)

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks, and tell their stop from the user's Ctrl-C."""
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt as stop:
            raise _StoppedByCallback from stop

    @property
    def _default_callbacks(self):
        callbacks = [
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
        ]
        if self.verbose:
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
        # A parameter may be an instance; skorch takes it for a network made
        # in the wrong place when set_params sets it.
        if name in ("module", "criterion"):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def __setstate__(self, state):
        # With device=None skorch would unpickle to the CPU, and warn of it.
        automatic = state["device"] is None
        if automatic:
            state = {**state, "device": str(resolve_device(None))}
        super().__setstate__(state)
        if hasattr(self, "device_"):
            self.device_ = resolve_device(self.device)
        if automatic:
            self.device = None

    def _train(self, X, y, **fit_params):
        # skorch's own partial_fit takes Ctrl-C for the end of this fit, and a
        # loop of a hundred fits would go on to the next.
        self.notify("on_train_begin", X=X, y=y)
        with (
            suppress(_StoppedByCallback),
            self._own_randomness(),
            _explained_batch_norm(len(X)),
        ):
            self.fit_loop(X, y, **fit_params)
        self.notify("on_train_end", X=X, y=y)

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
