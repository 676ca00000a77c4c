# SPDX-License-Identifier: GPL-2.0-only
#
# What lib.mk does in a kernel tree. Included by Makefile.

collection := drivers/gpu/qxl
built := $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED) $(TEST_PROGS) $(TEST_PROGS_EXTENDED)

# Where the kernel's own runner is, if anywhere.
KSELFTEST_DIR ?= $(if $(KDIR),$(KDIR)/tools/testing/selftests)
runner := $(wildcard $(KSELFTEST_DIR)/kselftest/runner.sh)
runner_parts := module.sh runner.sh prefix.pl ktap_helpers.sh ksft.py

all: $(built:%=$(OUTPUT)/%) $(OUTPUT)/tests.list

$(OUTPUT)/%.sh: %.sh
	@mkdir -p $(@D)
	install -m 755 $< $@

$(OUTPUT)/tests.list: tests.list
	@mkdir -p $(@D)
	@cp $< $@
	@echo "  tests.list: $(words $(listed)) tests"

install: all
ifndef INSTALL_PATH
	$(error set INSTALL_PATH to the folder to install to)
endif
	mkdir -p $(INSTALL_PATH)/$(collection)
	cp $(built:%=$(OUTPUT)/%) settings config $(INSTALL_PATH)/$(collection)/
	printf '$(collection):%s\n' $(listed) >$(INSTALL_PATH)/kselftest-list.txt
ifneq ($(runner),)
	mkdir -p $(INSTALL_PATH)/kselftest
	cp $(wildcard $(runner_parts:%=$(KSELFTEST_DIR)/kselftest/%)) $(INSTALL_PATH)/kselftest/
	cp $(KSELFTEST_DIR)/run_kselftest.sh $(INSTALL_PATH)/
else
	install -m 755 run_kselftest.sh $(INSTALL_PATH)/
endif

run_tests: all
	$(MAKE) install INSTALL_PATH=$(abspath $(OUTPUT)/installed)
	$(OUTPUT)/installed/run_kselftest.sh

clean:
	rm -rf $(OUTPUT)

.PHONY: all install run_tests clean
