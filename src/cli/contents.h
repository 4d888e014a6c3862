/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * contents.h - what a personality image has in it.
 */
#ifndef PERSONA_CLI_CONTENTS_H
#define PERSONA_CLI_CONTENTS_H

/**
 * struct contents - texts; lists have spaces between their words
 * @kernel:	release of the kernel; "" if the image says nothing of itself
 * @extensions: directories that were compiled in (docs/extensions.md)
 * @patched:	hash of the patches that the kernel's tree had for them, or ""
 * @without:	options of extensions that this kernel lacks something for
 * @congestion: congestion controls
 * @schedulers: of MPTCP; "" where the kernel has one that cannot be chosen
 * @why:	why @congestion and @schedulers are not known, or ""
 */
struct contents {
	char kernel[64];
	char extensions[256];
	char patched[64];
	char without[512];
	char congestion[256];
	char schedulers[256];
	char why[512];
};

/** contents_read() - of the image file @path; what cannot be found out is left empty. */
void contents_read(const char *path, struct contents *c);

/**
 * contents_note() - read the lines of section .persona, as kernel/build writes it
 * @text: @len bytes, without a NUL; lines that are not known are passed over
 */
void contents_note(struct contents *c, const char *text, unsigned long len);

#endif /* PERSONA_CLI_CONTENTS_H */
