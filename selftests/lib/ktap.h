/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP on stdout. A program is a table of cases, a case is a list of checks,
 * and the case's name is its result line. A check that holds prints nothing:
 * the guest's serial line is slow.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>

/* kselftest's exit statuses */
#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct ktap_case {
	const char *name;
	void (*run)(void);
	/* instead of run: called with arg */
	void (*run_with)(const void *arg);
	const void *arg;
};

/*
 * Prints the version, the plan and a line per case; returns the exit status.
 * @setup, which may be NULL, runs first and may end the program.
 */
int ktap_run(const struct ktap_case *cases, unsigned int count,
	     void (*setup)(void));

/*
 * Fails the running case with the formatted message, which must hold the
 * numbers, unless @ok. Returns @ok.
 */
#define check(ok, ...) ktap_check((ok), __FILE__, __LINE__, __VA_ARGS__)
bool ktap_check(bool ok, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A diagnostic line. */
void ktap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Marks the running case as skipped; a failed check in it still counts. */
void ktap_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program before its plan: nothing here can be tested. */
void ktap_skip_all(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Ends the program: nothing after this makes sense. */
void ktap_bail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif
