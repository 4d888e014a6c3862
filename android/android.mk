# SPDX-License-Identifier: GPL-2.0-only
# `make dist-android`: what a phone needs, as a directory and a tar file. See docs/android.md.

DIST	 := build/arm64/dist/persona-android
CLIENTS	 ?= curl iperf3 netperf

.PHONY: dist-android test-dist-android
dist-android: ## for phones: static persona, images, curl, iperf3, netperf, a script for adb
	@$(MAKE) --no-print-directory ARCH=arm64 host personalities
	@rm -rf $(DIST)
	@mkdir -p $(DIST)/personalities
	@install -m 755 build/arm64/persona build/arm64/persona-opener android/push-and-run.sh $(DIST)/
	@install -m 644 build/arm64/libpersona-hijack.so build/arm64/libpersona-hijack-musl.so docs/android.md LICENSE $(DIST)/
	@for p in $(PERSONALITIES); do install -m 755 build/arm64/personalities/$$p.so $(DIST)/personalities/; done
	@aarch64-linux-gnu-strip -g $(DIST)/persona $(DIST)/persona-opener $(DIST)/*.so
	@for c in $(CLIENTS); do android/client $$c $(DIST) || exit; done
	@tar -C $(dir $(DIST)) --owner=0 --group=0 -cf $(DIST).tar $(notdir $(DIST))
	@echo "  DIST    $(DIST).tar: $$(du -sh $(DIST).tar | cut -f1)"

test-dist-android: dist-android ## run it by its own script on the emulated machine
	@$(MAKE) --no-print-directory ARCH=arm64 test-arm64-programs
	@WITH_DIST=1 tests/arm64/arm64.t dist
