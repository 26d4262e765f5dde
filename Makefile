# Every target sets up .venv by itself when it is missing or the lock has changed.
PYTHON ?= python3
# On tables of the course's size threads cost more than they bring, and on a busy machine very much more.
export OMP_NUM_THREADS ?= 1
BIN := .venv/bin
READY := .venv/.ready
# What the long search covers: tests whose depth the profile "deep" of tests/conftest.py decides.
TRUST := tests/datasets tests/tables/test_tables.py tests/tables/test_contract_properties.py tests/repository/test_repository.py tests/differentiate tests/customize tests/interact tests/trust
NBVAL := --nbval -p every_output --nbval-current-env --nbval-sanitize-with tests/nbval.cfg
# A dot every three seconds while something works in silence.
DOTS := (while :; do printf .; sleep 3; done) & dots=$$!;
DONE := status=$$?; kill $$dots; echo; exit $$status

.DEFAULT_GOAL := help
.PHONY: help run test tests benchmarks trust faults referee audit engines browser book lab dashboard notebook notebooks docs lint lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Run the course on the sample data; tables and report.html under runs/
	$(BIN)/idic-lab run meridian
	$(BIN)/idic-lab run cdnow

test: tests ## Run every test, and hold the notebooks to their stored outputs
	PYTHONPATH=tests $(BIN)/python -m pytest -q -n 2 --dist loadscope $(NBVAL) notebooks

tests: $(READY) ## Run every test, and leave the notebooks out
	$(BIN)/python -m pytest -q -n 2 --dist loadscope

trust: $(READY) ## Search at length for bad input, degenerate numbers and traces of people, then make faults
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -n 2 --dist loadscope -o faulthandler_timeout=900 $(TRUST)
	$(BIN)/idic-lab run meridian
	$(BIN)/idic-lab run meridian --every quarter --only 00,52,53
	$(BIN)/idic-lab compare studies/quick.yaml --out runs/compare-quick
	$(foreach data,meridian cdnow,OPENBLAS_CORETYPE=Prescott $(BIN)/idic-lab run $(data) --out runs/rounded_otherwise_$(data) &&) \
	OPENBLAS_CORETYPE=Prescott $(BIN)/idic-lab run cdnow_sample --only 61,62 --out runs/rounded_otherwise_sample
	$(BIN)/python tests/stored_outputs.py runs/rounded_otherwise_*
	$(BIN)/python tests/trust/personal_traces.py runs/meridian runs/meridian_every_quarter runs/compare-quick
	@$(MAKE) --no-print-directory faults

referee: $(READY) ## Try every interval, test and alarm on data whose truth is known, into docs/inference.md
	PYTHONPATH=tests/referee:tests/differentiate $(BIN)/python tests/referee/__main__.py

audit: ## Ask whether a dependency has a known weakness; needs the network, which nothing else does
	@$(PYTHON) -m venv .audit && .audit/bin/python -m pip install --quiet pip-audit==2.10.1
	@.audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock || { echo "Either a weakness is \
	listed above, or the service of advisories could not be reached: then nothing was audited." >&2; exit 1; }

# OPTIONS are JupyterLab's own: make lab OPTIONS="--no-browser --port=8890", or --allow-root in a container.
lab: $(READY) ## Open JupyterLab on the course; with nbgrader's panels too: make lab FOR=instructor
	@$(BIN)/jupyter trust notebooks/*.ipynb >/dev/null
	@echo "Starting JupyterLab; it opens in your browser. Ctrl+C twice ends it."
	@JUPYTER_CONFIG_PATH=$(if $(filter instructor,$(FOR)),$(CURDIR)/jupyter/instructor:)$(CURDIR)/jupyter $(BIN)/jupyter lab --log-level=WARN --notebook-dir=. $(OPTIONS)

book: $(READY) ## Build the course as a website, from the stored outputs; open _build/html/index.html
	@$(BIN)/python book/pages.py _build/book-source
	$(BIN)/python -m sphinx -W --keep-going -q -j auto -d _build/book-cache _build/book-source _build/html
	@echo "Open _build/html/index.html"

browser: $(READY) ## Walk through every notebook in JupyterLab with Chromium; pictures in runs/screenshots
	IDIC_LAB_WALK=all IDIC_LAB_SCREENSHOTS=$(or $(IDIC_LAB_SCREENSHOTS),runs/screenshots) \
	  $(BIN)/python -m pytest -q -s tests/browser

dashboard: $(READY) ## Open the review's page, of the last run on Meridian if there is one
	JUPYTER_CONFIG_PATH=$(CURDIR)/jupyter JUPYTER_PATH=$(CURDIR)/jupyter $(BIN)/voila \
	  $(or $(wildcard runs/meridian/notebooks/53_review_dashboard.ipynb),notebooks/53_review_dashboard.ipynb) \
	  --Voila.ip=127.0.0.1 --token --show_tracebacks=True

notebook: $(READY) ## Re-execute, save and format one notebook, and hold it to the guide: make notebook N=21
	@test -n "$(N)" || { echo "Say which one: make notebook N=21" >&2; exit 2; }
	$(BIN)/python -m idic_lab.course.runs.refresh $(N)
	$(BIN)/ruff format --quiet notebooks/$(N)*.ipynb
	$(BIN)/ruff check --quiet notebooks/$(N)*.ipynb
	$(BIN)/python -m pytest -q tests/test_notebooks_guide_the_reader.py tests/test_notebooks_name_nobody.py -k "$(N) or contents_in_the_first"
	@git diff --stat notebooks

notebooks: $(READY) ## Re-execute and save every notebook
	$(BIN)/python -m idic_lab.course.runs.refresh
	$(BIN)/ruff format --quiet notebooks

docs: $(READY) ## Write docs/tables.md from the list of stages and the tables' contracts
	$(BIN)/python book/table_page.py

benchmarks: $(READY) ## Measure speed and memory against the alternatives, into docs/scale.md
	$(BIN)/python -m benchmarks

lint: $(READY) ## Check style of code and notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

engines: $(READY) ## Test every dataframe engine, PySpark too (needs Java; fetches 450 MB the first time)
	@test -d .engines/pyspark || $(BIN)/python -m pip install --quiet --require-hashes --no-deps --target .engines \
	  --requirement requirements-engines.lock
	PYTHONPATH=.engines $(BIN)/python -m pytest -q tests/engines

faults: $(READY) ## Kill every kind of work, over 200 kills, and deny it disk, rights and locks (Linux)
	IDIC_LAB_FAULTS=all $(BIN)/python -m pytest -q -n 2 tests/faults --deselect tests/faults/test_kills.py
	PYTHONPATH=tests/faults $(BIN)/python -m kills --json faults.json --records faults.jsonl

lock: $(READY) ## Write the two lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --extra dev --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --output-file requirements.lock pyproject.toml
	echo 'pyspark>=4.0' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --constraints requirements.lock --output-file requirements-engines.lock -

clean: ## Remove the environment, runs and caches
	rm -rf .venv .audit .engines _build runs .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 15) else \
	  "IDIC Lab needs Python 3.11, 3.12, 3.13 or 3.14; this is %d.%d. Name another: make PYTHON=python3.12" % v)'
	@echo "Setting up .venv from requirements.lock (once; a minute or two) ..."
	@$(PYTHON) -m venv .venv
	@$(DOTS) $(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock; $(DONE)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)
