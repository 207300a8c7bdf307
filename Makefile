# Each goal builds the environment it needs. VENV moves it; ARGS reaches demo, test and
# bench.
VENV ?= .venv
PYTHON ?= python3
MODAL_0_4_2 ?= .modal-0.4.2.1
LOWEST ?= .venv-lowest
RAC ?= .racplusplus
ARGS ?=

python = $(VENV)/bin/python
# Two processes, one file of tests at a time. With more than one thread each, the
# threads of torch would wait for those of the other process.
pytest = -m pytest -q -n 2 --dist loadfile
pytest_env = OMP_NUM_THREADS=1
# Few examples of property tests, where another pass has run more of them.
few = --hypothesis-profile=few

.PHONY: demo test test-lowest lint docs bench clean

demo: $(VENV)/.installed
	$(python) -m modal_clustermargin compare --seeds 10 --jobs 2 --output demo $(ARGS)

# All tests under the modAL that pip resolves to (0.4.1), and those that use modAL
# again under 0.4.2.1, which calls strategies differently.
test: $(VENV)/.installed $(MODAL_0_4_2)/.installed
	$(pytest_env) $(python) $(pytest) $(ARGS)
	$(pytest_env) PYTHONPATH=$(MODAL_0_4_2) $(python) $(pytest) $(few) tests/modal tests/learners tests/testing tests/strategies/test_contract.py

# With the lowest versions that the metadata allow, for Python 3.10 or 3.11.
test-lowest: $(LOWEST)/.installed
	$(pytest_env) $(LOWEST)/bin/python $(pytest) $(few) tests/modal tests/learners tests/testing tests/strategies tests/clustering tests/selection tests/pools tests/transferability tests/distributed

lint: $(VENV)/.installed
	$(python) -m ruff check .
	$(python) -m ruff format --check .

docs: $(VENV)/.installed-docs
	$(python) -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/.installed $(RAC)/.installed
	$(python) benchmarks/clustering.py --rac-python $(RAC)/bin/python $(ARGS)
	$(python) benchmarks/recall.py $(ARGS)
	$(python) benchmarks/shapes.py $(ARGS)
	$(python) benchmarks/query.py $(ARGS)
	$(python) benchmarks/networks.py $(ARGS)
	$(python) benchmarks/diverse.py $(ARGS)
	$(python) benchmarks/asvp.py $(ARGS)
	$(python) benchmarks/workers.py $(ARGS)
	$(python) benchmarks/out_of_core.py $(ARGS)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(python) -m pip install --quiet --no-compile --upgrade pip
	$(python) -m pip install --quiet --no-compile --editable ".[test,dask,skactiveml]"
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(python) -m pip install --quiet --no-compile --editable ".[test,dask,skactiveml,docs]"
	touch $@

$(LOWEST)/.installed: pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) .ci/lowest.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --no-compile --upgrade pip
	$(LOWEST)/bin/python -m pip install --quiet --no-compile --constraint $(LOWEST)/lowest.txt --editable ".[test,dask]"
	touch $@

# Its metadata pins skorch 0.9.0, which cannot be imported any more: no dependencies.
$(MODAL_0_4_2)/.installed: $(VENV)/.installed
	$(python) -m pip install --quiet --no-compile --no-deps --upgrade --target $(MODAL_0_4_2) modAL-python==0.4.2.1
	touch $@

# Crashes with numpy 2, so it has an environment of its own.
$(RAC)/.installed:
	$(PYTHON) -m venv $(RAC)
	$(RAC)/bin/python -m pip install --quiet --no-compile "numpy<2" racplusplus==0.1.1
	touch $@

clean:
	rm -rf $(VENV) $(MODAL_0_4_2) $(LOWEST) $(RAC) docs/_build docs/gallery docs/reference/generated build *.egg-info
