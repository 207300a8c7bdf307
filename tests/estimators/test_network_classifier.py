"""Training, predictions and error messages of NetworkClassifier."""

import pickle
from inspect import signature

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn
from torch.utils.data import DataLoader

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
)

LABELS = {
    "strings": np.array(["ash", "birch", "yew"]),
    "gapped integers": np.array([-4, 7, 1000]),
    "whole floats": np.array([0.0, 2.0, 5.0]),
    "objects": np.array(["ash", "birch", "yew"], dtype=object),
}


class FixedWidth(nn.Linear):
    """A network whose width does not depend on the data."""

    def __init__(self, n_outputs):
        super().__init__(4, n_outputs)


class WithHidden(MLP):
    """A network that returns the logits and its hidden layer."""

    def forward(self, X):
        return super().forward(X), self.hidden(X)


def weights(net):
    return nn.utils.parameters_to_vector(net.module_.parameters()).detach()


class TestLearning:
    def test_digits_from_300_labels(self, digits):
        X, y = digits
        net = NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0)
        assert net.fit(X[:300], y[:300]).score(X[300:], y[300:]) >= 0.9

    @pytest.mark.parametrize("names", LABELS.values(), ids=LABELS)
    def test_predicts_the_labels_it_was_given(self, names, net, blobs):
        X, y = blobs
        net.fit(X, names[y])
        np.testing.assert_array_equal(net.classes_, names)
        assert net.predict(X).dtype == names.dtype
        assert (net.predict(X) == names[y]).mean() > 0.95

    def test_takes_labels_as_booleans_and_tensors(self, net, blobs):
        X, y = blobs
        net.fit(X, torch.as_tensor(y == 1))
        assert net.classes_.tolist() == [False, True]
        assert net.predict(X).dtype == bool

    def test_one_class_is_certain(self, net, blobs):
        X, _ = blobs
        net.fit(X, ["only"] * len(X))
        assert (net.predict_proba(X) == 1).all()
        assert set(net.predict(X)) == {"only"}

    def test_one_sample_is_enough(self, net, blobs):
        X, y = blobs
        assert net.fit(X[:1], y[:1]).predict(X).tolist() == [y[0]] * len(X)

    def test_probabilities_are_the_softmax_of_the_logits(self, net, blobs):
        X, y = blobs
        net.fit(X, y)
        logits = net.module_(torch.tensor(X, dtype=torch.float32)).detach()
        expected = torch.softmax(logits, dim=1).numpy()
        assert net.predict_proba(X).dtype == np.float32
        np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-5)

    def test_predictions_do_not_depend_on_the_batch_size(self, net, blobs):
        X, y = blobs
        whole = net.fit(X, y).predict_proba(X)
        in_sevens = net.set_params(predict_batch_size=7).predict_proba(X)
        np.testing.assert_allclose(whole, in_sevens, rtol=1e-5, atol=1e-7)

    def test_trains_on_every_label(self, net, blobs):
        X, y = blobs
        net.fit(X, y)
        epoch = net.history[-1]
        assert sum(batch["train_batch_size"] for batch in epoch["batches"]) == len(X)
        assert len(net.history[:, "train_loss"]) == net.max_epochs

    def test_a_tuple_begins_with_the_logits(self, net, blobs):
        X, y = blobs
        assert net.set_params(module=WithHidden).fit(X, y).score(X, y) > 0.95


class TestStartingAnew:
    def test_fit_forgets_earlier_training(self, net, blobs):
        X, y = blobs
        alone = weights(net.fit(X, y))
        after_others = weights(net.fit(-X, y[::-1].copy()).fit(X, y))
        assert torch.equal(alone, after_others)

    def test_fit_takes_new_classes_and_features(self, net, blobs):
        X, y = blobs
        net.fit(X[y < 2], y[y < 2])
        net.fit(X[:, :3], y)
        assert (net.n_features_in_, len(net.classes_)) == (3, 3)

    def test_an_instance_gives_the_initial_weights_and_does_not_change(self, blobs):
        X, y = blobs
        module = MLP(4, 3)
        before = nn.utils.parameters_to_vector(module.parameters()).clone()
        net = NetworkClassifier(module, max_epochs=2, random_state=0)
        first = weights(net.fit(X, y))
        assert torch.equal(first, weights(net.fit(X, y)))
        assert torch.equal(before, nn.utils.parameters_to_vector(module.parameters()))
        untrained = net.set_params(max_epochs=0).fit(X, y)
        assert torch.equal(before, weights(untrained))

    def test_parameters_set_after_fit_hold_for_the_next(self, net, blobs):
        net.fit(*blobs).set_params(optimizer__weight_decay=0.5, lr=0.1)
        (group,) = net.fit(*blobs).optimizer_.param_groups
        assert (group["weight_decay"], group["lr"]) == (0.5, 0.1)
        assert clone(net).get_params()["optimizer__weight_decay"] == 0.5

    def test_warm_start_continues(self, net, blobs):
        X, y = blobs
        net.set_params(warm_start=True)
        first = weights(net.fit(X, y))
        assert not torch.equal(first, weights(net.fit(X, y)))
        assert len(net.history) == net.max_epochs * 2


class TestPartialFit:
    def test_continues_and_knows_later_classes(self, net, blobs):
        X, y = blobs
        net.partial_fit(X[y == 0], y[y == 0], classes=[2, 1, 0])
        assert net.predict_proba(X).shape == (90, 3)
        net.partial_fit(X, y)
        assert net.score(X, y) > 0.95

    def test_new_label_is_named(self, net, blobs):
        X, y = blobs
        net.partial_fit(X[y < 2], y[y < 2])
        with pytest.raises(ValueError, match=r"\[2\] not in \[0, 1\].*call fit"):
            net.partial_fit(X, y)

    def test_other_classes_are_refused(self, net, blobs):
        net.partial_fit(*blobs, classes=[0, 1, 2])
        with pytest.raises(ValueError, match=r"\[0, 1\] differs .* \[0, 1, 2\]"):
            net.partial_fit(*blobs, classes=[0, 1])

    def test_works_after_initialize(self, net, blobs):
        X, y = blobs
        net.set_params(module__n_features=4, classes=[0, 1, 2]).initialize()
        assert net.predict_proba(X).shape == (90, 3)
        start = weights(net)
        net.partial_fit(X[:9], y[:9])
        assert not torch.equal(start, weights(net))
        assert len(net.history) == net.max_epochs


class TestOutputs:
    def test_spare_outputs_are_ignored(self, blobs):
        X, y = blobs
        net = NetworkClassifier(FixedWidth(n_outputs=10), max_epochs=20).fit(X, y)
        proba = net.predict_proba(X)
        assert proba.shape == (90, 3)
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
        spare = net.module_.weight[3:]
        decayed_start = net.module.weight[3:] * (1 - 0.01 * net.lr) ** 60
        torch.testing.assert_close(spare, decayed_start)

    def test_classes_reserves_columns(self, net, blobs):
        X, y = blobs
        net.set_params(classes=[3, 2, 1, 0]).fit(X, y)
        assert net.classes_.tolist() == [0, 1, 2, 3]
        assert net.predict_proba(X).shape == (90, 4)
        net.set_params(classes=None)
        assert len(net.classes_) == 4  # until the next fit
        assert len(net.fit(X, y).classes_) == 3

    def test_too_few_outputs(self, blobs):
        net = NetworkClassifier(FixedWidth, module__n_outputs=2)
        with pytest.raises(ValueError, match=r"each of 3 classes; .* \(16, 2\)"):
            net.fit(*blobs)

    def test_logits_of_another_rank(self, blobs):
        net = NetworkClassifier(nn.Sequential(nn.Linear(4, 1), nn.Flatten(0)))
        with pytest.raises(ValueError, match=r"\(n_samples, n_classes\).*\(16,\)"):
            net.fit(*blobs)

    def test_module_arguments_of_the_user_are_kept(self, net, blobs):
        net.set_params(module__n_classes=7).fit(*blobs)
        assert net.module_.head.out_features == 7

    def test_an_error_asks_for_the_unknown_width_of_images(self, net, digits):
        with pytest.raises(ValueError, match=r"MLP needs n_features\..*module__n_f"):
            net.fit(*digits)

    def test_initialize_needs_arguments_that_fit_would_set(self, net):
        with pytest.raises(ValueError, match=r"MLP needs n_features and n_classes\."):
            net.initialize()


class TestLabelMessages:
    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "requires y to be passed, but the target y is None"),
            ([0, 1], "X has 90 samples; y has 2 labels"),
            (np.linspace(0, 1, 90), "Unknown label type: continuous"),
            (np.full(90, np.nan), "y contains NaN"),
            ([1, "a"] * 45, None),
            (np.array([1, "a"] * 45, dtype=object), "Unknown label type: .* int, str"),
            (2 * np.eye(90), r"1 where a sample has a label .* y\[0, 0\] is 2.0"),
            (np.zeros((90, 2, 2)), "Found array with dim 3"),
        ],
    )
    def test_bad_labels(self, y, message, net, blobs):
        X, _ = blobs
        if message is None:  # numpy makes strings of them, as everywhere
            assert net.fit(X, y).classes_.tolist() == ["1", "a"]
            return
        with pytest.raises(ValueError, match=message):
            net.fit(X, y)

    def test_label_outside_of_classes(self, net, blobs):
        net.set_params(classes=[0, 1])
        with pytest.raises(ValueError, match=r"not among the classes: \[2\] not in"):
            net.fit(*blobs)

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "embed"])
    def test_before_fit(self, method, net, blobs):
        X, _ = blobs
        with pytest.raises(NotFittedError, match="NetworkClassifier .* not fitted yet"):
            getattr(net, method)(X)

    def test_classes_before_fit(self, net):
        with pytest.raises(AttributeError, match="known only after fit"):
            _ = net.classes_


class TestTools:
    """Tools of scikit-learn and skorch work with NetworkClassifier."""

    def test_clone_and_pickle(self, net, blobs):
        X, y = blobs
        copy = clone(net.fit(X, y))
        assert not hasattr(copy, "module_")
        assert copy.get_params(deep=False) == net.get_params(deep=False)
        thawed = pickle.loads(pickle.dumps(net))
        np.testing.assert_array_equal(thawed.predict_proba(X), net.predict_proba(X))
        assert thawed.device is None
        frozen_then_taught = weights(thawed.partial_fit(X, y))
        assert torch.equal(frozen_then_taught, weights(net.partial_fit(X, y)))

    def test_pipeline_grid_search_and_cross_validation(self, net, blobs):
        X, y = blobs
        net.set_params(max_epochs=40)
        pipeline = make_pipeline(StandardScaler(), net)
        grid = {"networkclassifier__module__n_hidden": [4, 16]}
        search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
        assert search.best_score_ > 0.9
        assert cross_val_score(net, X, np.array(["a", "b", "c"])[y], cv=2).min() > 0.9

    def test_grid_search_among_instances(self, blobs):
        grid = {"module": [MLP(4, 3, n_hidden=32), MLP(4, 3, n_hidden=1)]}
        net = NetworkClassifier(MLP, max_epochs=20, random_state=0)
        search = GridSearchCV(net, grid, cv=2).fit(*blobs)
        assert search.best_estimator_.module_.hidden.out_features == 32

    def test_early_stopping_on_labels_held_out(self, net, blobs):
        X, y = blobs
        net.set_params(
            train_split=ValidSplit(3, stratified=True),
            callbacks=[EarlyStopping(monitor="train_loss", patience=2, threshold=10)],
        )
        net.fit(X, y)
        assert len(net.history) == 3
        assert len(net.history[:, "valid_loss"]) == 3

    def test_verbose_prints_a_line_per_epoch(self, net, blobs, capsys):
        X, y = blobs
        names = np.array(["a", "b", "c"])
        net.set_params(verbose=2, max_epochs=3, train_split=ValidSplit(3)).fit(
            X, names[y]
        )
        assert len(capsys.readouterr().out.splitlines()) == 5  # two of heading
        accuracy = (net.predict(X[:30]) == names[y[:30]]).mean()
        assert net.history[-1, "valid_acc"] == accuracy  # of the 30 held out

    def test_a_data_loader_may_make_the_batches(self, net, blobs):
        net.set_params(iterator_train=DataLoader, iterator_train__shuffle=True)
        assert net.fit(*blobs).score(*blobs) > 0.95

    def test_an_optimizer_without_fused_kernels(self, net, blobs):
        net.set_params(optimizer=torch.optim.RMSprop).fit(*blobs)
        assert net.score(*blobs) > 0.95

    def test_adam_is_fused_unless_told_otherwise(self, net, blobs):
        assert net.fit(*blobs).optimizer_.defaults["fused"]
        net.set_params(optimizer__foreach=True)
        assert not net.fit(*blobs).optimizer_.defaults["fused"]

    def test_misspelt_parameter_is_refused(self, blobs):
        with pytest.raises(ValueError, match=r"unexpected argument\(s\) n_hidden"):
            NetworkClassifier(MLP, n_hidden=3).fit(*blobs)

    def test_ctrl_c_is_raised(self, net, blobs):
        class Interrupted(MLP):
            def forward(self, X):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            net.set_params(module=Interrupted).fit(*blobs)


def test_network_and_settings_are_those_of_the_paper(blobs):
    proxy = ProxyClassifier(random_state=0).fit(*blobs)
    layers = [
        type(layer).__name__ for name, layer in proxy.module_.named_modules() if name
    ]
    assert layers == ["Linear", "BatchNorm1d", "Linear"]
    assert proxy.module_.hidden.out_features == 4
    assert proxy.module_.head.out_features == 3
    group = proxy.optimizer_.param_groups[0]
    assert isinstance(proxy.optimizer_, torch.optim.SGD)
    settings = {name: group[name] for name in ("lr", "momentum", "weight_decay")}
    assert settings == {"lr": 0.1, "momentum": 0.9, "weight_decay": 0}
    assert group["nesterov"]
    assert len(proxy.history) == 50
    assert proxy.score(*blobs) > 0.95


def test_embedding_is_the_input_of_the_head(blobs):
    X, y = blobs
    proxy = ProxyClassifier(module__n_hidden=7, random_state=0).fit(X, y)
    net = proxy.module_.eval()
    with torch.no_grad():
        hidden = net.norm(net.hidden(torch.tensor(X, dtype=torch.float32))).relu()
    np.testing.assert_allclose(proxy.embed(X), hidden, atol=1e-5)


def test_is_cloned_with_every_setting(blobs):
    proxy = ProxyClassifier(lr=0.05, optimizer__nesterov=False, module__n_hidden=5)
    copy = clone(proxy).fit(*blobs)
    group = copy.optimizer_.param_groups[0]
    assert (group["nesterov"], group["lr"]) == (False, 0.05)
    assert copy.module_.hidden.out_features == 5
    with pytest.raises(ValueError, match="parameter"):
        proxy.set_params(n_hidden=3)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (NetworkClassifier, NetworkClassifier),
        (ProxyClassifier, NetworkClassifier),
        (LinearProbe, ProxyClassifier),
    ],
)
def test_a_default_is_in_the_signature_or_inherited(kind, parent):
    shown = signature(kind).parameters
    inherited = parent().get_params(deep=False)
    for name, value in kind().get_params(deep=False).items():
        expected = shown[name].default if name in shown else inherited[name]
        assert value is expected
