#include "config.h"

#include "conf_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

int
conf_setup(void **state)
{
	struct conf_fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->arena = arena_new(0);
	report_init(&f->report, f->arena);
	*state = f;
	return 0;
}

int
conf_teardown(void **state)
{
	struct conf_fixture *f = *state;

	arena_free(&f->arena);
	free(f);
	return 0;
}

const char *
conf_errors(struct conf_fixture *f)
{
	char *text = NULL, *copy;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	report_print(&f->report, out);
	fclose(out);
	copy = arena_strdup(f->arena, text);
	free(text);
	return copy;
}

struct yaml *
conf_yaml(struct conf_fixture *f, const char *text)
{
	struct yaml *n = yaml_read(f->arena, "t", span_str(text), &f->report);

	assert_string_equal(conf_errors(f), "");
	assert_non_null(n);
	return n;
}

void
conf_yaml_fails(struct conf_fixture *f, const char *text, const char *errors)
{
	report_init(&f->report, f->arena);
	assert_null(yaml_read(f->arena, "t", span_str(text), &f->report));
	assert_string_equal(conf_errors(f), errors);
}

const struct settings *
conf_settings(struct conf_fixture *f, const char *text)
{
	const struct settings *s = settings_read_text(f->arena, "/etc/gatepost/t", span_str(text), &f->report);

	assert_string_equal(conf_errors(f), "");
	assert_non_null(s);
	return s;
}

void
conf_settings_fail(struct conf_fixture *f, const char *text, const char *errors)
{
	report_init(&f->report, f->arena);
	assert_null(settings_read_text(f->arena, "t", span_str(text), &f->report));
	assert_string_equal(conf_errors(f), errors);
}
