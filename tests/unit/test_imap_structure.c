/* BODYSTRUCTURE: trees of parts, as real servers write them, and what is none. */
#include "config.h"

#include "wire/imap_structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 12 3)"
#define ENVELOPE "(NIL \"Hi\" ((NIL NIL \"a\" \"b.example\")) NIL NIL NIL NIL NIL NIL \"<1@b>\")"

static struct arena *arena;
static struct buf out;

static int
open_arena(void **state)
{
	(void)state;
	arena = arena_new(0);
	buf_init(&out, 0);
	return 0;
}

static int
close_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	buf_free(&out);
	return 0;
}

static struct imap_part *
parse(struct span text)
{
	struct imap_cursor c = imap_cursor(text);
	struct imap_part *part = imap_take_structure(&c, arena);

	assert_int_equal(part == NULL, c.failed);
	return part != NULL && imap_at_end(&c) ? part : NULL;
}

static void
add_parameters(const struct imap_parameter *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, " %.*s=%.*s", SPAN_ARG(list[i].name), SPAN_ARG(list[i].value));
}

/* Octets and lines, encoding, parameters, disposition and id of a part; its children in brackets. */
static void
dump(const struct imap_part *part)
{
	buf_printf(&out, "%.*s/%.*s", SPAN_ARG(part->type), SPAN_ARG(part->subtype));
	if (part->encoding.data != NULL)
		buf_printf(&out, " %llu %.*s", (unsigned long long)part->octets, SPAN_ARG(part->encoding));
	if (part->has_lines)
		buf_printf(&out, " lines %llu", (unsigned long long)part->lines);
	add_parameters(part->parameters, part->parameter_count);
	if (part->disposition.data != NULL)
		buf_printf(&out, " %.*s:", SPAN_ARG(part->disposition));
	add_parameters(part->disposition_parameters, part->disposition_parameter_count);
	if (part->id.data != NULL)
		buf_printf(&out, " id %.*s", SPAN_ARG(part->id));
	if (part->envelope.len > 0)
		buf_add_str(&out, " envelope");
	if (part->children == NULL)
		return;
	buf_add_str(&out, " [");
	for (const struct imap_part *child = part->children; child != NULL; child = child->next) {
		dump(child);
		if (child->next != NULL)
			buf_add_str(&out, ", ");
	}
	buf_add_byte(&out, ']');
}

static void
test_structures(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ TEXT, "text/plain 12 7bit lines 3 charset=utf-8" },
		{ "(\"TEXT\" \"HTML\" NIL \"<i>\" \"desc\" \"BASE64\" 0 0 \"md5\" (\"inline\" NIL) (\"en\" \"de\") NIL (1 (2)) x)",
		    "TEXT/HTML 0 BASE64 lines 0 inline: id <i>" },
		{ "(\"image\" \"png\" (\"name\" {5}\r\na \"(b) NIL NIL \"base64\" 99 NIL (\"attachment\" (\"filename\" "
		  "\"a\\\"b\" \"size\" \"9\")) NIL NIL)", "image/png 99 base64 name=a \"(b attachment: filename=a\"b size=9" },
		{ "(" TEXT "(\"a\" \"b\" NIL NIL NIL \"8bit\" 7) \"mixed\")",
		    "multipart/mixed [text/plain 12 7bit lines 3 charset=utf-8, a/b 7 8bit]" },
		{ "(((\"a\" \"b\" NIL NIL NIL \"8bit\" 7) \"alternative\")(\"c\" \"d\" NIL NIL NIL \"8bit\" 8) \"mixed\" "
		  "(\"boundary\" \"x\") NIL NIL NIL)",
		    "multipart/mixed boundary=x [multipart/alternative [a/b 7 8bit], c/d 8 8bit]" },
		{ "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 400 " ENVELOPE " " TEXT " 20 NIL (\"attachment\" NIL) NIL)",
		    "message/rfc822 400 7bit lines 20 attachment: envelope [text/plain 12 7bit lines 3 charset=utf-8]" },
		{ "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 400 NIL NIL NIL NIL)", "message/rfc822 400 base64" },
		{ "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 400)", "message/rfc822 400 base64" },
		{ "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 40)", "message/delivery-status 40 7bit" },
		{ "(\"a\" \"b\" () NIL NIL NIL 5)", "a/b" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_part *part = parse(span_str(cases[i].text));

		if (part == NULL)
			fail_msg("'%s' is a structure", cases[i].text);
		buf_clear(&out);
		dump(part);
		assert_string_equal(buf_str(&out), cases[i].tree);
	}
}

static void
test_no_structures(void **state)
{
	static const char *const bad[] = { "", "NIL", "()", "(" TEXT ")", "(" TEXT "\"mixed\")",
		"(" TEXT " mixed)", "(" TEXT " \"mixed\"", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 12)",
		"(\"a\" \"b\" NIL NIL NIL \"7bit\")", "(\"a\" \"b\" NIL NIL NIL \"7bit\" x)",
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 9223372036854775808)", "(\"a\" NIL NIL NIL NIL \"7bit\" 1)",
		"(\"a\" \"b\" (\"c\") NIL NIL \"7bit\" 1)", "(\"a\" \"b\" (\"c\" \"d\" ) NIL NIL \"7bit\" 1)",
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 1 NIL (\"x\"))",
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 1 NIL \"inline\")", "(\"a\"  \"b\" NIL NIL NIL \"7bit\" 1)",
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 400 " ENVELOPE ")",
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 400 " ENVELOPE " " TEXT ")", "(\"a\" {3}\r\nb",
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 1))" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(span_str(bad[i])) != NULL)
			fail_msg("'%s' is no structure", bad[i]);
}

/* Every cut of a whole one is none. */
static void
test_cuts(void **state)
{
	struct span whole = SPAN_LITERAL("(" TEXT "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 400 " ENVELOPE " " TEXT
	                                 " 20 NIL (\"attachment\" NIL) NIL)(\"a\" {1}\r\nb (\"x\" \"y\") NIL NIL \"7bit\" "
	                                 "1) \"mixed\" (\"boundary\" \"x\") NIL NIL)");

	(void)state;
	assert_non_null(parse(whole));
	for (size_t len = 0; len < whole.len; len++)
		assert_null(parse(span_first(whole, len)));
}

static bool
nested(size_t depth)
{
	buf_clear(&out);
	for (size_t i = 1; i < depth; i++)
		buf_add_byte(&out, '(');
	buf_add_str(&out, TEXT);
	for (size_t i = 1; i < depth; i++)
		buf_add_str(&out, " \"mixed\")");
	return parse(buf_span(&out)) != NULL;
}

static bool
wide(size_t parts, size_t parameters)
{
	buf_clear(&out);
	buf_add_byte(&out, '(');
	for (size_t i = 1; i < parts; i++)
		buf_add_str(&out, TEXT);
	buf_add_str(&out, " \"mixed\" (\"a\" NIL");
	for (size_t i = 1; i < parameters; i++)
		buf_add_str(&out, " \"a\" NIL");
	buf_add_str(&out, "))");
	return parse(buf_span(&out)) != NULL;
}

static void
test_limits(void **state)
{
	(void)state;
	assert_true(nested(IMAP_STRUCTURE_DEPTH_MAX));
	assert_false(nested(IMAP_STRUCTURE_DEPTH_MAX + 1));
	assert_false(nested(100000));
	assert_true(wide(IMAP_STRUCTURE_PARTS_MAX, 1));
	assert_false(wide(IMAP_STRUCTURE_PARTS_MAX + 1, 1));
	assert_true(wide(2, IMAP_STRUCTURE_PARAMETERS_MAX));
	assert_false(wide(2, IMAP_STRUCTURE_PARAMETERS_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structures),
		cmocka_unit_test(test_no_structures),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
