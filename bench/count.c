// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command and tells what is counted meanwhile (counts.h), in all of the guest;
 * with marks around it for the profiler.
 *
 * usage: QXL_CARD=/dev/dri/cardN qxl_count INTERRUPT COMMAND...
 *
 * Ends as the command does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts.h"
#include "mark.h"

static int run(char **command)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return 126;
	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 126;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *card = getenv("QXL_CARD");
	int status;

	if (argc < 3 || !card) {
		fprintf(stderr, "usage: QXL_CARD=... %s INTERRUPT COMMAND...\n",
			argv[0]);
		return 2;
	}
	counts_tell(card, argv[1], NULL, 1);
	mark_begin();
	status = run(argv + 2);
	mark_end();
	counts_tell(card, argv[1], "run", 1);
	mark_record();
	return status;
}
