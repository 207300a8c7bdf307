"""Classifiers by name, with options that a settings file can hold."""

import numpy as np

from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.comparison._by_name import build_by_path
from modal_clustermargin.comparison._networks import NETWORKS, make_network
from modal_clustermargin.comparison._settings import WHO

_CLASSIC = {
    "logistic": "sklearn.linear_model:LogisticRegression",
    "random-forest": "sklearn.ensemble:RandomForestClassifier",
    "naive-bayes": "sklearn.naive_bayes:GaussianNB",
}
# With constant pixels, the likelihoods are so steep that scikit-learn 1.9 returns a
# probability of one for two classes.
_CLASSIC_DEFAULTS = {"naive-bayes": {"var_smoothing": 1e-3}}


def default_model(data):
    """The name of a model that suits a data set."""
    if data.images is not None:
        return "resnet18"
    if np.ndim(data.y) == 2:
        return "linear"
    return "cnn" if np.ndim(data.X) == 4 else "mlp"


def make_model(settings, data, seed, device=None):
    """Make an unfitted classifier from ``{"name": name, option: value, ...}``.

    The name may be ``"package.module:name"``. A network is a `NetworkClassifier`;
    scikit-learn's classifiers get images as flat rows. Raises ValueError for an unknown
    name or option, or for data that the model cannot learn from.
    """
    options = dict(settings)
    name = options.pop("name")
    if name in NETWORKS:
        return make_network(name, options, data, seed, device)
    if ":" not in name:
        check_known(name, (*NETWORKS, *_CLASSIC), WHO, "model")
    has_columns = name in _CLASSIC and np.ndim(data.y) == 2
    if data.images is not None or has_columns:
        kind = "multi-label data" if has_columns else "images in files"
        raise ValueError(
            f"{WHO} needs a network for {kind}; the model is {name!r}. Choose one of"
            f" {', '.join(NETWORKS)}."
        )
    options = {**_CLASSIC_DEFAULTS.get(name, {}), **options}
    path = _CLASSIC.get(name, name)
    model = build_by_path(path, options, "model", random_state=seed)
    for method in ("fit", "predict_proba"):
        if not hasattr(model, method):
            raise ValueError(f"{WHO} got the model {name!r}, which has no {method}.")
    is_of_sklearn = type(model).__module__.startswith("sklearn.")
    if not is_of_sklearn or np.ndim(data.X) == 2:
        return model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(FunctionTransformer(_flatten), model)


def _flatten(X):
    return np.reshape(X, (len(X), -1))
