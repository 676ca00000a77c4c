# SPDX-License-Identifier: GPL-2.0-only
#
# make help says what there is.

ifneq ($(or $(KDIR),$(KERNELDIR)),)
KDIR ?= $(KERNELDIR)
KVER ?= $(shell cat "$(KDIR)/include/config/kernel.release")
endif
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
OUT := build/$(KVER)

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: demo
demo: ## the driver in a QEMU guest with a desktop on it; ends with a picture
	@vm/host_packages
	@vm/demo

.PHONY: check
check: ## all tests: on the host, and in guests on every supported kernel
	@vm/host_packages
	@scripts/check $(CHECK_FLAGS)

.PHONY: check-host
check-host: ## the host tests alone
	@$(MAKE) --no-print-directory -C tests check

.PHONY: check-static
check-static: ## checkpatch, sparse, clang-tidy, styles, shellcheck, pylint, borders, coverage
	@$(MAKE) --no-print-directory -C tests check-static

.PHONY: coverage
coverage: ## lines of the core that the unit tests run, by file
	@$(MAKE) --no-print-directory -C tests check-static-coverage

.PHONY: format
format: ## lay out C and C++ in the committed styles
	@tests/static/clang-format --apply

.PHONY: check-debug
check-debug: ## the guest tests and a stress on a kernel with KASAN, lockdep, kmemleak; the stress on one with KCSAN
	@vm/host_packages build vm debug
	@$(MAKE) --no-print-directory -C selftests
	@vm/check_debug

.PHONY: bench
bench: ## side by side with the kernel's own qxl and with virtio-gpu: tables and charts in build/bench/
	@vm/host_packages build test vm
	@vm/bench

.PHONY: check-install
check-install: ## install and remove by make, DKMS and the Debian package; guests boot from the result
	@vm/host_packages package vm
	@vm/install

.PHONY: check-mutants
check-mutants: ## break the lifetime rules one at a time; each must be caught
	@$(MAKE) --no-print-directory -C tests check-mutants

.PHONY: modules
modules: ## build qxl.ko for kernel KVER, or the one built in KDIR (default: the running one), in build/KVER/
	@scripts/check-build-deps "$(KVER)" "$(KDIR)"
	@scripts/mirror-sources $(OUT)
	@$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)/$(OUT) modules
	@scripts/check-module $(OUT)

.PHONY: dkms-install
dkms-install: ## install the driver with DKMS, for KVER (default: all kernels with headers); as root
	@scripts/dkms-install $(if $(filter-out file,$(origin KVER)),$(KVER))

.PHONY: dkms-remove
dkms-remove: ## remove what dkms-install installed: the kernel's own driver is back; as root
	@scripts/dkms-remove

.PHONY: dist
dist: ## the committed tree as build/qxl-VERSION.tar.xz, the same bytes every time
	@scripts/dist

.PHONY: deb
deb: ## the package qxl-dkms and its source in build/deb/
	@scripts/deb

.PHONY: selftests
selftests: ## build the guest tests in selftests/build/
	@$(MAKE) --no-print-directory -C selftests

.PHONY: bug-report
bug-report: ## collect what a bug report needs into one archive; run it as root, in the guest
	@scripts/qxl-bug-report

.PHONY: clean
clean: ## remove what was built here (not the cached guest images)
	rm -rf build selftests/build
