# The day's commands. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
PYTHON ?= python3
# What shows that a long step moves must not wait in a buffer, wherever the output goes.
export PYTHONUNBUFFERED := 1
# Also where others may write to this folder: there Ansible would ignore the file of its own accord.
deploy verify status logs exec open compose evidence exam rollback rotate history prune-images maintenance-on maintenance-off deployer teardown down plan new: export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Ansible refuses any other encoding, and a locale that is not installed.
ifneq ($(shell locale charmap 2>&1),UTF-8)
export LC_ALL := C.UTF-8
endif
# For somebody who is not root and whose sudo asks: the platform's own steps need it, nothing else does.
BECOME := $(shell [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null || [ ! -t 0 ] || echo --ask-become-pass)
ARGS ?=
NAME ?=
DIR ?=
DEST ?= .

.PHONY: help
help: ## Show this list
	@echo "From source to a verified deployment on Kubernetes. On a bare Debian or Ubuntu: make deploy, then make test."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Options of ansible-playbook go in ARGS: make deploy ARGS='-i inventory/dockerhub'"

.PHONY: deploy
deploy: $(VENV)/deploy ## Bring up the platform, build, push, deploy and verify
	ansible-playbook site.yml $(BECOME) $(ARGS)

.PHONY: verify
verify: $(VENV)/deploy ## Verify the endpoints through the Ingress
	ansible-playbook verify.yml $(ARGS)

.PHONY: status
status: $(VENV)/deploy ## Say what runs: how well, since when, which images, and what differs from this checkout
	@ansible-playbook playbooks/status.yml $(ARGS)

.PHONY: logs
logs: $(VENV)/deploy ## Print what the containers have said; FOLLOW=1 goes on until Ctrl-C; ARGS='-e logs_container=api -e logs_tail=100'
	@ansible-playbook playbooks/logs.yml $(if $(filter-out 0,$(FOLLOW)),-e logs_follow=true) $(ARGS)

.PHONY: exec
exec: $(VENV)/deploy ## Run a command in a Pod that serves: ARGS="-e command='python --version'"
	@ansible-playbook playbooks/exec.yml $(ARGS)

.PHONY: backup
backup: $(VENV)/deploy ## Write what a shared database holds into a file: make backup FILE=notes.sql.gz
	@ansible-playbook playbooks/backup.yml -e '{"file": "$(FILE)"}' $(ARGS)

.PHONY: restore
restore: $(VENV)/deploy ## Put a backup in the place of what the database holds: make restore FILE=notes.sql.gz
	@ansible-playbook playbooks/restore.yml -e '{"file": "$(FILE)"}' $(ARGS)

.PHONY: open
open: $(VENV)/deploy ## Say where the API answers, and whether it does
	@ansible-playbook playbooks/open.yml $(ARGS)

.PHONY: compose
compose: $(VENV)/deploy ## Run the images with Docker Compose, ask the endpoints, and take them down again
	ansible-playbook playbooks/compose.yml $(ARGS)

.PHONY: evidence
evidence: $(VENV)/deploy ## Write down what proves the deployment: a page, JSON, JUnit and text
	ansible-playbook playbooks/evidence.yml --tags evidence $(ARGS)

.PHONY: exam
exam: $(VENV)/deploy ## Pack what is handed in, with its proof, into exam/<target>.zip
	ansible-playbook playbooks/exam.yml $(ARGS)

.PHONY: rollback
rollback: $(VENV)/deploy ## Go back to the revision before (another: ARGS='-e revision=3')
	ansible-playbook playbooks/rollback.yml $(ARGS)

.PHONY: rotate
rotate: $(VENV)/deploy ## Change the database's passwords, one Pod after the other
	ansible-playbook playbooks/rotate.yml $(ARGS)

.PHONY: history
history: $(VENV)/deploy ## List the revisions that are kept in the cluster
	@ansible-playbook playbooks/history.yml $(ARGS)

.PHONY: prune-images
prune-images: $(VENV)/deploy ## Remove images that nobody needs from the registry; ARGS=--check lists them
	@ansible-playbook playbooks/prune_images.yml $(ARGS)

.PHONY: maintenance-on
maintenance-on: $(VENV)/deploy ## Let users get 503 until make maintenance-off; with a page: ARGS='-e maintenance_image=…'
	@ansible-playbook playbooks/maintenance.yml -e maintenance_state=on $(ARGS)

.PHONY: maintenance-off
maintenance-off: $(VENV)/deploy ## End it, and verify what users get
	@ansible-playbook playbooks/maintenance.yml -e maintenance_state=off $(ARGS)

.PHONY: deployer
deployer: $(VENV)/deploy ## Make an account that deploys the target and can do nothing else, with its kubeconfig
	ansible-playbook playbooks/deployer.yml $(ARGS)

.PHONY: teardown
teardown: $(VENV)/deploy ## Remove what was deployed, and leave the platform up
	ansible-playbook playbooks/teardown.yml $(ARGS)

.PHONY: platform-archive
platform-archive: $(VENV)/deploy ## Pack the platform's compiled programs; elsewhere: make deploy PLATFORM_ARCHIVE=FILE
	ansible-playbook playbooks/platform_archive.yml $(ARGS)

.PHONY: down
down: $(VENV)/deploy ## Take the platform down; leave nothing but caches
	ansible-playbook playbooks/platform_down.yml $(BECOME) $(ARGS)

.PHONY: collection
collection: $(VENV)/deploy ## Pack what one's own repository installs, from the files that Git knows of here, into DEST (default: here)
	@into=$$(mktemp -d); trap 'rm -rf "$$into"' EXIT; \
	git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory="$$into"; \
	ansible-galaxy collection build --force --output-path "$(DEST)" "$$into"

.PHONY: new
new: $(VENV)/deploy ## Write what deploys an API of one's own into its repository: make new NAME=orders DIR=~/src/orders
	@[ -n "$(DIR)" ] || { echo "DIR is missing, the folder of your repository: make new NAME=orders DIR=~/src/orders" >&2; exit 1; }
	@$(MAKE) --no-print-directory --assume-old=$(VENV)/deploy collection DEST="$(DIR)" >/dev/null
	@ansible-playbook playbooks/new.yml -e '{"new_name": "$(NAME)", "new_folder": "$(DIR)"}' $(ARGS)

.PHONY: lint
lint: $(VENV)/test ## Check the style of everything (under a minute)
	tests/lint

.PHONY: audit
audit: $(VENV)/test $(VENV)/audit/done ## Look for what a reviewer would object to; exceptions: audit-exceptions.yml
	tests/audit

.PHONY: reference
reference: $(VENV)/deploy ## Write docs/reference from the specifications
	docs/make/reference.py

.PHONY: docs
docs: reference ## Write what documents show of real runs, and take the pictures, on the platform
	docs/make/implementation.py

.PHONY: test
test: $(VENV)/test $(VENV)/audit/done ## Run every test, on the platform
	tests/run

.PHONY: plan
plan: $(VENV)/deploy ## Say what make deploy would change, object by object; change nothing
	ansible-playbook site.yml --check --diff $(ARGS)

.PHONY: bench
bench: $(VENV)/test ## Measure site.yml beside a script written by hand, Helm and plain Ansible (40 minutes)
	bench/deploy/measure.py $(ARGS)

.PHONY: bench-targets
bench-targets: $(VENV)/test ## Measure what ten targets cost beside one, and write docs/TARGETS.md
	bench/targets/measure.py $(ARGS)

.PHONY: bench-api
bench-api: $(VENV)/test ## Measure the API beside the baseline, and its image (a quarter of an hour), and write docs/PERFORMANCE.md
	. tests/docker-env; bench/api/run.py $(ARGS); bench/images/measure.py
	bench/report.py

.PHONY: soak
soak: $(VENV)/test ## Run the tests that take long, on a platform that is up
	tests/soak/run

.PHONY: lock
lock: $(VENV)/audit/done ## Renew the locked requirements
	tests/lock

.PHONY: distclean
distclean: down ## Take the platform down and remove the caches and the environment as well
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/fastapi-mysql-k8s" $(VENV) .ansible .mypy_cache .ruff_cache .pytest_cache manifests evidence exam kubeconfigs test-results .secrets

# An environment is for one folder, one version of Python and what is in the lists. After a move, an upgrade of the system or
# a change of the lists it is made again from nothing; so it is when whoever made it was interrupted.
identify := $(VENV)/bin/python -Ic 'import os, pip, sys; print(os.path.realpath(sys.prefix), *sys.version_info[:2])' && \
  cat requirements.txt requirements-dev.txt | cksum
made := $(shell cat $(VENV)/made 2>/dev/null)
ifneq ($(made),$(if $(made),$(shell { $(identify); } 2>/dev/null)))
  .PHONY: $(VENV)/made
endif

# Removed first, or `python3` would be its own. Debian keeps the module venv in a package of its own, which a bare machine may lack.
$(VENV)/made:
	@rm -rf $(VENV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  run=; [ "$$(id -u)" = 0 ] || run=sudo; \
	  echo "Installing python3-venv, which this machine lacks."; \
	  { $$run apt-get update -q && $$run apt-get install -qy --no-install-recommends python3-venv; } >/dev/null || { echo "Install python3-venv, then run this again." >&2; exit 1; }; }
	$(PYTHON) -m venv $(VENV)
	@made=$$($(identify)); echo "$$made" >$@

# A locked list is complete: nothing is resolved and nothing is built, so that what is published later changes nothing.
# pip tells errors alone: its warnings come once for each package.
# Compiled at once: importing the Kubernetes client without bytecode costs every task seconds.
define install
@$(VENV)/bin/python -m pip --python $(1)/bin/python install -qq --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: -r $(2)
@wrong=$$($(VENV)/bin/python -m pip --python $(1)/bin/python check) || { echo "$(2) does not fit together: $$wrong" >&2; exit 1; }
@$(1)/bin/python -m compileall -q -j 2 $(1)/lib || true
@touch $@
endef

$(VENV)/deploy: $(VENV)/made
	@echo "Installing Ansible and its clients into $(VENV) (about a minute, once)."
	$(call install,$(VENV),requirements.txt)

$(VENV)/test: $(VENV)/deploy
	@echo "Installing the test tools into $(VENV)."
	$(call install,$(VENV),requirements-dev.txt)

# The audit's tools want other versions of what the rest uses, so they have an environment of their own.
$(VENV)/audit/done: requirements-audit.txt $(VENV)/made
	@echo "Installing the audit's tools into $(VENV)/audit."
	@rm -rf $(VENV)/audit
	@$(VENV)/bin/python -m venv --without-pip $(VENV)/audit
	$(call install,$(VENV)/audit,requirements-audit.txt)
