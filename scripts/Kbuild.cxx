# SPDX-License-Identifier: GPL-2.0-only
#
# How Kbuild compiles C++: the code-generation flags are the kernel's, taken by
# filtering $(c_flags), so that mitigations, tracing and sanitizers reach the
# core exactly as they reach the C rim. Only what is specific to C, to kernel
# headers, or to debug information is taken out.

# Debian's compiler names follow gcc-N / g++-N; a plain gcc means plain g++.
CXX := $(if $(filter clang%,$(notdir $(CC))),$(subst clang,clang++,$(CC)),$(subst gcc,g++,$(CC)))

SPICE_PROTOCOL_DIR ?= /usr/include/spice-1

# Words of $(c_flags) with no meaning, or the wrong one, for the core.
cxx-drop := -I% -D% -include %.h -nostdinc -isystem -std=% -g% -Wp,-D% \
	    -Werror=strict-prototypes -Wstrict-prototypes \
	    -Werror=implicit-function-declaration -Werror=implicit-int \
	    -Werror=incompatible-pointer-types -Werror=designated-init \
	    -Wdesignated-init -Wmissing-prototypes -Wold-style-definition \
	    -Wmissing-declarations -Wdeclaration-after-statement \
	    -Wno-pointer-sign -Wno-override-init -Wno-initializer-overrides \
	    -Wno-missing-field-initializers -Wimplicit-fallthrough% \
	    -Wjump-misses-init -Wnested-externs -fconserve-stack \
	    -Wno-alloc-size-larger-than -Wenum-conversion \
	    -Wframe-larger-than=% -Wno-maybe-uninitialized \
	    -Wno-format-truncation% -Wno-format-overflow% \
	    -fms-extensions -fplugin% -Wno-unterminated-string-initialization

cxx-flags = $(filter-out $(cxx-drop),$(c_flags)) \
	    -std=gnu++20 -ffreestanding -fno-exceptions -fno-rtti \
	    -fno-threadsafe-statics -fno-asynchronous-unwind-tables \
	    -fno-unwind-tables -fno-use-cxa-atexit -g0 \
	    -Wall -Wextra -Wshadow -Wframe-larger-than=1024 -Werror=vla \
	    -I$(src)/include -I$(src) -isystem $(SPICE_PROTOCOL_DIR)

quiet_cmd_cxx_o_cc = CXX $(quiet_modtag)  $@
      cmd_cxx_o_cc = $(CXX) $(cxx-flags) -c -o $@ $< $(cmd_objtool)

$(addprefix $(obj)/,$(addsuffix .o,$(qxl-core))): $(obj)/%.o: $(src)/%.cc FORCE
	$(call if_changed_dep,cxx_o_cc)

targets += $(addsuffix .o,$(qxl-core))
