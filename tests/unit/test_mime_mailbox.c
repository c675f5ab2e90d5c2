/* The addresses in a field: which words are some, and which only look it. */
#include "config.h"

#include "mime/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *
addresses(struct arena *a, struct span field)
{
	struct mailboxes found = { 0 };
	const char *all = "";

	mailboxes_read(a, field, &found);
	for (size_t i = 0; i < found.count; i++)
		all = arena_printf(a, "%s%s%.*s", all, i > 0 ? " " : "", SPAN_ARG(found.items[i]));
	return all;
}

static void
test_fields(void **state)
{
	static const struct {
		const char *field, *addresses;
	} cases[] = {
		{ "", "" },
		{ "anna@example.org", "anna@example.org" },
		{ "Anna <anna@example.org>", "anna@example.org" },
		{ "a@x, B <b@x>,, <c@x>", "a@x b@x c@x" },
		{ "friends: a@x, b@x; c@x", "a@x b@x c@x" },
		{ "<@relay,@other:a@x>", "a@x" },
		{ "a(comment (b@x) more)@x", "a@x" },
		{ "a (\\) b@x) c@x", "c@x" },
		{ "\"anna smith\"@x", "\"anna smith\"@x" },
		{ "Anna < anna@x >", "anna@x" },
		{ "a@x b@x", "a@x b@x" },
		/* Names that look like addresses. */
		{ "friend@x <evil@y>", "evil@y" },
		{ "\"friend@x\" <evil@y>", "evil@y" },
		{ "\"a \\\" <friend@x>\" <evil@y>", "evil@y" },
		{ "\"friend@x\"", "" },
		{ "friend@x (is) evil@y", "friend@x evil@y" },
		{ "<a@x> b@x", "a@x b@x" },
		{ "nobody, @x, <>", "" },
		{ "a@x\r, b\x7f@x", "a@x b@x" },
		/* What does not end. */
		{ "\"A <evil@y>", "evil@y" },
		{ "A (x <evil@y>, b@x", "evil@y b@x" },
		{ "A <evil@y", "evil@y" },
		{ "a@x, \"b@x", "a@x a@x b@x" },
		{ "\"\\", "" },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(addresses(a, span_str(cases[i].field)), cases[i].addresses);
	assert_string_equal(addresses(a, span_of("a\0@x\0, b@x", 10)), "a@x b@x");
	arena_free(&a);
}

/* A header's worth of anything costs its length. */
static void
test_much(void **state)
{
	static const char *const pieces[] = { "(", "\"", "<", "a@x,", "@,", "\\", "\"a\\", "<a@x>" };
	struct arena *a = arena_new(0);
	struct mailboxes found = { 0 };
	enum { TIMES = 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t len = strlen(pieces[i]);
		char *text = arena_alloc_raw(a, len * TIMES);

		for (size_t k = 0; k < TIMES; k++)
			memcpy(text + k * len, pieces[i], len);
		found.count = 0;
		mailboxes_read(a, span_of(text, len * TIMES), &found);
		assert_int_equal(found.count, strstr(pieces[i], "a@x") != NULL ? TIMES : 0);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_much),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
