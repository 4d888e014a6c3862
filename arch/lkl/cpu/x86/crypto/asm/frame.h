/* SPDX-License-Identifier: GPL-2.0 */
/* For chacha-ssse3-x86_64.S: there are no frame pointers. */
#define FRAME_BEGIN
#define FRAME_END
