/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks in the guest's program for the profiler (profiler.c): instructions that do
 * nothing, and of which nobody else has these.
 */
#ifndef MARK_H
#define MARK_H

/* 0f 1f 80 and, with the lowest byte first, the displacement. */
#define MARK_OPCODE "\x0f\x1f\x80"
#define MARK_TAG "\x4c\x58\x51"
#define MARKS 4 /* numbers from 1 on */

/* What is executed between these two belongs to the operation. */
static inline void mark_begin(void)
{
	__asm__ volatile("nopl 0x51584c01(%%rax)" ::: "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile("nopl 0x51584c02(%%rax)" ::: "memory");
}

/* What was executed until now was to warm up. */
static inline void mark_forget(void)
{
	__asm__ volatile("nopl 0x51584c03(%%rax)" ::: "memory");
}

/* The operation is over: its record is written. */
static inline void mark_record(void)
{
	__asm__ volatile("nopl 0x51584c04(%%rax)" ::: "memory");
}

#endif
