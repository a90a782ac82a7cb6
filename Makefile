# `make lab-1` does everything from a fresh clone; the other verbs are short
# forms of the kit's commands. Options: STUDENT=, VARIANT=, IMAGES=, REGISTRY=.

PYTHON := $(shell for p in python3.11 python3 python3.12 python3.13; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && { echo "$$p"; break; }; done)
BIN := .venv/bin
export STUDENT IMAGES REGISTRY REGISTRY_DIGESTS IMAGES_FILE
# A word for the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'
variant = $(if $(VARIANT),--variant $(call quoted,$(VARIANT)))

define install
@test -n "$(PYTHON)" || { echo 'make: Python 3.11 or later is required on PATH' >&2; exit 3; }
@echo 'python: installing the kit into .venv'
@$(PYTHON) scripts/install $(1)
endef

.PHONY: help site browser test-site class up down grade hint reset status check lint test-unit mutate proof-steps test test-hosts test-vm prove bench images doctor engine-stop clean lock digests sbom

help:
	@echo 'make lab-1   start lab 1, broken; then repair it and run make grade'
	@echo 'make grade | hint | reset | status | down | doctor | images'
	@echo 'make class   install what lab class board needs, for instructors'
	@echo 'make check   run linters, type checks and unit tests'
	@echo 'make test    prove all labs on a fresh cluster'
	@echo 'make test-hosts   prove labs on hosts reached over SSH, which it creates'
	@echo 'make test-vm      prove labs on virtual machines; needs Debian and root'

.venv/stamp: requirements.txt pyproject.toml
	$(call install,)

# The class board, which instructors serve: 2 MB that no student needs.
.venv/stamp-class: requirements-class.txt requirements.txt pyproject.toml
	$(call install,--class)

# Linters, tests and the site: not for students.
.venv/stamp-dev: requirements-dev.txt requirements-class.txt requirements.txt pyproject.toml
	$(call install,--dev)

# Write the lock files again; UPGRADE=1 takes newer versions.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11.2 --generate-hashes \
  --no-annotate --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)
lock: .venv/stamp-dev
	$(COMPILE) --custom-compile-command 'make lock (what labs run with)' requirements.in -o requirements.txt
	$(COMPILE) --custom-compile-command 'make lock (what the class board needs, too)' requirements-class.in -o requirements-class.txt
	$(COMPILE) --custom-compile-command 'make lock (what checks, tests and the site need, too)' requirements-dev.in -o requirements-dev.txt
	echo uv | $(COMPILE) --custom-compile-command 'make lock (what installs the other two)' -c requirements-dev.txt - -o requirements-uv.txt

lab-%: .venv/stamp
	@$(BIN)/lab start $* $(variant)

class: .venv/stamp-class

up down hint reset status doctor: .venv/stamp
	@$(BIN)/lab $@

grade: .venv/stamp
	@$(BIN)/grade

images: .venv/stamp
	@$(BIN)/lab images get

engine-stop: .venv/stamp
	@$(BIN)/lab engine stop

prove: .venv/stamp
	@$(BIN)/lab prove $(if $(LAB),$(call quoted,$(LAB))) $(variant)

bench: .venv/stamp
	@$(BIN)/python scripts/bench

check: lint test-unit

lint: .venv/stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/codespell
	$(BIN)/shellcheck $$(git ls-files -- '*.sh'; git grep -lE '^#!.*[/ ](ba)?sh$$' -- ansible .ci ':!*.j2')
	$(BIN)/ansible-lint -q --nocolor

# Code runs two to three times slower while its coverage is measured. These are
# tests of what lies below, or apart from, the packages that are held to theirs.
UNMEASURED := $(addprefix tests/unit/,ansible course doctor kube lifecycle plan probes providers state) tests/integration
test-unit: .venv/stamp-dev
	$(BIN)/python -m pytest -q -n logical --durations=20 tests/unit tests/content $(UNMEASURED:%=--ignore=%) --cov
	$(BIN)/python -m pytest -q -n logical --durations=20 $(UNMEASURED)

# LAB=2 is for the checks of lab 2 only.
mutate: .venv/stamp-dev
	$(BIN)/python scripts/mutate $(LAB)

# Ask registries and release sites for the digests of the kit's versions.
digests: .venv/stamp-dev
	$(BIN)/python scripts/digests --write

# What a release is made of, as files that are published with it.
sbom: .venv/stamp-dev
	mkdir -p sbom
	$(BIN)/python scripts/sbom python > sbom/python.cdx.json
	$(BIN)/python scripts/sbom image > sbom/node.cdx.json

# Write the lists of the proof's steps again: a test finds any difference.
proof-steps: .venv/stamp
	$(BIN)/lab prove --list > tests/golden/proof-whole.txt
	$(BIN)/lab prove --list --brief > tests/golden/proof-brief.txt

# The student edition; EDITION=instructor also has the solutions.
EDITION ?= student
site: .venv/stamp-dev
	EDITION=$(EDITION) SITE_DIR=site/$(EDITION) NO_MKDOCS_2_WARNING=1 \
	  $(BIN)/mkdocs build --strict

# Use Debian's browser, so that selenium does not download one.
test-site: browser
	$(BIN)/python -m pytest -q --durations=5 tests/site

browser: .venv/stamp-dev
	@{ command -v chromium || command -v google-chrome; } > /dev/null \
	  && command -v chromedriver > /dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
	         chromium chromium-driver > /dev/null; } \
	  || { echo "expected chromium and chromedriver on PATH; install them, then run this again" >&2; exit 3; }

# Two students' clusters at a time, as one leaves a third of two cores idle;
# WORKERS=1 on a machine that has other work, where two wait for each other.
# Tests that stop the engine or replace images have the machine to themselves.
# A part may have none of these tests, which pytest ends with 5.
# What labs with a Gateway need is compiled before the tests, as that takes all
# cores; with a PART the first of their tests does it, if it is in the part.
# A test whose command failed is run once more, which the report says; a wrong
# verdict is not.
LIVE_PYTEST := $(BIN)/python -m pytest -v -rR --durations=0 --reruns 1 --only-rerun CommandFailedError
LIVE := $(LIVE_PYTEST) tests/live
test: check mutate test-site
	@$(BIN)/lab images get $(if $(PART),,--all)
	@failed=0; \
	$(LIVE) -m 'not machine' -n $(or $(WORKERS),2) || failed=$$?; \
	$(LIVE) -m machine || { status=$$?; [ $$status = 5 ] || failed=$$status; }; \
	exit $$failed

# The tests create their hosts, twelve containers with systemd and sshd: eight for
# one lab and four for another, in parallel.
# HOSTS_TESTS= selects tests with pytest's options.
test-hosts: .venv/stamp-dev
	$(LIVE_PYTEST) -n $(or $(WORKERS),2) $(or $(HOSTS_TESTS),tests/hosts)

# The tests create virtual machines; this takes half an hour without KVM.
VM_TOOLS := qemu-system-x86_64 qemu-img cloud-localds debootstrap mke2fs setpriv
test-vm: .venv/stamp-dev
	@(for tool in $(VM_TOOLS); do command -v $$tool || exit; done) > /dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends qemu-system-x86 \
	         qemu-utils cloud-image-utils debootstrap e2fsprogs > /dev/null; } \
	  || { echo "expected $(VM_TOOLS) on PATH; install them, then run this again" >&2; exit 3; }
	$(BIN)/python -m pytest -v --durations=0 tests/vm

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
