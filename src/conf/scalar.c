/* Typed values of scalars. Numbers are read here and not by strtod(), which
 * obeys the locale and knows forms that YAML does not. */
#include "config.h"

#include "conf/yaml.h"

#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "kB", 1000 },
	{ "MB", 1000 * 1000 },
	{ "GB", 1000 * 1000 * 1000 },
	{ "KiB", 1024 },
	{ "MiB", 1024 * 1024 },
	{ "GiB", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct unit durations[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
	{ NULL, 0 },
};

static bool
expected(const struct yaml *n, const char *what, struct report *r)
{
	if (n->kind != YAML_SCALAR)
		report_add(r, n->mark, "expected %s, not a %s", what,
		    n->kind == YAML_SEQUENCE ? "list" : "mapping");
	else
		report_add(r, n->mark, "expected %s, not %s\"" YAML_SHOWN "\"", what, n->quoted ? "the text " : "",
		    n->text.data);
	return false;
}

static bool
is_plain(const struct yaml *n)
{
	return n->kind == YAML_SCALAR && !n->quoted;
}

static bool
is_null(const struct yaml *n)
{
	return is_plain(n) && (n->text.len == 0 || span_is(n->text, "~") || span_is_nocase(n->text, "null"));
}

bool
yaml_string(const struct yaml *n, const char **out, struct report *r)
{
	if (n->kind != YAML_SCALAR || is_null(n))
		return expected(n, "a text", r);
	if (span_find_byte(n->text, '\0') != SIZE_MAX) {
		report_add(r, n->mark, "a text must not hold NUL");
		return false;
	}
	*out = n->text.data;
	return true;
}

bool
yaml_bool(const struct yaml *n, bool *out, struct report *r)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; is_plain(n) && i < sizeof(words) / sizeof(*words); i++) {
		if (span_is_nocase(n->text, words[i])) {
			*out = i % 2 == 1;
			return true;
		}
	}
	return expected(n, "true or false", r);
}

bool
yaml_number(const struct yaml *n, uint64_t *out, struct report *r)
{
	if (!is_plain(n) || !span_to_u64(n->text, out))
		return expected(n, "a whole number", r);
	return true;
}

/* Takes digits off *s, at most as many as a double holds exactly. */
static bool
take_digits(struct span *s, double *value, unsigned *digits)
{
	enum { DIGITS_EXACT = 15 };
	const struct span all = *s;

	while (s->len > 0 && ascii_is_digit(s->data[0])) {
		if (++*digits > DIGITS_EXACT)
			return false;
		*value = *value * 10 + (s->data[0] - '0');
		*s = span_from(*s, 1);
	}
	return s->len < all.len;
}

static bool
parse_decimal(struct span s, double *out)
{
	bool negative = s.len > 0 && s.data[0] == '-';
	double value = 0, scale = 1;
	unsigned digits = 0;

	if (negative || (s.len > 0 && s.data[0] == '+'))
		s = span_from(s, 1);
	if (!take_digits(&s, &value, &digits))
		return false;
	if (s.len > 0 && s.data[0] == '.') {
		unsigned whole = digits;

		s = span_from(s, 1);
		if (!take_digits(&s, &value, &digits))
			return false;
		while (whole++ < digits)
			scale *= 10;
	}
	*out = (negative ? -value : value) / scale;
	return s.len == 0;
}

bool
yaml_decimal(const struct yaml *n, double *out, struct report *r)
{
	if (!is_plain(n) || !parse_decimal(n->text, out))
		return expected(n, "a number as 1.5", r);
	return true;
}

/* A whole number and a unit, with or without a space between. */
static bool
parse_quantity(struct span s, const struct unit *units, uint64_t *out)
{
	size_t digits = 0;
	struct span name;

	while (digits < s.len && ascii_is_digit(s.data[digits]))
		digits++;
	if (!span_to_u64(span_first(s, digits), out))
		return false;
	name = span_from(s, digits);
	if (name.len > 1 && name.data[0] == ' ')
		name = span_from(name, 1);
	for (; units->name != NULL; units++)
		if (span_is(name, units->name))
			return !__builtin_mul_overflow(*out, units->factor, out);
	return false;
}

bool
yaml_size(const struct yaml *n, uint64_t *out, struct report *r)
{
	if (n->kind != YAML_SCALAR || !parse_quantity(n->text, sizes, out))
		return expected(n, "a size as 50MiB or 10 kB (B, kB, MB, GB, KiB, MiB, GiB)", r);
	return true;
}

bool
yaml_duration(const struct yaml *n, uint64_t *out, struct report *r)
{
	if (n->kind != YAML_SCALAR || !parse_quantity(n->text, durations, out))
		return expected(n, "a time as 30s or 5m (ms, s, m, h, d)", r);
	return true;
}

static void
report_choice(const struct yaml *n, const char *const *names, struct report *r)
{
	const char *nearest = nearest_word(n->text.data, names);
	char *all = arena_strdup(r->arena, names[0]);

	for (size_t i = 1; names[i] != NULL; i++)
		all = arena_printf(r->arena, "%s, %s", all, names[i]);
	if (nearest != NULL)
		report_add(r, n->mark, "unknown value \"" YAML_SHOWN "\", did you mean \"%s\"? (one of: %s)", n->text.data,
		    nearest, all);
	else
		report_add(r, n->mark, "unknown value \"" YAML_SHOWN "\" (one of: %s)", n->text.data, all);
}

bool
yaml_choice(const struct yaml *n, const char *const *names, int *out, struct report *r)
{
	if (n->kind != YAML_SCALAR)
		return expected(n, "a word", r);
	for (int i = 0; names[i] != NULL; i++) {
		if (span_is(n->text, names[i])) {
			*out = i;
			return true;
		}
	}
	report_choice(n, names, r);
	return false;
}

size_t
yaml_list(struct yaml *const *node, struct yaml *const **items)
{
	if ((*node)->kind == YAML_SEQUENCE) {
		*items = (*node)->items;
		return (*node)->count;
	}
	*items = node;
	return 1;
}
