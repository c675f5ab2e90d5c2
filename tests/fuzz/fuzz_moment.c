/* Times as they are given to commands: a date that is taken, printed from what was
 * made of it, begins as it was given; an age is no later than now. */
#include "config.h"

#include "cli/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PRINTED = sizeof("2026-11-21T08:05:12.123") - 1 };

static const int64_t now = INT64_C(1795939200000);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
print(int64_t millis, char out[PRINTED + 1])
{
	time_t seconds = (time_t)((millis - (millis % 1000 + 1000) % 1000) / 1000);
	char whole[PRINTED + 1];
	struct tm tm;

	demand(gmtime_r(&seconds, &tm) != NULL);
	demand(strftime(whole, sizeof(whole), "-%m-%dT%H:%M:%S", &tm) > 0);
	snprintf(out, PRINTED + 1, "%04d%.15s.%03d", (tm.tm_year + 1900) % 10000, whole, (int)(millis - seconds * 1000) % 1000);
}

static void
check_date(struct span text, const struct moment *moment)
{
	char first[PRINTED + 1], last[PRINTED + 1];

	print(moment->first, first);
	print(moment->last, last);
	if (text.data[text.len - 1] == 'Z')
		text.len--;
	demand(text.len <= PRINTED && moment->first <= moment->last);
	for (size_t i = 0; i < text.len; i++)
		demand((text.data[i] == first[i] && text.data[i] == last[i]) || (i == 10 && text.data[i] == ' '));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of((const char *)data, size);
	struct moment moment;

	if (!moment_parse(text, now, &moment))
		return 0;
	if (span_find_byte(text, '-') != SIZE_MAX)
		check_date(text, &moment);
	else
		demand(moment.first == moment.last && moment.last <= now);
	return 0;
}
