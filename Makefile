# The checks, one by one, in the environment that is active; `make check` runs all of them in one of
# its own.
.PHONY: check install test lint format types docs wheels sample clean

check:                     ## everything that CI runs
	bash .ci/run

install:                   ## an editable install with the tools
	pip install -e '.[dev]'

test:                      ## the tests
	pytest

lint:                      ## style and likely mistakes
	ruff check .
	ruff format --check .

format:                    ## mend what ruff and rustfmt can mend
	ruff check --fix .
	ruff format .
	cd native && cargo fmt

types:                     ## mypy strict; packages carry their real names only in a strict editable install (new files: run it again)
	pip install -q --no-deps --config-settings editable_mode=strict -e .
	mypy

docs:                      ## the site, in build/site; what Sphinx warns of is an error
	pip install -q '.[docs]'
	python -m sphinx -q -W --keep-going -c docs -b html . build/site

wheels:                    ## a wheel in dist/, for this platform and every Python from 3.11; with a Rust toolchain it has the native acceptor
	pip wheel -q --no-deps --wheel-dir dist --config-settings=--build-option=--py-limited-api=cp311 .

sample:                    ## make fixtures/sample again
	python fixtures/make_sample.py fixtures/sample

clean:                     ## remove what builds and tests leave behind
	rm -rf build dist out *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
