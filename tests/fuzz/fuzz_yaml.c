/* A configuration from any bytes: it is read, or its errors are printed. */
#include "config.h"

#include "conf/settings.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new(0);
	struct span text = span_of((const char *)data, len);
	const struct settings *s;
	struct report report;
	FILE *out = fopen("/dev/null", "w");

	report_init(&report, a);
	s = settings_read_text(a, "fuzz", text, &report);
	if ((s == NULL) != (report.count > 0))
		abort();
	if (out != NULL) {
		report_print(&report, out);
		fclose(out);
	}
	if (s != NULL && settings_user(s, text) != NULL && s->user_count == 0)
		abort();
	arena_free(&a);
	return 0;
}
