#include "config.h"

#include "rule_fixture.h"

#include "base/buf.h"
#include "engine/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

void
rule_fixture_init(struct rule_fixture *f)
{
	*f = (struct rule_fixture){ 0 };
	f->arena = arena_new(0);
	f->message = arena_new(0);
	f->decode = scratch_new(-1);
	assert_non_null(f->decode);
	charset_open_all();
	digest_open_all();
	report_init(&f->report, f->arena);
	strcpy(f->folder, "/tmp/gatepost-rules-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->policy.name = "test";
	f->policy.rules.items = f->files;
	f->settings.policies = &f->policy;
	f->settings.policy_count = 1;
	f->settings.limits = (struct limits){ .message_parts = 100, .message_depth = 10, .message_headers = 1000,
		.archive_entries = 100, .archive_depth = 3, .archive_output = 1000000, .archive_ratio = 100,
		.regex_matches = 100000, .regex_depth = 1000 };
}

void
rule_fixture_free(struct rule_fixture *f)
{
	for (size_t i = 0; i < f->policy.rules.count; i++)
		if (span_starts(span_str(f->files[i]), f->folder))
			unlink(f->files[i]);
	rmdir(f->folder);
	rule_scratch_free(&f->scratch);
	scratch_free(&f->decode);
	arena_free(&f->message);
	arena_free(&f->arena);
}

void
rule_fixture_add(struct rule_fixture *f, const char *text)
{
	const char *path = arena_printf(f->arena, "%s/%zu.yaml", f->folder, f->policy.rules.count + 1);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	rule_fixture_add_file(f, path);
}

void
rule_fixture_add_file(struct rule_fixture *f, const char *path)
{
	assert_true(f->policy.rules.count < FIXTURE_FILES);
	f->files[f->policy.rules.count++] = path;
}

bool
rule_fixture_compile(struct rule_fixture *f)
{
	f->rules = ruleset_compile(f->arena, &f->settings, 0, &f->report);
	assert_true((f->rules == NULL) == (f->report.count > 0));
	if (f->rules != NULL)
		f->scratch = rule_scratch_new(f->rules);
	return f->rules != NULL;
}

const char *
rule_fixture_errors(struct rule_fixture *f)
{
	struct buf all = { 0 };
	const char *text;

	for (const struct report_error *e = f->report.first; e != NULL; e = e->next) {
		const char *name = strrchr(e->mark.file, '/');

		buf_printf(&all, "%s%s:%zu:%zu: %s", all.len > 0 ? "\n" : "", name != NULL ? name + 1 : e->mark.file,
		    e->mark.line, e->mark.column, e->message);
	}
	text = arena_strdup(f->arena, buf_str(&all));
	buf_free(&all);
	return text;
}

void
rule_fixture_scan_bytes(struct rule_fixture *f, struct span bytes, bool want_parts)
{
	const struct limits *l = &f->settings.limits;
	const struct mime_limits limits = { l->message_parts, l->message_depth, l->message_headers };

	assert_non_null(f->rules);
	arena_reset(f->message);
	f->parsed = mime_parse(f->message, arena_copy(f->message, bytes), &limits);
	rule_evaluate(f->rules, f->scratch, f->message, f->parsed, &f->envelope, f->decode, want_parts, &f->outcome);
}

void
rule_fixture_scan(struct rule_fixture *f, const char *text, bool want_parts)
{
	struct buf bytes = { 0 };

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_add_byte(&bytes, '\r');
		buf_add_byte(&bytes, *text);
	}
	rule_fixture_scan_bytes(f, buf_span(&bytes), want_parts);
	buf_free(&bytes);
}

const char *
rule_fixture_hits(struct rule_fixture *f)
{
	struct buf all = { 0 };
	const char *text;

	for (size_t i = 0; i < f->outcome.hit_count; i++)
		buf_printf(&all, "%s%s", i > 0 ? " " : "", f->outcome.hits[i].name);
	text = arena_strdup(f->message, buf_str(&all));
	buf_free(&all);
	return text;
}
