"""Pools of dask and Zarr, against the same rows in an array."""

import functools
import gc
import shutil
import time

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modal_clustermargin import (
    BADGE,
    AverageLinkage,
    ClusterMargin,
    CoreSet,
    MarginSampling,
    MaxHerding,
    NeighborGraph,
    RandomSampling,
    UncertaintyHerding,
)
from modal_clustermargin.distributed import _dask_pool, _workers
from modal_clustermargin.distributed._workers import Broadcast
from modal_clustermargin.estimators import NetworkClassifier
from modal_clustermargin.learners import ActiveLearner, Committee

rng = np.random.RandomState(0)
X = rng.normal(size=(400, 6)).astype(np.float32)
y = (X[:, 0] > 0) + 1 * (X[:, 1] > 0.5)
CHUNKS = (150, 4)  # uneven, and columns apart


def in_zarr(rows, path, **how):
    chunks = (60, *(max(1, n - 2) for n in rows.shape[1:]))
    stored = zarr.open_array(
        str(path), mode="w", shape=rows.shape, chunks=chunks, dtype=rows.dtype, **how
    )
    stored[:] = rows
    return zarr.open_array(str(path), mode="r")


@pytest.fixture(params=["dask", "zarr"])
def pool(request, tmp_path):
    if request.param == "dask":
        return da.from_array(X, chunks=CHUNKS)
    return in_zarr(X, tmp_path / "pool.zarr")


@functools.cache
def network():
    return NetworkClassifier(max_epochs=2, random_state=0).fit(X[:60], y[:60])


CLASSIFIERS = {
    "rows": lambda: LogisticRegression().fit(X[:60], y[:60]),
    "pipeline": lambda: make_pipeline(PCA(3), LogisticRegression()).fit(X[:60], y[:60]),
    "network": network,
    "unfitted": LogisticRegression,
    "unfitted pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "learner": lambda: ActiveLearner(
        LogisticRegression(), ClusterMargin(), X[:60], y[:60]
    ),
    "committee": lambda: Committee(
        [
            ActiveLearner(network(), X_training=X[:50], y_training=y[:50]),
            ActiveLearner(network(), X_training=X[:30], y_training=y[:30]),
        ]
    ),
}


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_cluster_margin_picks_the_same_in_every_round(client, pool, classifier):
    classifier = CLASSIFIERS[classifier]()
    here, there = ClusterMargin(random_state=0), ClusterMargin(random_state=0)
    rows = np.arange(len(X))
    if not hasattr(pool, "dask"):
        pool = da.from_zarr(pool)
    for _ in range(3):
        here(classifier, X[rows], 20)
        there(classifier, pool[rows], 20)
        picks = here.last_query_.indices
        np.testing.assert_array_equal(there.last_query_.indices, picks)
        np.testing.assert_array_equal(there.last_query_.margin, here.last_query_.margin)
        rows = np.delete(rows, picks)


@pytest.mark.parametrize(
    "strategy",
    [
        MarginSampling(),
        RandomSampling(random_state=0),
        ClusterMargin(random_state=0, embedding=X[:, :3]),
        ClusterMargin(random_state=0, embedding=lambda classifier, rows: rows[:, :3]),
        BADGE(random_state=0),
        CoreSet(random_state=0),
        BADGE(random_state=0, embedding=da.from_array(X[:, :3], chunks=99)),
        CoreSet(random_state=0, embedding=da.from_array(X[:, :3], chunks=99)),
        UncertaintyHerding(NeighborGraph(5)),
        UncertaintyHerding(),
        UncertaintyHerding(embedding=da.from_array(X[:, :3], chunks=99)),
        MaxHerding(NeighborGraph(5), embedding=X[:, :3]),
        MaxHerding(embedding=lambda classifier, rows: rows[:, :3]),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
@pytest.mark.filterwarnings("ignore:.*(out-of-order|Increasing number):Warning")
def test_every_strategy_reads_them(client, pool, strategy):
    classifier = network()
    expected = strategy(classifier, X, 15)
    np.testing.assert_array_equal(
        type(strategy)(**strategy.get_params(deep=False))(classifier, pool, 15),
        expected,
    )


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:.*(out-of-order|Increasing number):Warning")
def test_herding_picks_the_same_in_every_round(client, pool, classifier):
    """With a sample at first, and then with all rows."""
    classifier = CLASSIFIERS[classifier]()
    here, there = (UncertaintyHerding(NeighborGraph(2)) for _ in range(2))
    rows = np.arange(len(X))
    if not hasattr(pool, "dask"):
        pool = da.from_zarr(pool)
    for n_instances in (5, 20, 60):
        here(classifier, X[rows], n_instances)
        there(classifier, pool[rows], n_instances)
        picks = here.last_query_.indices
        np.testing.assert_array_equal(there.last_query_.indices, picks)
        np.testing.assert_allclose(there.last_query_.gain, here.last_query_.gain)
        rows = np.delete(rows, picks)


def test_a_learner_is_taught_the_queried_rows(client, pool):
    learner = ActiveLearner(
        LogisticRegression(), ClusterMargin(random_state=0), X[:40], y[:40]
    )
    indices, instances = learner.query(pool, n_instances=10)
    learner.teach(instances, y[indices])
    assert isinstance(learner.X_training, np.ndarray)
    np.testing.assert_array_equal(learner.X_training[40:], X[indices])


def test_clusters_of_a_pool_are_those_of_its_rows_by_ids(client, pool):
    strategy = ClusterMargin(random_state=0).fit(pool, ids=np.arange(400))
    expected = AverageLinkage().fit(X)
    np.testing.assert_array_equal(strategy.clustering_.labels_, expected.labels_)


@pytest.mark.parametrize("shape", [(400, 6), (400, 3, 2)])
@pytest.mark.parametrize("kind", ["dask", "zarr", "array"])
def test_given_embeddings(client, kind, shape, tmp_path):
    embedding = X[:, ::-1].reshape(shape)
    expected = ClusterMargin(random_state=0, embedding=embedding)(network(), X, 20)
    if kind == "dask":
        embedding = da.from_array(embedding, chunks=(150, *shape[1:]))
    elif kind == "zarr":
        embedding = in_zarr(embedding, tmp_path / "embedding.zarr")
    for pool in (X, da.from_array(X, chunks=CHUNKS)):
        strategy = ClusterMargin(random_state=0, embedding=embedding)
        np.testing.assert_array_equal(strategy(network(), pool, 20), expected)
        strategy = ClusterMargin(random_state=0).fit(pool, embeddings=embedding)
        np.testing.assert_array_equal(strategy(network(), pool, 20), expected)


def test_images_and_labels_of_several_kinds(client):
    class Labels(BaseEstimator):
        def predict_proba(self, rows):
            return 1 / (1 + np.exp(-rows.reshape(len(rows), -1)[:, :3]))

    images = X.reshape(400, 2, 3)
    chunks = da.from_array(images, chunks=(150, 1, 2))
    for multilabel in ("mean", "min"):
        strategy = ClusterMargin(random_state=0, multilabel=multilabel)
        expected = strategy(Labels(), images, 9)
        strategy = ClusterMargin(random_state=0, multilabel=multilabel)
        np.testing.assert_array_equal(strategy(Labels(), chunks, 9), expected)


class Refuses(BaseEstimator):
    def __init__(self, answer):
        self.answer = answer

    def predict_proba(self, rows):
        if isinstance(self.answer, Exception):
            raise self.answer
        proba = np.full((len(rows), 2), 0.5)
        proba[rows[:, 0] == X[321, 0]] = self.answer
        return proba


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.nan, "finite probabilities; predict_proba gives NaN or infinity for row"
         " 321 of X_pool"),
        (0.9, "probabilities that sum to 1.8 for row 321 of X_pool"),
        (RuntimeError("out of paper"), "out of paper"),
    ],
)  # fmt: skip
def test_an_error_on_a_worker_is_raised_in_the_client(client, answer, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        MarginSampling()(Refuses(answer), da.from_array(X, chunks=(100, -1)), 5)


def of_unknown_chunks():
    chunks = da.from_array(X, chunks=(100, -1))
    return chunks[chunks[:, 0] > 0]


def a_frame():
    """What is asked of one; dask's need pyarrow to be imported."""

    class DataFrame:
        __module__ = "dask.dataframe"
        to_dask_array = None

    return DataFrame()


def a_group():
    group = zarr.group()
    array = group.create_array if hasattr(group, "create_array") else group.zeros
    array(name="rows", shape=X.shape, chunks=(60, 4), dtype="f4")
    return group


@pytest.mark.parametrize(
    ("pool", "error", "message"),
    [
        (of_unknown_chunks, ValueError,
         r"needs to know how many rows each chunk of X_pool has, but its shape is"
         r" \(nan, 6\). Call X_pool.compute_chunk_sizes\(\) first."),
        (lambda: da.asarray(3.0), ValueError, "X_pool without dimensions"),
        (lambda: da.zeros((0, 3)), ValueError, "empty X_pool"),
        (a_frame, TypeError,
         r"got a DataFrame of dask; pass X_pool.to_dask_array\(lengths=True\)."),
        (lambda: dask.delayed(X), TypeError,
         "got a Delayed.* of dask; make a dask.array of it"),
        (a_group, TypeError, "Pass an array of the group, which holds 'rows'."),
        (lambda: da.from_array(X.astype("U"), chunks=100),
         ValueError, "string|numeric|numbers"),
        (lambda: da.from_array(np.where(X > 3, np.nan, X), chunks=100).astype("f4"),
         ValueError, "finite embeddings; row .* of X contains NaN|NaN"),
    ],
)  # fmt: skip
def test_pools_that_cannot_be_read(client, pool, error, message):
    with pytest.raises(error, match=message):
        ClusterMargin()(LogisticRegression(), pool(), 5)


def test_embeddings_that_cannot_be_read_are_refused_before_work(client):
    class Never(BaseEstimator):
        def predict_proba(self, rows):
            raise AssertionError("asked")

    strategy = ClusterMargin(embedding=of_unknown_chunks())
    with pytest.raises(ValueError, match="each chunk of embedding has"):
        strategy(Never(), X, 5)
    strategy = ClusterMargin(embedding=da.zeros((399, 2)))
    with pytest.raises(ValueError, match="399 rows of embeddings for a pool of 400"):
        strategy(Never(), X, 5)


EMPTY_CHUNKS = {"config": {"write_empty_chunks": True}}
if zarr.__version__ < "3":
    EMPTY_CHUNKS = EMPTY_CHUNKS["config"]


def half_written(path):
    stored = zarr.open_array(
        str(path), mode="w", shape=X.shape, chunks=(60, 6), dtype=X.dtype
    )
    stored[:100] = X[:100]
    return stored


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("X_pool", lambda half: MarginSampling()(network(), half, 5)),
        ("X_pool", lambda half: ClusterMargin().fit(half)),
        ("embedding", lambda half: BADGE(half)(network(), X, 5)),
        ("embedding", lambda half: CoreSet(embedding=half)(network(), X, 5)),
        ("embedding", lambda half: CoreSet(embedding=lambda *_: half)(network(), X, 5)),
        ("embedding", lambda half: ClusterMargin(embedding=half)(network(), X, 5)),
        ("X", lambda half: AverageLinkage().fit(half)),
        ("X", lambda half: AverageLinkage().fit(X).predict(half)),
        ("X", lambda half: AverageLinkage().fit(X).assign(half)),
    ],
)
def test_a_store_that_is_being_written(client, tmp_path, name, use):
    message = f"found 2 of the 7 chunks of {name} in the Zarr store .*: it is being wr"
    with pytest.raises(ValueError, match=message):
        use(half_written(tmp_path))


def test_chunks_that_vanish_while_they_are_read(client, tmp_path):
    in_zarr(X, tmp_path)
    [chunk] = [path for path in tmp_path.rglob("*") if str(path)[-3:] in ("4/1", "4.1")]

    class Removes(LogisticRegression):
        def predict_proba(self, rows):
            chunk.unlink(missing_ok=True)
            return super().predict_proba(rows)

    pool = zarr.open_array(str(tmp_path), mode="r")
    with pytest.raises(
        ValueError, match="found 13 of the 14 chunks of X_pool in the Z"
    ):
        MarginSampling()(Removes().fit(X[:60], y[:60]), pool, 5)


def test_a_store_that_is_damaged_or_gone(client, tmp_path):
    pool = in_zarr(X, tmp_path)
    [chunk] = [path for path in tmp_path.rglob("*") if str(path)[-3:] in ("4/1", "4.1")]
    chunk.write_bytes(b"no chunk at all")
    with pytest.raises(ValueError, match="cannot read X_pool .* if it is damaged"):
        MarginSampling()(network(), pool, 5)
    shutil.rmtree(tmp_path)
    with pytest.raises(ValueError, match="finds no chunk of X_pool .* by an absolute"):
        MarginSampling()(network(), pool, 5)


def test_a_learner_does_not_learn_from_chunks_that_are_missing(client, tmp_path):
    half = half_written(tmp_path)
    learner = ActiveLearner(LogisticRegression(), MarginSampling(), X[:60], y[:60])
    with pytest.raises(ValueError, match="learner found 2 of the 7 chunks of training"):
        learner.teach(half, y)
    assert len(learner.X_training) == 60


def test_chunks_of_zeros_are_rows_if_they_were_written(client, tmp_path):
    rows = X.copy()
    rows[:, 4:] = 0
    rows[60:180] = 0
    pool = in_zarr(rows, tmp_path, **EMPTY_CHUNKS)
    picks = MarginSampling()(network(), pool, 50)
    np.testing.assert_array_equal(picks, MarginSampling()(network(), rows, 50))


def test_dask_that_is_not_installed(pool, monkeypatch):
    monkeypatch.setattr(_dask_pool, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="MarginSampling reads X_pool, a Ar"):
        MarginSampling()(network(), pool, 5)


def test_clients_that_cannot_be_used():
    from distributed import Client

    chunks = da.from_array(X, chunks=100)
    client = Client(processes=False, dashboard_address="127.0.0.1:0", n_workers=1)
    with client.as_current():
        client.close()
        message = "AverageLinkage needs a Dask client that is running; .* is closed"
        with pytest.raises(ValueError, match=message):
            AverageLinkage().fit(chunks)


def fails(chunk):
    if chunk.size:
        raise AssertionError("read")
    return chunk


def test_what_is_known_beforehand_is_refused_before_rows_are_read(client):
    unread = da.from_array(X, chunks=100).map_blocks(fails, dtype=X.dtype)
    for device, message in (("cuda:9", "torch sees"), ("gpu", "cannot use device")):
        with pytest.raises(ValueError, match=message):
            AverageLinkage(device=device).fit(unread)
    with pytest.raises(ValueError, match="dim 3"):
        AverageLinkage().fit(unread[:, :, np.newaxis])
    for dtype, message in (
        ("M8[s]", "X of real numbers that float64 holds; got datetime64"),
        (np.longdouble, "X of real numbers that float64 holds; got float"),
        (np.complex64, "AverageLinkage got X of complex64, .* X.real and X.imag"),
    ):
        with pytest.raises(ValueError, match=message):
            AverageLinkage().fit(unread.map_blocks(fails, dtype=dtype))
    fitted = AverageLinkage().fit(X[:, :3])
    for ask in (fitted.predict, fitted.assign):
        with pytest.raises(ValueError, match="6 features, but .* expecting 3"):
            ask(unread)


def test_a_cluster_without_workers(monkeypatch):
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster, timeout=2) as client,
    ):
        with pytest.raises(RuntimeError, match="BADGE finds no workers in the Dask cl"):
            Broadcast(X).sent_by(client, "BADGE")
        monkeypatch.setattr(_workers, "_MAX_SECONDS_ALONE", 0.2)
        monkeypatch.setattr(_workers, "_POLL_SECONDS", 0.1)
        chunks = da.from_array(X, chunks=100)
        for name, ask in (
            ("AverageLinkage", lambda: AverageLinkage().fit(chunks)),
            ("MarginSampling", lambda: MarginSampling()(network(), chunks, 5)),
        ):
            with (
                pytest.warns(UserWarning, match=f"{name} waits for workers: the Dask"),
                pytest.raises(RuntimeError, match=f"{name} finds no workers .* Start"),
            ):
                ask()


def test_chunks_that_workers_have_already(client):
    pool = da.from_array(X, chunks=90).persist()
    expected = ClusterMargin(random_state=0)(network(), X, 20)
    for rows, embedding in ((pool, None), (pool, pool), (X, pool)):
        strategy = ClusterMargin(embedding=embedding, random_state=0)
        picks = strategy(network(), rows, 20)
        if embedding is None:
            np.testing.assert_array_equal(picks, expected)
    of_rows = ClusterMargin(embedding=X, random_state=0)(network(), X, 20)
    np.testing.assert_array_equal(picks, of_rows)


def test_small_chunks_are_read_together():
    many = _dask_pool.DaskPool(da.from_array(X, chunks=(1, 3)), None)
    assert many.X.chunks == ((7,) * 57 + (1,), (6,))
    uneven = da.from_array(X, chunks=((2, 5, 1, 3, 100, 2, 287), 6))
    uneven = _dask_pool.DaskPool(uneven, None)
    assert uneven.X.chunks[0] == (7, 4, 100, 2, 287)
    large = da.zeros((100_000, 64), chunks=(300, 64), dtype=np.float64)
    large = _dask_pool.DaskPool(large, None)
    assert set(large.X.chunks[0]) <= {1500, 100_000 % 1500}


def test_a_learner_may_begin_with_rows_of_a_pool(client, tmp_path):
    for pool in (da.from_array(X, chunks=150), in_zarr(X, tmp_path)):
        first = pool[:60]
        learner = ActiveLearner(LogisticRegression(), MarginSampling(), first, y[:60])
        for _ in range(2):
            indices, instances = learner.query(pool, n_instances=5)
            learner.teach(instances, da.from_array(y[indices], chunks=2))
        assert type(learner.X_training) is type(learner.y_training) is np.ndarray
        assert learner.X_training.shape == (70, 6)
        learner.fit(first, y[:60])
        np.testing.assert_array_equal(learner.X_training, X[:60])


def test_the_rows_that_a_classifier_refused(client):
    spoilt = np.tile(X, (4, 1))
    spoilt[1590] = np.nan
    classifier = network()
    for rows, first in ((spoilt, 1024), (da.from_array(spoilt, chunks=400), 1200)):
        message = f" in row {1590 - first}.* rows {first} to 1599 .* from {first}"
        with pytest.raises(ValueError, match=message):
            MarginSampling()(classifier, rows, 5)


def test_chunks_of_wrong_size_raise(client):
    wrong = da.from_array(X, chunks=100).map_blocks(
        lambda chunk: chunk[:99] if len(chunk) else chunk, dtype=X.dtype
    )
    message = (
        "AverageLinkage read a chunk of 99 rows, where .* declares 100 rows, from row "
    )
    with pytest.raises(ValueError, match=message):
        AverageLinkage().fit(wrong)


def test_chunks_that_hold_no_row(client):
    whole = da.from_array(X, chunks=(200, -1))
    pool = whole.rechunk({0: (200, 0, 200)})
    assert 0 in pool.chunks[0]
    expected = ClusterMargin(random_state=0)(network(), X, 10)
    picks = ClusterMargin(random_state=0)(network(), pool, 10)
    np.testing.assert_array_equal(picks, expected)


def test_a_learner_may_have_probabilities_of_its_own(client):
    class Tempered(ActiveLearner):
        def predict_proba(self, rows):
            return 0.9 * super().predict_proba(rows)[:, ::-1] + 0.05

    learner = Tempered(LogisticRegression(), MarginSampling(), X[:60], y[:60] > 0)
    expected, _ = learner.query(X, n_instances=20)
    picks, _ = learner.query(da.from_array(X, chunks=100), n_instances=20)
    np.testing.assert_array_equal(picks, expected)


class OneAtATime(BaseEstimator):
    """Counts who is in it; a network's embed, too, may not be asked twice at once."""

    inside = 0

    def predict_proba(self, rows):
        OneAtATime.inside += 1
        time.sleep(0.01)
        assert OneAtATime.inside == 1 or len(rows) > 100
        OneAtATime.inside -= 1
        return np.column_stack([rows[:, 0] > 0, rows[:, 0] <= 0]).astype(float)


def test_a_classifier_is_asked_by_one_thread_at_a_time():
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=4,
            processes=False,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster),
    ):
        pool = da.from_array(X, chunks=40)
        assert len(MarginSampling()(OneAtATime(), pool, 5)) == 5


def test_nothing_is_left_on_workers_after_an_error(client):
    pool = da.from_array(X, chunks=40)
    for _ in range(2):
        with pytest.raises(ValueError, match="NaN"):
            MarginSampling()(Refuses(np.nan), pool, 5)
    del _
    for _ in range(100):
        gc.collect()
        if not client.futures:
            break
        time.sleep(0.05)
    assert not client.futures


def test_no_cluster_starts_if_the_arguments_are_invalid():
    with pytest.raises(ValueError, match="cannot make n_clusters=500 clusters of 400"):
        AverageLinkage(n_clusters=500).fit(da.from_array(X, chunks=100))
