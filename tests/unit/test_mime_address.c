/* Lists of addresses: name|route|mailbox|domain of each, "-" where there is none. */
#include "config.h"

#include "base/buf.h"
#include "mime/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *
piece(struct arena *a, struct span s)
{
	return s.data != NULL ? arena_strndup(a, s) : "-";
}

static const char *
addresses(struct arena *a, const char *field)
{
	const char *all = "";

	for (const struct mime_address *one = addresses_read(a, span_str(field)); one != NULL; one = one->next) {
		const char *between = all[0] != '\0' ? " " : "";

		if (one->kind == ADDRESS_GROUP_END)
			all = arena_printf(a, "%s%s;", all, between);
		else if (one->kind == ADDRESS_GROUP)
			all = arena_printf(a, "%s%s%s:", all, between, piece(a, one->mailbox));
		else
			all = arena_printf(a, "%s%s%s|%s|%s|%s%s", all, between, piece(a, one->name), piece(a, one->route),
			    piece(a, one->mailbox), piece(a, one->domain), one->broken ? "!" : "");
	}
	return all;
}

struct address_case {
	const char *field, *addresses;
};

static void
check(const struct address_case *cases, size_t count)
{
	struct arena *a = arena_new(0);

	for (size_t i = 0; i < count; i++)
		assert_string_equal(addresses(a, cases[i].field), cases[i].addresses);
	arena_free(&a);
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases[0]))

static void
test_mailboxes(void **state)
{
	static const struct address_case cases[] = {
		{ "", "" },
		{ " \t(nobody)", "" },
		{ "anna@example.org", "-|-|anna|example.org" },
		{ "Anna <anna@example.org>", "Anna|-|anna|example.org" },
		{ "<anna@example.org>", "-|-|anna|example.org" },
		{ "a@x, B <b@x>,, <c@x>,", "-|-|a|x B|-|b|x -|-|c|x" },
		{ "anna@x (Anna (of) \\(x)", "Anna (of) (x|-|anna|x" },
		{ "\"Smith, \\\"Anna\\\"\" <anna@x>", "Smith, \"Anna\"|-|anna|x" },
		{ "Anna  B. \"C\"D <anna@x>", "Anna B. C D|-|anna|x" },
		{ "=?utf-8?q?J=C3=BCrgen?= <j@x>", "=?utf-8?q?J=C3=BCrgen?=|-|j|x" },
		{ "J\xc3\xbcrgen <j\xc3\xbc@\xc3\xa9.x>", "J\xc3\xbcrgen|-|j\xc3\xbc|\xc3\xa9.x" },
		{ "<@relay.x,@other:anna@x>", "-|@relay.x,@other|anna|x" },
		{ "\"anna smith\"@x", "-|-|anna smith|x" },
		{ "anna . smith @ (at) example . org", "at|-|anna.smith|example.org" },
		{ "anna@[192.0.2.1]", "-|-|anna|[192.0.2.1]" },
		{ "a(,b@x)@x", ",b@x|-|a|x" },
	};

	(void)state;
	CHECK(cases);
}

static void
test_groups(void **state)
{
	static const struct address_case cases[] = {
		{ "undisclosed-recipients:;", "undisclosed-recipients: ;" },
		{ "Some friends: a@x, B <b@x>;, c@x", "Some friends: -|-|a|x B|-|b|x ; -|-|c|x" },
		{ "none: ; , c@x", "none: ; -|-|c|x" },
		{ "open: a@x", "open: -|-|a|x ;" },
		{ ":;", ": ;" },
	};

	(void)state;
	CHECK(cases);
}

static void
test_malformed(void **state)
{
	static const struct address_case cases[] = {
		{ "root", "-|-|root|-" },
		{ "root (Cron)", "Cron|-|root|-" },
		{ "Anna Smith", "Anna Smith|-|-|-" },
		{ "Anna Smith, a@x", "Anna Smith|-|-|- -|-|a|x" },
		{ "<>", "-|-|-|-" },
		{ "<anna>", "-|-|anna|-" },
		{ "<none:;>", "-|-|none|-!" },
		{ "Anna <anna@x", "Anna|-|anna|x!" },
		{ "<@relay anna@x>", "-|-|-|-!" },
		{ "a@x b@x, c@x", "-|-|a|x" },
		{ "a@, b@x", "-|-|a|- -|-|b|x" },
		{ "@x", "-|-|-|-" },
		{ "\"anna@x", "-|-|anna@x|-" },
		{ "a@[x", "-|-|a|-" },
		{ "(a@x", "" },
		{ "a (", "-|-|a|-" },
		{ "a \\", "a|-|-|-" },
		{ "\"\\", "-|-|\\|-" },
	};

	(void)state;
	CHECK(cases);
}

static void
test_too_many(void **state)
{
	struct arena *a = arena_new(0);
	struct buf field = { 0 };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i <= ADDRESSES_MAX; i++)
		buf_add_str(&field, "a@x,");
	for (const struct mime_address *one = addresses_read(a, buf_span(&field)); one != NULL; one = one->next)
		count++;
	assert_int_equal(count, ADDRESSES_MAX);
	buf_free(&field);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
