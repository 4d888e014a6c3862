# SPDX-License-Identifier: GPL-2.0-only
# `make check`: style and static analysis of the sources, without running them.
# Each part can be made alone. What clang-tidy found clean is not looked at again
# until it, a header or .clang-tidy changes (build/check/).
#
# A tool that is not installed is named and left out; with CI=true that is an
# error. checkpatch.pl is the kernel tree's own, once one is unpacked.

CHECK_DIRS  := src testbed bench tests
CHECK_C	    := $(wildcard src/*/*.c src/*/*/*.c testbed/*.c bench/*.c tests/*/*.c)
CHECK_H	    := $(wildcard src/*/*.h src/*/*/*.h testbed/*.h bench/*.h tests/*/*.h)
CHECK_SHELL := $(shell grep -lsE -m1 '^\#!/bin/(ba)?sh' $(wildcard .ci/* android/* kernel/* testbed/* bench/* tests/* tests/*/*))
CHECK_KERNEL := $(shell find arch/lkl extensions -name '*.[chS]')
CHECKPATCH  := $(firstword $(wildcard $(B)/src/linux-source-*/scripts/checkpatch.pl))
# bench/lia.bpf.c: clang-tidy has no bit fields by CO-RE (-target bpf), which this file reads.
TIDY_STAMP  := $(patsubst %.c,$(B)/check/%.tidy,$(filter-out bench/lia.bpf.c,$(CHECK_C)))

# What a port's interface demands: macros of asm/ that cannot look otherwise, memory
# barriers (explained at the top of their files), <asm/x.h> in __has_include(), lists of
# numbers shared with user space (no BIT()), `#define f f` right after f().
CHECKPATCH_IGNORE := MACRO_ARG_UNUSED,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,COMPLEX_MACRO,$\
	MACRO_WITH_FLOW_CONTROL,SINGLE_STATEMENT_DO_WHILE_MACRO,TRAILING_SEMICOLON,BIT_MACRO,$\
	NEW_TYPEDEFS,MEMORY_BARRIER,AVOID_EXTERNS,AVOID_BUG,ENOSYS,NR_CPUS,WEAK_DECLARATION,$\
	DEFINE_ARCH_HAS,BRACKET_SPACE,SPACING,LINE_SPACING,PRINTK_WITHOUT_KERN_LEVEL

# uninitvar: results of system calls by inline assembly are not seen
# allocaCalled: exec*() must not allocate; negativeIndex: -1 is checked by the callers
CPPCHECK_SUPPRESS := missingIncludeSystem allocaCalled uninitvar legacyUninitvar uninitdata \
	negativeIndex

have = command -v $(1) >/dev/null || { echo "check: no $(1) here$(if $(2), ($(2)))" >&2; [ "$$CI" != true ]; exit; }

.PHONY: check check-rooms check-format check-kernel-style check-tidy check-cppcheck check-shell
check: check-rooms check-format check-kernel-style check-shell check-cppcheck check-tidy ## style and static analysis

# The rooms of src/ know each other one way only; the script is tried on planted violations first.
check-rooms:
	@echo "  ROOMS"
	@tests/check-rooms --self-test && tests/check-rooms

check-format:
	@echo "  FORMAT"
	@$(call have,clang-format); clang-format --dry-run -Werror $(CHECK_C) $(CHECK_H) $(wildcard tests/*/*.cc)

check-kernel-style:
	@echo "  CHECKPATCH"
	@if [ -z "$(CHECKPATCH)" ]; then echo "check: no kernel source unpacked, no checkpatch.pl"; else \
	perl $(CHECKPATCH) --no-tree --strict --quiet --terse --no-summary --show-types \
		--max-line-length=100 --ignore $(CHECKPATCH_IGNORE) -f $(CHECK_KERNEL); fi

check-shell:
	@echo "  SHELLCHECK"
	@$(call have,shellcheck); shellcheck --severity=warning $(CHECK_SHELL)

check-cppcheck:
	@echo "  CPPCHECK"
	@$(call have,cppcheck); cppcheck --quiet -j2 --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability $(CPPCHECK_SUPPRESS:%=--suppress=%) \
		-D__x86_64__ $(subst -idirafter ,-I,$(CPPFLAGS)) -isrc/xdp/steer.bpf.c -ibench/lia.bpf.c $(CHECK_DIRS)

$(B)/check/%.tidy: %.c $(CHECK_H) .clang-tidy
	@echo "  TIDY $<"
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu11 >$@.out 2>/dev/null || { cat $@.out; exit 1; }
	@mv $@.out $@

check-tidy:
	@$(call have,clang-tidy); $(MAKE) --no-print-directory --keep-going -j$(JOBS) $(TIDY_STAMP)
