#include "config.h"

#include "cli/moment.h"

#include "conf/yaml.h"

#include <time.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	DAY = 24 * 60 * MINUTE,
};

static bool
take_number(struct span *s, size_t digits, int *out)
{
	uint64_t number;

	if (s->len < digits || !span_to_u64(span_first(*s, digits), &number))
		return false;
	*out = (int)number;
	*s = span_from(*s, digits);
	return true;
}

static bool
take_sign(struct span *s, char sign)
{
	if (s->len == 0 || s->data[0] != sign)
		return false;
	*s = span_from(*s, 1);
	return true;
}

static bool
take_day(struct span *s, struct tm *tm)
{
	return take_number(s, 4, &tm->tm_year) && take_sign(s, '-') && take_number(s, 2, &tm->tm_mon) &&
	    take_sign(s, '-') && take_number(s, 2, &tm->tm_mday) && tm->tm_year > 0;
}

/* *length: of what was named, in milliseconds. */
static bool
take_clock(struct span *s, struct tm *tm, int *millis, int64_t *length)
{
	bool ok = (take_sign(s, 'T') || take_sign(s, ' ')) && take_number(s, 2, &tm->tm_hour) && take_sign(s, ':') &&
	    take_number(s, 2, &tm->tm_min);

	*length = MINUTE;
	if (ok && take_sign(s, ':')) {
		ok = take_number(s, 2, &tm->tm_sec);
		*length = SECOND;
		if (ok && take_sign(s, '.')) {
			ok = take_number(s, 3, millis);
			*length = 1;
		}
	}
	take_sign(s, 'Z');
	return ok;
}

/* timegm() carries what there is not over into what there is: of 31 February it
 * makes a day of March, of a second 60 the next minute. */
static bool
take_seconds(struct tm *tm, int64_t *seconds)
{
	const struct tm asked = *tm;

	*seconds = timegm(tm);
	return tm->tm_year == asked.tm_year && tm->tm_mon == asked.tm_mon && tm->tm_mday == asked.tm_mday &&
	    tm->tm_hour == asked.tm_hour && tm->tm_min == asked.tm_min && tm->tm_sec == asked.tm_sec;
}

static bool
parse_date(struct span s, struct moment *out)
{
	struct tm tm = { .tm_year = 0 };
	int64_t seconds, length = DAY;
	int millis = 0;

	if (!take_day(&s, &tm) || (s.len > 0 && !take_clock(&s, &tm, &millis, &length)) || s.len > 0)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!take_seconds(&tm, &seconds))
		return false;
	out->first = seconds * SECOND + millis;
	out->last = out->first + length - 1;
	return true;
}

/* A bare number, which would be seconds, is rather a date without its signs. */
static bool
parse_age(struct span s, int64_t now, struct moment *out)
{
	struct arena *a = arena_new(0);
	const struct yaml scalar = { .kind = YAML_SCALAR, .text = span_of(arena_strndup(a, s), s.len) };
	struct report report;
	uint64_t age = 0;
	bool ok;

	report_init(&report, a);
	ok = s.len > 0 && !ascii_is_digit(s.data[s.len - 1]) && yaml_duration(&scalar, &age, &report) && age <= INT64_MAX;
	arena_free(&a);
	if (ok)
		out->first = out->last = now - (int64_t)age;
	return ok;
}

bool
moment_parse(struct span text, int64_t now, struct moment *out)
{
	return parse_date(text, out) || parse_age(text, now, out);
}
