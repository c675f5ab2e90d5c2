/* Times as they are given to commands: those that there are, and all others. */
#include "config.h"

#include "cli/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { NOW_S = 1795939200, DAY_MS = 24 * 60 * 60 * 1000 }; /* 2026-11-29T08:00 */

#define NOW (NOW_S * INT64_C(1000))

static const struct good {
	const char *text;
	int64_t first, length; /* milliseconds */
} good[] = {
	{ "1970-01-01", 0, DAY_MS },
	{ "2026-11-29", (NOW_S - 8 * 3600) * INT64_C(1000), DAY_MS },
	{ "2026-11-29T08:00", NOW, 60 * 1000 },
	{ "2026-11-29 08:00", NOW, 60 * 1000 },
	{ "2026-11-29T08:00Z", NOW, 60 * 1000 },
	{ "2026-11-29T08:00:07", NOW + 7000, 1000 },
	{ "2026-11-29T08:00:07Z", NOW + 7000, 1000 },
	{ "2026-11-29T08:00:07.089Z", NOW + 7089, 1 },
	{ "2026-11-29T08:00:07.089", NOW + 7089, 1 },
	{ "1969-12-31T23:59:59.999", -1, 1 },
	{ "2024-02-29", INT64_C(1709164800000), DAY_MS },
	{ "2000-02-29", INT64_C(951782400000), DAY_MS },
	{ "2026-12-31T23:59:59", INT64_C(1798761599000), 1000 },
	{ "0001-01-01", INT64_C(-62135596800000), DAY_MS },
	{ "9999-12-31", INT64_C(253402214400000), DAY_MS },
	{ "0s", NOW, 1 },
	{ "500ms", NOW - 500, 1 },
	{ "90m", NOW - 90 * INT64_C(60000), 1 },
	{ "2h", NOW - 2 * INT64_C(3600000), 1 },
	{ "2 h", NOW - 2 * INT64_C(3600000), 1 },
	{ "7d", NOW - 7 * (int64_t)DAY_MS, 1 },
	{ "9223372036854775807ms", NOW - INT64_MAX, 1 },
};

static const char *const bad[] = {
	"", " ", "yesterday", "now", "2026", "20261129", "20261129T080000", "0", "7", "2026-11", "2026-11-",
	/* What the calendar does not have. */
	"2026-02-29", "2026-02-30", "2026-02-31", "1900-02-29", "2100-02-29", "2026-04-31", "2026-06-31", "2026-11-31",
	"2026-01-32", "2026-01-00", "2026-00-01", "2026-13-01", "0000-01-01", "2026-99-99",
	"2026-11-29T24:00", "2026-11-29T08:60", "2026-11-29T08:00:60", "2026-12-31T23:59:60", "2026-11-29T99:99",
	/* Other forms. */
	"-2026-11-29", "+2026-11-29", "02026-11-29", "26-11-29", "2026-1-29", "2026-11-9", "2026/11/29", "29.11.2026",
	"2026-+1-29", "2026--1-29", "2026- 1-29", " 2026-11-29", "2026-11-29 ", "2026-11-29x", "2026-11-29Z", "2026-11-29T",
	"2026-11-29T08", "2026-11-29T08:", "2026-11-29T8:00", "2026-11-29t08:00", "2026-11-29T08:00z", "2026-11-29T08:00ZZ",
	"2026-11-29T08:00:", "2026-11-29T08:00:7", "2026-11-29T08:00:07.", "2026-11-29T08:00:07.08", "2026-11-29T08:00:07.0890",
	"2026-11-29T08:00:07,089", "2026-11-29T08:00.089", "2026-11-29T08:00+01:00", "2026-11-29T-8:00", "2026-11-29T08:00 x",
	"2026-11-29\n", "2026-11-29T08:00\r",
	/* Ages. */
	"h", "-2h", "+2h", "2x", "2H", "2hh", "2h ", "2  h", " 2h", "1.5h", "2h30m", "0x2h", "9223372036854775808ms",
	"18446744073709551616ms", "213503982335d",
};

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct moment moment = { 1, 0 };

		if (!moment_parse(span_str(good[i].text), NOW, &moment) || moment.first != good[i].first ||
		    moment.last != good[i].first + good[i].length - 1)
			fail_msg("\"%s\": %lld to %lld", good[i].text, (long long)moment.first, (long long)moment.last);
	}
}

static void
test_bad(void **state)
{
	struct moment moment;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (moment_parse(span_str(bad[i]), NOW, &moment))
			fail_msg("\"%s\" is taken for %lld", bad[i], (long long)moment.first);
	assert_false(moment_parse(SPAN_LITERAL("2h\0"), NOW, &moment));
	assert_false(moment_parse(SPAN_LITERAL("2026-11-29\0"), NOW, &moment));
	assert_false(moment_parse(SPAN_NONE, NOW, &moment));
}

/* Every day of 400 years is there, and the day behind the last of each month is not. */
static void
test_calendar(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t next = INT64_C(946684800000); /* 2000-01-01 */

	(void)state;
	for (int year = 2000; year < 2400; year++)
		for (int month = 1; month <= 12; month++) {
			bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			int last = days[month - 1] + leap;

			for (int day = 1; day <= last + 1; day++) {
				struct moment moment;
				char text[sizeof("2000-01-01") + 32];

				snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
				assert_int_equal(moment_parse(span_str(text), NOW, &moment), day <= last);
				if (day > last)
					break;
				assert_true(moment.first == next && moment.last == next + DAY_MS - 1);
				next += DAY_MS;
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
