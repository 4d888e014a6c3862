# SPDX-License-Identifier: GPL-2.0-only
# Programs of the parity tests; the tests themselves are tests/parity/*.t.
PARITY_CFLAGS = $(TEST_CFLAGS) -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict

test-parity-programs: $(T)/parity/parity $(T)/parity/coverage $(T)/parity/table $(T)/parity/ends

$(T)/parity/parity: tests/parity/parity.c $(wildcard tests/parity/in_*.c) tests/parity/parity.h
	@mkdir -p $(@D)
	@echo "  CC tests/parity/parity"
	@$(CC) $(CPPFLAGS) $(PARITY_CFLAGS) -o $@ $(filter %.c,$^)

$(T)/parity/coverage: tests/parity/coverage.c src/sockets/calls.h
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(PARITY_CFLAGS) -o $@ $< -ldl

.PHONY: docs-calls
docs-calls: $(T)/parity/table ## put the call table into docs/calls.md (as x86-64 has it)
	@$< | awk 'NR == FNR { row[++n] = $$0; next } \
		/^\|/ { if (!seen) for (seen = 1; k < n && row[++k] != "";) print row[k]; next } \
		{ seen = 0; print }' - docs/calls.md >$(T)/calls.md
	@cp $(T)/calls.md docs/calls.md

$(T)/parity/table: tests/parity/table.c src/sockets/calls.h
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(PARITY_CFLAGS) -o $@ $<

$(T)/parity/ends: tests/parity/ends.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(PARITY_CFLAGS) -o $@ $<
