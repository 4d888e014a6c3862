// SPDX-License-Identifier: GPL-2.0
/*
 * shift.c - shifts of 128-bit integers by a variable, which the compiler calls
 * where it optimises for size (init text is cold). libgcc is not linked.
 */
#include <linux/types.h>

union wide {
	__int128 all;
	struct {
		u64 low, high;
	};
};

__int128 __lshrti3(__int128 v, int n);
__int128 __ashlti3(__int128 v, int n);

__int128 __lshrti3(__int128 v, int n)
{
	union wide w = { .all = v };

	if (n >= 64) {
		w.low = w.high >> (n - 64);
		w.high = 0;
	} else if (n > 0) {
		w.low = w.low >> n | w.high << (64 - n);
		w.high >>= n;
	}
	return w.all;
}

__int128 __ashlti3(__int128 v, int n)
{
	union wide w = { .all = v };

	if (n >= 64) {
		w.high = w.low << (n - 64);
		w.low = 0;
	} else if (n > 0) {
		w.high = w.high << n | w.low >> (64 - n);
		w.low <<= n;
	}
	return w.all;
}
