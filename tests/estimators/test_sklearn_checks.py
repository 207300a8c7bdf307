"""scikit-learn's own contract for an estimator."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
)

_BATCHES = (
    "Rows are trained on in batches: two copies of a row fall into different batches,"
    " while a weight of two is a factor of one loss."
)
EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": _BATCHES,
}


def checks_of(estimator):
    return estimator_checks_generator(
        estimator, expected_failed_checks=EXPECTED_TO_FAIL, mark="xfail"
    )


# A list, and not parametrize_with_checks: scikit-learn 1.7 hands pytest a
# generator, which pytest 9 deprecates.
CHECKS = [
    *checks_of(NetworkClassifier(MLP, max_epochs=20)),
    *checks_of(
        NetworkClassifier(MLP, max_epochs=20, linear_probe=LinearProbe(max_epochs=5))
    ),
    *checks_of(ProxyClassifier()),
]


def name_of(part):
    while hasattr(part, "func"):
        part = part.func
    return getattr(part, "__name__", type(part).__name__)


# check_set_params warns where a parameter refuses a senseless value, as
# skorch's callbacks do.
@pytest.mark.filterwarnings("ignore:.*during set_params of param:UserWarning")
@pytest.mark.filterwarnings("ignore:Estimator's parameters changed:UserWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=name_of)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_there_are_checks():
    assert len(CHECKS) > 40
