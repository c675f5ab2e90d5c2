/* Reads the configurations named and prints what is wrong with them. */
#include "config.h"

#include "conf/settings.h"

#include <stdio.h>

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(0);
	struct report report;
	bool ok;

	report_init(&report, a);
	for (int i = 1; i < argc; i++)
		settings_read(a, argv[i], &report);
	report_print(&report, stdout);
	ok = report.count == 0;
	arena_free(&a);
	return ok ? 0 : 2;
}
