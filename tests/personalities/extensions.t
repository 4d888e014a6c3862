#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# extensions.t - kernel/extensions lays directories into a tree, and patches a copy only.
#
# The tree is a small one of the test's own: a kernel's Makefile, one file to patch, arch/lkl.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"

need rsync patch
K=$TMP/linux
X=$TOP/kernel/extensions
mkdir -p "$K/arch/lkl" "$K/net" "$TMP/one/patches/6.12" "$TMP/two" "$TMP/bad"
printf '# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n' >"$K/Makefile"
touch "$K/Kconfig" "$K/arch/lkl/Kconfig"
printf '%s\n' a b c d e f g >"$K/net/core.c"
cat >"$TMP/one/Kconfig" <<'END'
config ONE_ON
	bool "one"
	default y

config ONE_OFF
	bool "off unless asked for"

config ONE_HIDDEN
	bool
	default y
END
touch "$TMP/one/Makefile" "$TMP/one/one.c" "$TMP/two/Kconfig" "$TMP/two/Makefile"
cat >"$TMP/one/patches/6.12/a.patch" <<'END'
--- a/net/core.c
+++ b/net/core.c
@@ -1,7 +1,7 @@
 a
 b
 c
-d
+D
 e
 f
 g
END
echo "a.patch # the only one" >"$TMP/one/patches/6.12/series"

check "two are laid" "$X" lay "$K" "$TMP/one" "$TMP/two"
is "what leads to them" "$(grep -h . "$K/arch/lkl/ext/Kconfig" "$K/arch/lkl/ext/Makefile" | grep -v SPDX | xargs)" \
	"source arch/lkl/ext/one/Kconfig source arch/lkl/ext/two/Kconfig obj-y += one/ obj-y += two/"
is "sources are there, patches are not" "$(cd "$K/arch/lkl/ext/one" && echo *)" "Kconfig Makefile one.c"
is "on by default, with a prompt" "$("$X" fragment "$K" | grep CONFIG)" "CONFIG_ONE_ON=y"
sum=$("$X" fragment "$K" | tail -n 1)
touch -d '2001-01-01' "$K/arch/lkl/ext/Kconfig"
"$X" lay "$K" "$TMP/one" "$TMP/two"
is "laid again: not newer" "$(date -r "$K/arch/lkl/ext/Kconfig" +%Y)" 2001
"$X" lay "$K" "$TMP/two"
is "one is gone" "$(cd "$K/arch/lkl/ext" && echo *)" "Kconfig Makefile two"
is "another set makes another configuration" "$([ "$("$X" fragment "$K" | tail -n 1)" != "$sum" ] && echo yes)" yes

is "no patches: the tree itself" "$("$X" tree "$K" "$TMP/two")" "$K"
copy=$("$X" tree "$K" "$TMP/one" "$TMP/two" 2>/dev/null)
matches "patches: a tree of its own" "$copy" "^$K\+[0-9a-f]{12}$"
is "which is patched" "$(sed -n 4p "$copy/net/core.c")" D
is "and the other is not" "$(sed -n 4p "$K/net/core.c")" d
is "what no patch touches is the same file" "$(stat -c %i "$copy/Kconfig")" "$(stat -c %i "$K/Kconfig")"
is "made once" "$("$X" tree "$K" "$TMP/one" "$TMP/two" 2>&1)" "$copy"

# refused TEXT NAME...: no tree, and the sentence
refused() {
	local text=$1
	shift
	"$X" tree "$K" "$@" >"$TMP/out" 2>"$TMP/err" && not_ok "refused: $text" && return
	matches "refused: $text" "$(cat "$TMP/err")" "$text"
	is "no tree for it" "$(cat "$TMP/out"; ls -d "$K"*)" "$(printf '%s\n' "$K" "$copy")"
}
sed -i 's/^ c/ x/' "$TMP/one/patches/6.12/a.patch"
refused "one: a.patch does not apply to 6.12" "$TMP/one"
sed -i 's/^ x/ c/' "$TMP/one/patches/6.12/a.patch"
echo gone.patch >>"$TMP/one/patches/6.12/series"
refused "names gone.patch, which is not there" "$TMP/one"
sed -i 's/PATCHLEVEL = 12/PATCHLEVEL = 1/' "$K/Makefile"
refused "one has patches for 6.12, and none for 6.1" "$TMP/one"
refused "no-such-name: no directory .*a path of your own needs a slash" no-such-name
refused "has no Kconfig" "$TMP/bad"
done_testing
