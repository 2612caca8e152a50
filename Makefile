# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make demo   shows the main job on a lab on this machine
# make test   runs all checks but the long ones (make hosts-long lab-long molecule)
# make help   lists the rest

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# --- The caller's environment must not change what happens here. -----------------------------------------------------
export LC_ALL := C.UTF-8
# pip alone gets the caller's proxy settings back (scripts/environment.py); all else in here talks to this machine only.
caller_proxies := $(filter-out PIP_%,$(filter %_proxy %_PROXY,$(.VARIABLES)))
$(foreach name,$(caller_proxies),$(eval export LINEOPS_CALLER_$(name) := $$(value $(name))))
unexport $(caller_proxies) $(filter ANSIBLE_%,$(.VARIABLES))
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CDPATH GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE MAKEFLAGS MFLAGS MAKELEVEL

# --- The two commands ------------------------------------------------------------------------------------------------
.PHONY: demo test
demo: .venv-demo ## the main job on a lab: break line 3's PLC routes, heal them, run again, clean up
	@exec .venv/bin/python scripts/demo.py

.PHONY: demo-a
demo-a: .venv-demo-a ## Playbook A: a camera that hangs is found and healed, with its picture before and after in the report
	@exec .venv/bin/python scripts/demo.py a

test: .venv-test ## all checks but the long ones; CI adds lab-more, ansible-units, matrix and engines
	@exec .venv/bin/python scripts/run_tests.py

# --- Its parts. Each is a stage of `make test` and can run alone; V=1 shows all output while it runs. ----------------
stages := project lint docs sanity units old-python browser hosts lab-tests
parts := prepare standins contract playbooks lab-more ansible-units core-2.18 core-2.21 units-2.18 units-2.21 engines hosts-long lab-long
.PHONY: $(stages) $(parts)
$(stages) $(parts): .venv-test
	@exec .venv/bin/python scripts/run_tests.py $@

.PHONY: matrix
matrix: .venv-test ## the tests with the oldest and the newest ansible-core
	@exec .venv/bin/python scripts/run_tests.py core-2.18 units-2.18 core-2.21 units-2.21

# --- A lab of booted Debian hosts (root) -----------------------------------------------------------------------------
.PHONY: lab-hosts lab-hosts-down
lab-hosts: .venv-demo ## a lab of 2 lines with 3 booted Debian hosts each; installs what it needs (root)
	@exec .venv/bin/python scripts/lab_hosts.py up

lab-hosts-down: .venv-demo ## end it
	@exec .venv/bin/python scripts/lab_hosts.py down

.PHONY: molecule
molecule: .venv-test ## a scenario per role on booted hosts (root); LINEOPS_LAB_HOSTS=/path uses a lab that is up
	@exec .venv/bin/python scripts/run_molecule.py

# --- Helpers ---------------------------------------------------------------------------------------------------------
.PHONY: help venv build bench peers clean .venv-demo .venv-demo-a .venv-test
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 21
	@echo "stages of make test, each a target of its own: $(stages)"
	@echo "parts of them, also targets: $(parts)"

venv: .venv-test ## the virtual environment .venv with all that tests and demo need

build: .venv-test ## the collection's tarball in build/
	@exec .venv/bin/ansible-galaxy collection build --force --output-path build

bench: .venv-test ## measure an API task, Playbook B, and what people use instead (benchmarks/)
	@exec .venv/bin/python -m benchmarks

peers: .venv-test ## the PLC stand-in against ADS clients from elsewhere: npm ads-client; ADSTOOL=/path adds adstool
	@exec .venv/bin/python scripts/peers.py

clean: ## remove what was built here, the virtual environments too; a running lab is ended first
	@for lab in .lab build/molecule/*/lab; do \
		if [ -d $$lab ] && [ -x .venv/bin/python ]; then .venv/bin/python -m lab down --dir $$lab; fi; done
	@rm -rf .ansible .hypothesis .lab .pytest_cache .venv .venv-core* .venv-engines .venv-molecule build tests/output

.venv-demo .venv-demo-a .venv-test: .venv-%:
	@python=$$(scripts/find-python) && exec "$$python" scripts/environment.py .venv scripts/requirements/$*.txt
