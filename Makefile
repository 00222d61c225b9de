# `make demo` investigates the bundled sample; `make test` runs everything that CI runs. Both can be run again.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-n8n lint notebooks sample records bench clean fuzz

help:
	@echo "make demo       install, investigate the bundled sample, say where the report lies"
	@echo "make test       install what tests need, then lint, types, tests and notebooks"
	@echo "make test-n8n   install n8n 1.x and 2.x (npm, 5 GB, once) and investigate what they record of failures on loopback"
	@echo "make notebooks  run the committed notebooks again and keep their new outputs"
	@echo "make sample DATA=DIR   make the bundled sample and the tests' exports again"
	@echo "make records    make the tests' records of the present version, where they are missing"
	@echo "make bench      how fast exports are read, against peers in the same run"
	@echo "make fuzz       20,000 damaged exports and every value of wrong types, read and analysed (an hour)"

.venv/made: 
	$(PYTHON) -m venv .venv
	@touch $@

.venv/ready: .venv/made pyproject.toml constraints.txt
	@echo "Installing incident-nb into .venv (a minute or two the first time) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/ready-for-tests: .venv/ready
	@echo "Installing what the tests need ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

demo: .venv/ready
	$(BIN)/incident-nb demo --out demo

lint: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest tests
	$(BIN)/python -m pytest --nbval notebooks

test-n8n: .venv/ready-for-tests
	$(BIN)/python -m tests_n8n.install
	$(BIN)/python -m pytest tests_n8n

notebooks: .venv/ready-for-tests
	$(BIN)/python -m tests.refresh_notebooks

sample: .venv/ready-for-tests
	$(BIN)/python -m tests.make_data --data $(DATA)

records: .venv/ready-for-tests
	$(BIN)/python -m tests.make_records

bench: .venv/ready-for-tests
	$(BIN)/python benchmarks/read.py

fuzz: .venv/ready-for-tests
	$(BIN)/python -m fuzz $(FUZZ)
	$(BIN)/python -m fuzz --wrong-types

clean:
	rm -rf .venv demo
