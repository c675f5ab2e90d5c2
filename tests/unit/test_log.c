/* Logging: what is written to standard error, and that nothing forges it. */
#include "config.h"

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error goes to a file while a test logs. */
struct capture {
	FILE *file;
	int saved;
};

static void
capture_begin(struct capture *c)
{
	c->file = tmpfile();
	assert_non_null(c->file);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->saved >= 0);
	assert_int_equal(dup2(fileno(c->file), STDERR_FILENO), STDERR_FILENO);
}

static void
capture_end(struct capture *c, struct buf *out)
{
	char chunk[4096];
	size_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	rewind(c->file);
	buf_clear(out);
	while ((n = fread(chunk, 1, sizeof(chunk), c->file)) > 0)
		buf_add(out, chunk, n);
	fclose(c->file);
}

static size_t
count_byte(struct span s, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += s.data[i] == c;
	return count;
}

/* What follows the time, which changes. */
static const char *
after_time(struct buf *out)
{
	const char *level = strstr(buf_str(out), "level");

	assert_non_null(level);
	return level;
}

static void
test_line(void **state)
{
	struct buf out = { .len = 0 };
	struct capture c;

	(void)state;
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO);
	log_set_process("proxy 2");
	capture_begin(&c);
	log_info("listen", "address %s", "127.0.0.1:25");
	capture_end(&c, &out);
	assert_string_equal(after_time(&out),
	    "level=info process=\"proxy 2\" event=listen msg=\"address 127.0.0.1:25\"\n");
	assert_true(span_starts(buf_span(&out), "time="));
	buf_free(&out);
}

static void
test_json_line(void **state)
{
	struct buf out = { .len = 0 };
	struct log_entry e;
	struct capture c;

	(void)state;
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_set_process("master");
	capture_begin(&c);
	log_begin(&e, LOG_LEVEL_WARNING, "message");
	log_text(&e, "from", "a\"b@c");
	log_number(&e, "size", -5);
	log_decimal(&e, "score", 1.5);
	log_end(&e);
	capture_end(&c, &out);
	assert_true(span_starts(buf_span(&out), "{\"time\":\"20"));
	assert_string_equal(after_time(&out),
	    "level\":\"warning\",\"process\":\"master\",\"event\":\"message\",\"from\":\"a\\\"b@c\",\"size\":-5,\"score\":1.50}\n");
	buf_free(&out);
}

static void
test_levels(void **state)
{
	struct buf out = { .len = 0 };
	struct capture c;

	(void)state;
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_WARNING);
	assert_false(log_enabled(LOG_LEVEL_INFO));
	assert_true(log_enabled(LOG_LEVEL_ERROR));
	capture_begin(&c);
	log_debug("a", "no");
	log_info("a", "no");
	log_warning("a", "yes");
	log_error("a", "yes");
	capture_end(&c, &out);
	assert_int_equal(count_byte(buf_span(&out), '\n'), 2);
	assert_null(strstr(buf_str(&out), "no"));
	buf_free(&out);
}

/* Values that would end a line, a quotation or a field. */
static void
test_no_forged_lines(void **state)
{
	static const struct {
		struct span value;
		const char *written;
	} cases[] = {
		{ { "a\nlevel=error", 13 }, "v=\"a\\u000alevel=error\"\n" },
		{ { "a\r\n", 3 }, "v=\"a\\u000d\\u000a\"\n" },
		{ { "a\" event=x", 10 }, "v=\"a\\\" event=x\"\n" },
		{ { "a\\", 2 }, "v=\"a\\\\\"\n" },
		{ { "a=b", 3 }, "v=\"a=b\"\n" },
		{ { "", 0 }, "v=\"\"\n" },
		{ { "a\0b", 3 }, "v=\"a\\u0000b\"\n" },
		{ { "\x1b[2J\x7f", 5 }, "v=\"\\u001b[2J\\u007f\"\n" },
		{ { "\xc2\x9b" "2J", 4 }, "v=\"\\u009b2J\"\n" },
		{ { "caf\xc3\xa9", 5 }, "v=\"caf\xc3\xa9\"\n" },
		{ { "\xff\xc3", 2 }, "v=\"\xef\xbf\xbd\xef\xbf\xbd\"\n" },
		{ { "user@example.org", 16 }, "v=user@example.org\n" },
	};

	(void)state;
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = { .len = 0 };
		struct log_entry e;
		struct capture c;

		capture_begin(&c);
		log_begin(&e, LOG_LEVEL_INFO, "x");
		log_span(&e, "v", cases[i].value);
		log_end(&e);
		capture_end(&c, &out);
		assert_string_equal(strstr(buf_str(&out), "v="), cases[i].written);
		assert_int_equal(count_byte(buf_span(&out), '\n'), 1);
		buf_free(&out);
	}
}

/* However much is given, a line keeps its bound and its end. */
static void
log_too_much(enum log_format format, char fill)
{
	struct buf out = { .len = 0 }, value = { .len = 0 };
	struct log_entry e;
	struct capture c;

	while (value.len < 3 * LOG_VALUE_MAX)
		buf_add_byte(&value, fill);
	log_setup(LOG_TARGET_STDERR, format, LOG_LEVEL_INFO);
	capture_begin(&c);
	log_begin(&e, LOG_LEVEL_INFO, "x");
	for (int i = 0; i < 1000; i++) {
		log_span(&e, "v", buf_span(&value));
		log_number(&e, "n", i);
		log_decimal(&e, "d", i);
	}
	log_end(&e);
	capture_end(&c, &out);
	assert_true(out.len > LOG_LINE_MAX / 2);
	assert_true(out.len <= LOG_LINE_MAX);
	assert_int_equal(count_byte(buf_span(&out), '\n'), 1);
	assert_int_equal(buf_span(&out).data[out.len - 1], '\n');
	if (format == LOG_FORMAT_JSON)
		assert_int_equal(buf_span(&out).data[out.len - 2], '}');
	buf_free(&out);
	buf_free(&value);
}

static void
test_bounds(void **state)
{
	(void)state;
	log_too_much(LOG_FORMAT_LOGFMT, 'a');
	log_too_much(LOG_FORMAT_LOGFMT, '\n');
	log_too_much(LOG_FORMAT_JSON, 'a');
	log_too_much(LOG_FORMAT_JSON, '\x01');
	log_too_much(LOG_FORMAT_JSON, '\xff');
}

static void
test_json_escape(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain /<>&'", "plain /<>&'" },
		{ "\"\\\b\f\n\r\t\x7f", "\\\"\\\\\\u0008\\u000c\\u000a\\u000d\\u0009\\u007f" },
		{ "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                         /* overlong */
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },         /* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },         /* a surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* past U+10FFFF */
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },                         /* cut short */
		{ "\x80" "a", "\xef\xbf\xbd" "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = { .len = 0 };

		json_escape(&out, span_str(cases[i].in));
		assert_string_equal(buf_str(&out), cases[i].out);
		buf_free(&out);
	}
}

/* Where systemd says that standard error is its journal, and it is. */
static void
test_journal(void **state)
{
	struct buf out = { .len = 0 };
	struct capture c;
	struct stat st;
	char stream[64];

	(void)state;
	capture_begin(&c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_DEBUG);
	log_debug("a", "b");
	log_info("a", "b");
	log_warning("a", "b");
	log_error("a", "b");
	setenv("JOURNAL_STREAM", "1:1", 1); /* of who started us */
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO);
	log_error("a", "b");
	setenv("JOURNAL_STREAM", "of no use", 1);
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO);
	log_error("a", "b");
	unsetenv("JOURNAL_STREAM");
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO);
	capture_end(&c, &out);
	for (const char *line = buf_str(&out), *expected = "7643tt"; *expected != '\0'; expected++) {
		assert_true(*expected == 't' ? strncmp(line, "time=", 5) == 0 :
		                               line[0] == '<' && line[1] == *expected && strncmp(line + 2, ">time=", 6) == 0);
		line = strchr(line, '\n') + 1;
	}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_json_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_no_forged_lines),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_json_escape),
		cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
