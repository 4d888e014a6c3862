/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User pointers are the host process' own. Single values go through inline
 * loads and stores with an exception table entry; bulk copies through
 * lkl_ucopy(), which calls the host's memcpy and leaves a recovery point. The
 * engine's SIGSEGV handler asks lkl_fixup_fault().
 */
#ifndef _ASM_LKL_UACCESS_H
#define _ASM_LKL_UACCESS_H

#include <linux/string.h>
#include <asm/extable.h>
#include <asm-generic/access_ok.h>

/* 0, or n if a byte could not be read or written (how many were copied is unknown). */
unsigned long lkl_ucopy(void *to, const void *from, unsigned long n);
unsigned long lkl_uclear(void *to, unsigned long n);
unsigned long lkl_ucopy_past(void *to, const void *from, unsigned long n);

static __always_inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return lkl_ucopy(to, (const void __force *)from, n);
}

static __always_inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return lkl_ucopy((void __force *)to, from, n);
}

#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER

#define __clear_user(to, n)	lkl_uclear((void __force *)(to), (n))

#define LKL_EX(insn, fixup)				\
	".pushsection __ex_table, \"a\"\n"		\
	".balign 4\n"					\
	".long " insn " - ., " fixup " - .\n"		\
	".popsection\n"

#if defined(__x86_64__)
#define LKL_LOAD(suffix, reg, val, ptr, err)				\
	asm volatile("1: mov" suffix " %2, %" reg "1\n2:\n"		\
		     ".pushsection .fixup, \"ax\"\n"			\
		     "3: mov %3, %0\n xor %k1, %k1\n jmp 2b\n"		\
		     ".popsection\n" LKL_EX("1b", "3b")			\
		     : "+r"(err), "=q"(val) : "m"(*(ptr)), "i"(-EFAULT))
#define LKL_STORE(suffix, reg, val, ptr, err)				\
	asm volatile("1: mov" suffix " %" reg "1, %2\n2:\n"		\
		     ".pushsection .fixup, \"ax\"\n"			\
		     "3: mov %3, %0\n jmp 2b\n"				\
		     ".popsection\n" LKL_EX("1b", "3b")			\
		     : "+r"(err) : "q"(val), "m"(*(ptr)), "i"(-EFAULT) : "memory")
#define LKL_LOAD_1(v, p, e)	LKL_LOAD("b", "b", v, p, e)
#define LKL_LOAD_2(v, p, e)	LKL_LOAD("w", "w", v, p, e)
#define LKL_LOAD_4(v, p, e)	LKL_LOAD("l", "k", v, p, e)
#define LKL_LOAD_8(v, p, e)	LKL_LOAD("q", "q", v, p, e)
#define LKL_STORE_1(v, p, e)	LKL_STORE("b", "b", v, p, e)
#define LKL_STORE_2(v, p, e)	LKL_STORE("w", "w", v, p, e)
#define LKL_STORE_4(v, p, e)	LKL_STORE("l", "k", v, p, e)
#define LKL_STORE_8(v, p, e)	LKL_STORE("q", "q", v, p, e)
#elif defined(__aarch64__)
#define LKL_LOAD(insn, reg, val, ptr, err)				\
	asm volatile("1: " insn " %" reg "1, %2\n2:\n"			\
		     ".pushsection .fixup, \"ax\"\n"			\
		     "3: mov %w0, %3\n mov %1, #0\n b 2b\n"		\
		     ".popsection\n" LKL_EX("1b", "3b")			\
		     : "+r"(err), "=r"(val) : "Q"(*(ptr)), "i"(-EFAULT))
#define LKL_STORE(insn, reg, val, ptr, err)				\
	asm volatile("1: " insn " %" reg "1, %2\n2:\n"			\
		     ".pushsection .fixup, \"ax\"\n"			\
		     "3: mov %w0, %3\n b 2b\n"				\
		     ".popsection\n" LKL_EX("1b", "3b")			\
		     : "+r"(err) : "r"(val), "Q"(*(ptr)), "i"(-EFAULT) : "memory")
#define LKL_LOAD_1(v, p, e)	LKL_LOAD("ldrb", "w", v, p, e)
#define LKL_LOAD_2(v, p, e)	LKL_LOAD("ldrh", "w", v, p, e)
#define LKL_LOAD_4(v, p, e)	LKL_LOAD("ldr", "w", v, p, e)
#define LKL_LOAD_8(v, p, e)	LKL_LOAD("ldr", "x", v, p, e)
#define LKL_STORE_1(v, p, e)	LKL_STORE("strb", "w", v, p, e)
#define LKL_STORE_2(v, p, e)	LKL_STORE("strh", "w", v, p, e)
#define LKL_STORE_4(v, p, e)	LKL_STORE("str", "w", v, p, e)
#define LKL_STORE_8(v, p, e)	LKL_STORE("str", "x", v, p, e)
#endif

static __always_inline int __get_user_fn(size_t size, const void __user *from, void *to)
{
	unsigned long v = 0;
	int err = 0;

	switch (size) {
	case 1:
		LKL_LOAD_1(v, (u8 __force *)from, err);
		*(u8 *)to = v;
		break;
	case 2:
		LKL_LOAD_2(v, (u16 __force *)from, err);
		*(u16 *)to = v;
		break;
	case 4:
		LKL_LOAD_4(v, (u32 __force *)from, err);
		*(u32 *)to = v;
		break;
	case 8:
		LKL_LOAD_8(v, (u64 __force *)from, err);
		*(u64 *)to = v;
		break;
	default:
		BUILD_BUG();
	}
	return err;
}
#define __get_user_fn(sz, u, k)	__get_user_fn(sz, u, k)

static __always_inline int __put_user_fn(size_t size, void __user *to, const void *from)
{
	int err = 0;

	switch (size) {
	case 1:
		LKL_STORE_1(*(const u8 *)from, (u8 __force *)to, err);
		break;
	case 2:
		LKL_STORE_2(*(const u16 *)from, (u16 __force *)to, err);
		break;
	case 4:
		LKL_STORE_4(*(const u32 *)from, (u32 __force *)to, err);
		break;
	case 8:
		LKL_STORE_8(*(const u64 *)from, (u64 __force *)to, err);
		break;
	default:
		BUILD_BUG();
	}
	return err;
}
#define __put_user_fn(sz, u, k)	__put_user_fn(sz, u, k)

#define __get_kernel_nofault(dst, src, type, err_label)			\
do {									\
	if (__get_user_fn(sizeof(type), (const void __user *)(src), (dst))) \
		goto err_label;						\
} while (0)

#define __put_kernel_nofault(dst, src, type, err_label)			\
do {									\
	if (__put_user_fn(sizeof(type), (void __user *)(dst), (src)))	\
		goto err_label;						\
} while (0)

#include <asm-generic/uaccess.h>

#ifdef CONFIG_LKL_X86
#define ARCH_HAS_NONTEMPORAL_UACCESS
static inline __must_check unsigned long
copy_from_user_inatomic_nontemporal(void *to, const void __user *from, unsigned long n)
{
	return access_ok(from, n) ? lkl_ucopy_past(to, (const void __force *)from, n) : n;
}

#define ARCH_HAS_NOCACHE_UACCESS	/* its name before 6.12.y */
static inline __must_check unsigned long
__copy_from_user_inatomic_nocache(void *to, const void __user *from, unsigned long n)
{
	return lkl_ucopy_past(to, (const void __force *)from, n);
}
#endif

#endif /* _ASM_LKL_UACCESS_H */
