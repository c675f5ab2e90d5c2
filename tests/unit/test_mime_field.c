/* The grammar of Content-* fields and RFC 2231's parameters. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "mime/field.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* type|name=value|name=value, as one text. */
static void
check(const char *in, const char *expected, struct field_flaws expected_flaws)
{
	struct field_flaws flaws = { 0 };
	struct mime_type *field = field_parse(arena, span_str(in), &flaws);
	const char *got = field->type;

	for (const struct mime_param *p = field->params; p != NULL; p = p->next)
		got = arena_printf(arena, "%s|%s=%.*s", got, p->name, SPAN_ARG(p->value));
	if (strcmp(got, expected) != 0)
		fail_msg("%s: %s is not %s", in, got, expected);
	assert_int_equal(flaws.malformed, expected_flaws.malformed);
	assert_int_equal(flaws.duplicate, expected_flaws.duplicate);
	assert_int_equal(flaws.conflict, expected_flaws.conflict);
	assert_int_equal(flaws.gap, expected_flaws.gap);
	assert_int_equal(flaws.too_many, expected_flaws.too_many);
}

#define FLAWS(...) ((struct field_flaws){ __VA_ARGS__ })
#define NO_FLAWS FLAWS(0)

static void
test_types(void **state)
{
	(void)state;
	check("text/plain", "text/plain", NO_FLAWS);
	check(" TEXT / Plain ; ", "text/plain", NO_FLAWS);
	check("(a)text(b)/(c)plain(d)", "text/plain", NO_FLAWS);
	check("base64", "base64", NO_FLAWS);
	check("\"base64\"", "base64", NO_FLAWS);
	check("", "", FLAWS(.malformed = true));
	check("; a=b", "|a=b", FLAWS(.malformed = true));
	check("name=x", "|name=x", FLAWS(.malformed = true));
	check("text/plain/more", "text/plain", FLAWS(.malformed = true));
	check("text/", "text/", FLAWS(.malformed = true));
	check("text/plain (open", "text/plain", FLAWS(.malformed = true));
}

static void
test_values(void **state)
{
	(void)state;
	check("a/b; n=v", "a/b|n=v", NO_FLAWS);
	check("a/b;N=\"v w\" ; m = x", "a/b|m=x|n=v w", NO_FLAWS);
	check("a/b; n=\"a\\\"b\\\\c\"", "a/b|n=a\"b\\c", NO_FLAWS);
	check("a/b; n=\"\"", "a/b|n=", NO_FLAWS);
	check("a/b; n=v (comment; x=y)", "a/b|n=v", NO_FLAWS);
	check("a/b; boundary=----=_Part/1:2?", "a/b|boundary=----=_Part/1:2?", NO_FLAWS);
	check("a/b; boundary=\"=?utf-8?Q?x?=\"", "a/b|boundary==?utf-8?Q?x?=", NO_FLAWS);
	check("a/b; n==?utf-8?Q?=C3=A4?=", "a/b|n=ä", NO_FLAWS);
	check("a/b; n=\"\xe4\"", "a/b|n=ä", NO_FLAWS);
}

static void
test_broken_values(void **state)
{
	(void)state;
	check("a/b n=v", "a/b|n=v", FLAWS(.malformed = true));
	check("a/b; n=v m=w", "a/b|m=w|n=v", FLAWS(.malformed = true));
	check("a/b; n=\"open", "a/b|n=open", FLAWS(.malformed = true));
	check("a/b; n=v w; m=x", "a/b|m=x|n=v|n=v w", FLAWS(.malformed = true));
	check("a/b; n=v(1).x", "a/b|n=v|n=v(1).x|n=v.x|n=v(1).x", FLAWS(.malformed = true));
	check("a/b; word", "a/b", FLAWS(.malformed = true));
	check("a/b; =v", "a/b|=v", FLAWS(.malformed = true));
	check("a/b; \"q\"; n=v", "a/b|n=v", FLAWS(.malformed = true));
	check("a/b; n=", "a/b|n=", NO_FLAWS);
	check("a/b; n=1; n=2", "a/b|n=1|n=2", FLAWS(.duplicate = true));
	check("a/b; n=1; n=1", "a/b|n=1", FLAWS(.duplicate = true));
	check("a/b; boundary=1; boundary=2", "a/b|boundary=1|boundary=2", FLAWS(.duplicate = true, .conflict = true));
}

static void
test_rfc2231(void **state)
{
	(void)state;
	check("a/b; n*=utf-8''%C3%A4", "a/b|n=ä", NO_FLAWS);
	check("a/b; n*=iso-8859-1'de'%e4", "a/b|n=ä", NO_FLAWS);
	check("a/b; n*=''x%41", "a/b|n=xA", NO_FLAWS);
	check("a/b; n*=100%25%", "a/b|n=100%%", NO_FLAWS);
	check("a/b; n*=\"utf-8''%C3%A4\"", "a/b|n=ä", NO_FLAWS);
	check("a/b; n*0=x; n*1=y", "a/b|n=xy", NO_FLAWS);
	check("a/b; n*1=y; n*0=x", "a/b|n=xy|n=yx|n=y", NO_FLAWS);
	check("a/b; n*0*=utf-8''%C3; n*1*=%A4; n*2=\"%41\"", "a/b|n=ä%41", NO_FLAWS);
	check("a/b; n*10=k; n*9=j; n*8=i; n*7=h; n*6=g; n*5=f; n*4=e; n*3=d; n*2=c; n*1=b; n*0=a",
	    "a/b|n=abcdefghijk|n=kjihgfedcba|n=k",
	    NO_FLAWS);
	check("a/b; n=plain; n*=utf-8''ext; n*0=piece", "a/b|n=ext|n=piece|n=plain", NO_FLAWS);
	check("a/b; n*0=x; n*2=z", "a/b|n=x|n=xz|n=x", FLAWS(.gap = true));
	check("a/b; n*1=y", "a/b|n=y", FLAWS(.gap = true));
	check("a/b; n*0=x; n*0=y", "a/b|n=x|n=y|n=xy|n=x", FLAWS(.duplicate = true));
	check("a/b; n*x=1", "a/b|n*x=1", NO_FLAWS);
	check("a/b; n*99999999999999999999=1", "a/b|n*99999999999999999999=1", NO_FLAWS);
	check("a/b; boundary*0=one; boundary*1=two", "a/b|boundary=onetwo", NO_FLAWS);
}

static void
test_too_many(void **state)
{
	struct buf text = { 0 };
	struct field_flaws flaws = { 0 };
	struct mime_type *field;
	size_t count = 0;

	(void)state;
	buf_add_str(&text, "a/b");
	for (int i = 0; i < 2 * FIELD_PARAMS_MAX; i++)
		buf_printf(&text, ";n%d=v", i);
	field = field_parse(arena, buf_span(&text), &flaws);
	for (const struct mime_param *p = field->params; p != NULL; p = p->next)
		count++;
	assert_int_equal(count, FIELD_PARAMS_MAX);
	assert_true(flaws.too_many);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_broken_values),
		cmocka_unit_test(test_rfc2231),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
