"""
Cluster-Margin beside margin and random on handwritten digits
=============================================================

Who learns most from the same number of labels? A small convolutional network
starts from 20 labelled images and asks for 40 more in each of eight rounds,
inside modAL's ActiveLearner. Every strategy starts from the same images and the
same weights, once for each seed.
"""

# %%
# Run it with ``make demo``, or ``python examples/digits.py --help``.
import argparse
import csv
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
from modAL.models import ActiveLearner
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from modal_clustermargin import ClusterMargin, MarginSampling, RandomSampling
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet

N_INITIAL = 20
N_INSTANCES = 40
COLORS = {"Cluster-Margin": "#d1495b", "margin": "#00798c", "random": "#8d96a3"}


def strategies(seed):
    """The three to compare."""
    return {
        "Cluster-Margin": ClusterMargin(random_state=seed),
        "margin": MarginSampling(),
        "random": RandomSampling(random_state=seed),
    }


# %%
# This is the loop that a user of modAL writes: query, label, teach, delete.
def accuracies(strategy, data, n_rounds, seed):
    """Test accuracy before the first round and after each."""
    X_initial, y_initial, X_pool, y_pool, X_test, y_test = data
    learner = ActiveLearner(
        NetworkClassifier(SmallConvNet, max_epochs=20, random_state=seed),
        query_strategy=strategy,
        X_training=X_initial,
        y_training=y_initial,
    )
    yield learner.score(X_test, y_test)
    for _ in range(n_rounds):
        indices, images = learner.query(X_pool, n_instances=N_INSTANCES)
        learner.teach(images, y_pool[indices])
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
        yield learner.score(X_test, y_test)


def split(seed):
    """Labelled images to begin with, a pool, and images to be tested on."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 1, 8, 8) / 16
    X, X_test, y, y_test = train_test_split(X, y, test_size=500, random_state=seed)
    order = np.random.RandomState(seed).permutation(len(X))
    initial, pool = order[:N_INITIAL], order[N_INITIAL:]
    return X[initial], y[initial], X[pool], y[pool], X_test, y_test


def compare(seeds, n_rounds):
    """Accuracy by strategy: arrays of shape (n_seeds, n_rounds + 1)."""
    results = {name: np.full((len(seeds), n_rounds + 1), np.nan) for name in COLORS}
    n_fits = len(seeds) * len(COLORS) * (n_rounds + 1)
    with tqdm(total=n_fits, unit="fit", disable=None) as progress:
        for i, seed in enumerate(seeds):
            for name, strategy in strategies(seed).items():
                progress.set_description(f"seed {seed}, {name}")
                curve = accuracies(strategy, split(seed), n_rounds, seed)
                for r, accuracy in enumerate(curve):
                    results[name][i, r] = accuracy
                    progress.update()
    return results


# %%
# What came of it: a table to read, a table to compute with, and a picture.
def n_labels(n_rounds):
    return N_INITIAL + N_INSTANCES * np.arange(n_rounds + 1)


def print_table(results, n_rounds):
    n_seeds = len(next(iter(results.values())))
    print(f"\nTest accuracy, mean and standard deviation of {n_seeds} seeds")
    print("labels" + "".join(f"{name:>20}" for name in results))
    for r, n in enumerate(n_labels(n_rounds)):
        columns = [accuracy[:, r] for accuracy in results.values()]
        cells = [f"{a.mean():.3f} ± {a.std():.3f}" for a in columns]
        print(f"{n:6}" + "".join(f"{cell:>20}" for cell in cells))
    # The start is the same for all: it says nothing of a strategy.
    means = {name: a[:, 1:].mean() for name, a in results.items()}
    print("  mean" + "".join(f"{mean:>20.4f}" for mean in means.values()))
    ours = results["Cluster-Margin"][:, 1:].mean(axis=1)
    for name in ("margin", "random"):
        gains = ours - results[name][:, 1:].mean(axis=1)
        print(
            f"Cluster-Margin above {name} by {gains.mean():+.4f}"
            f" (better with {np.count_nonzero(gains > 0)} of {n_seeds} seeds)"
        )


def write_table(results, n_rounds, path):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["strategy", "seed", "n_labels", "accuracy"])
        for name, accuracy in results.items():
            for seed, curve in enumerate(accuracy):
                for n, a in zip(n_labels(n_rounds), curve, strict=True):
                    rows.writerow([name, seed, n, f"{a:.4f}"])


def draw(results, n_rounds, path):
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    for name, accuracy in results.items():
        mean = accuracy.mean(axis=0)
        error = accuracy.std(axis=0) / np.sqrt(len(accuracy))
        x = n_labels(n_rounds)
        axes.plot(x, mean, color=COLORS[name], label=name, marker="o", markersize=4)
        axes.fill_between(
            x, mean - error, mean + error, color=COLORS[name], alpha=0.2, linewidth=0
        )
    axes.set(
        xlabel="labelled images",
        ylabel="test accuracy",
    )
    axes.set_title(
        f"Digits, {N_INSTANCES} labels a round: mean of {len(accuracy)} seeds, and its"
        " standard error",
        fontsize=10,
    )
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    parser.add_argument("--seeds", type=int, default=10, help="how many (default: 10)")
    parser.add_argument("--rounds", type=int, default=8, help="(default: 8)")
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder")
    parser.add_argument("--short", action="store_true", help="2 seeds, 2 rounds")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.seeds, arguments.rounds = 2, 2
    if arguments.seeds < 1 or not 1 <= arguments.rounds <= 30:
        parser.error("at least 1 seed and between 1 and 30 rounds are needed")
    arguments.output.mkdir(parents=True, exist_ok=True)
    # modAL's, of scikit-learn 1.6 and 1.7, at every teach.
    warnings.filterwarnings("ignore", "'force_all_finite'", FutureWarning)

    results = compare(range(arguments.seeds), arguments.rounds)
    print_table(results, arguments.rounds)
    write_table(results, arguments.rounds, arguments.output / "digits.csv")
    draw(results, arguments.rounds, arguments.output / "digits.png")
    print(f"\nLearning curves: {arguments.output / 'digits.png'}")


if __name__ == "__main__":
    main()
