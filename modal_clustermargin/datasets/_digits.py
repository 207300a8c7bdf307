"""scikit-learn's digits, which come with it."""

from modal_clustermargin.datasets._cards import DataCard
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._held_out import held_out

_N_TEST = 500

CARD = DataCard(
    name="digits",
    what="Handwritten digits, as scikit-learn has them.",
    size="1,297 to choose from and 500 to test on, 1 x 8 x 8 in [0, 1], 10 classes",
    licence=(
        "CC BY 4.0; Alpaydin and Kaynak, Optical Recognition of Handwritten Digits,"
        " UCI Machine Learning Repository, 1998"
    ),
    options={},
    needs="nothing",
)


def read(random_state, folder):
    """Digits, 500 of which `random_state` takes for the test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    X = (digits.images[:, None] / 16).astype("float32")
    pool, test = held_out(len(X), _N_TEST, random_state)
    y = digits.target
    return DataSet(
        "digits", X[pool], y[pool], X[test], y[test], classes=digits.target_names
    )
