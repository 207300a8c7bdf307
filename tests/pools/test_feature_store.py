"""A store is a dictionary from keys to rows, also after the process is gone."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modal_clustermargin.pools import FeatureStore, FolderStore, KeyIndex, lasting_ids

KEYS = np.array([7, 3, 2**63, 5], np.uint64)
ROWS = np.arange(8.0).reshape(4, 2)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    return FeatureStore() if request.param == "memory" else FolderStore(tmp_path)


def test_returns_stored_rows_in_any_order(store):
    store.extend(KEYS[:3], [ROWS[:2], ROWS[2:3]])
    store.extend(KEYS[3:], [ROWS[3:]])
    assert (store.n_rows, store.n_features) == (4, 2)
    rows = store.take(KEYS[[2, 0, 2]])
    assert (rows.shape, rows.ndim, len(rows)) == ((3, 2), 2, 3)
    np.testing.assert_array_equal(rows, ROWS[[2, 0, 2]])
    np.testing.assert_array_equal(rows[1:], ROWS[[0, 2]])
    np.testing.assert_array_equal(rows[np.array([2, 1])], ROWS[[2, 0]])
    np.testing.assert_array_equal(store.find(np.array([3, 4], np.uint64)), [1, -1])
    again = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(again.take(KEYS), ROWS)


def test_a_block_that_fails_costs_the_blocks_before_nothing(store):
    def blocks():
        yield ROWS[:2]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.extend(KEYS, blocks())
    np.testing.assert_array_equal(store.find(KEYS), [0, 1, -1, -1])
    store.extend(KEYS[2:], [ROWS[2:]])
    np.testing.assert_array_equal(store.take(KEYS), ROWS)


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("u1", "f4"), ("i8", "f8")],
)
def test_numbers_keep_their_width(store, dtype, kept):
    store.extend(KEYS, [ROWS.astype(dtype)])
    assert store.take(KEYS).dtype == kept
    np.testing.assert_array_equal(store.take(KEYS), ROWS)


def test_invalid_features_raise(store):
    store.extend(KEYS[:1], [ROWS[:1]])
    with pytest.raises(ValueError, match="of 2 columns, but got features of 3 columns"):
        store.extend(KEYS[1:2], [np.zeros((1, 3))])
    with pytest.raises(ValueError, match="features that contain NaN"):
        store.extend(KEYS[1:2], [[[0, np.inf]]])


def test_numbers_too_large_for_the_type_of_the_first_are_refused(store):
    store.extend(KEYS[:1], [ROWS[:1].astype(np.float32)])
    with pytest.raises(ValueError, match="NaN or infinity"):
        store.extend(KEYS[1:2], [[[1e300, 0]]])


class TestFolder:
    def test_is_there_for_the_next_process(self, tmp_path):
        FolderStore(tmp_path).extend(KEYS, [ROWS[:3], ROWS[3:]])
        store = FolderStore(tmp_path)
        np.testing.assert_array_equal(store.take(KEYS), ROWS)
        store.extend(KEYS[:1] + np.uint64(1), [ROWS[:1]])
        assert FolderStore(tmp_path).n_rows == 5

    def test_what_a_killed_process_left_is_written_over(self, tmp_path):
        FolderStore(tmp_path).extend(KEYS[:3], [ROWS[:3]])
        for name in ("features", "keys"):
            with (tmp_path / name).open("ab") as file:
                file.write(b"half a blo")
        store = FolderStore(tmp_path)
        store.extend(KEYS[3:], [ROWS[3:]])
        np.testing.assert_array_equal(FolderStore(tmp_path).take(KEYS), ROWS)


few_keys = hnp.arrays(np.uint64, st.integers(1, 12), elements=st.integers(0, 4))


@given(keys=few_keys, data=st.data())
def test_lasting_ids_differ_and_stay_when_others_go(keys, data):
    ids = lasting_ids(keys)
    assert len(set(ids.tolist())) == len(keys)
    gone = data.draw(st.sampled_from(keys.tolist()))
    kept = keys != gone
    np.testing.assert_array_equal(lasting_ids(keys[kept]), ids[kept])


@given(parts=st.lists(st.sets(st.integers(0, 30)), max_size=4), asked=few_keys)
def test_an_index_is_a_dictionary(parts, asked):
    index, expected = KeyIndex(), {}
    for part in parts:
        new = np.array(sorted(part - set(expected)), np.uint64)
        index.add(new, len(expected) + np.arange(len(new)))
        expected |= {int(key): len(expected) + i for i, key in enumerate(new)}
    assert len(index) == len(expected)
    found = [expected.get(int(key), -1) for key in asked]
    np.testing.assert_array_equal(index.find(asked), found)
