// SPDX-License-Identifier: GPL-2.0-only
#include "ktap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* More than this many failed checks of one case are only counted. */
#define FAILURES_SHOWN 8

static unsigned int failures; /* of the running case */
static char skip_reason[256]; /* of the running case; empty: not skipped */

static void print_line(const char *prefix, const char *format, va_list args)
{
	fputs(prefix, stdout);
	vprintf(format, args);
	putchar('\n');
}

bool ktap_check(bool ok, const char *file, int line, const char *format, ...)
{
	char prefix[128];
	va_list args;

	if (ok)
		return true;
	if (++failures > FAILURES_SHOWN)
		return false;
	snprintf(prefix, sizeof(prefix), "# %s:%d: ", file, line);
	va_start(args, format);
	print_line(prefix, format, args);
	va_end(args);
	return false;
}

void ktap_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("# ", format, args);
	va_end(args);
}

void ktap_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(skip_reason, sizeof(skip_reason), format, args);
	va_end(args);
}

void ktap_skip_all(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("1..0 # SKIP ", format, args);
	va_end(args);
	exit(KSFT_SKIP);
}

void ktap_bail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("Bail out! ", format, args);
	va_end(args);
	exit(KSFT_FAIL);
}

/* Returns the case's kselftest status. */
static int run_case(const struct ktap_case *test, unsigned int number)
{
	failures = 0;
	skip_reason[0] = '\0';
	if (test->run)
		test->run();
	else
		test->run_with(test->arg);

	if (failures > FAILURES_SHOWN)
		ktap_note("%u checks failed", failures);
	if (failures) {
		printf("not ok %u %s\n", number, test->name);
		return KSFT_FAIL;
	}
	if (skip_reason[0]) {
		printf("ok %u %s # SKIP %s\n", number, test->name, skip_reason);
		return KSFT_SKIP;
	}
	printf("ok %u %s\n", number, test->name);
	return KSFT_PASS;
}

int ktap_run(const struct ktap_case *cases, unsigned int count,
	     void (*setup)(void))
{
	unsigned int skipped = 0;
	unsigned int failed = 0;
	int64_t start = now_us();

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("KTAP version 1");
	if (setup)
		setup();
	printf("1..%u\n", count);
	for (unsigned int i = 0; i < count; i++) {
		int status = run_case(&cases[i], i + 1);

		failed += status == KSFT_FAIL;
		skipped += status == KSFT_SKIP;
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       count - failed - skipped, failed, skipped);
	ktap_note("took %lld ms", (long long)(now_us() - start) / 1000);
	if (failed)
		return KSFT_FAIL;
	return skipped == count ? KSFT_SKIP : KSFT_PASS;
}
