/* The user's name in SASL exchanges. */
#include "config.h"

#include "wire/sasl.h"

#include "base/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BYTES(text) { "" text, sizeof(text) - 1 }

static const struct {
	const char *mechanism;
	struct span response; /* before base64 */
	const char *user;     /* NULL = none is told */
} cases[] = {
	{ "PLAIN", BYTES("\0joe@example.org\0secret"), "joe@example.org" },
	{ "plain", BYTES("admin\0joe\0secret"), "joe" },
	{ "PLAIN", BYTES("\0jos\xc3\xa9\0s"), "jos\xc3\xa9" },
	{ "PLAIN", BYTES("joe"), NULL },
	{ "PLAIN", BYTES("\0joe"), NULL },
	{ "PLAIN", BYTES("\0\0secret"), NULL },
	{ "PLAIN", BYTES("\0joe\nlevel=error\0secret"), NULL },
	{ "LOGIN", BYTES("joe"), "joe" },
	{ "LOGIN", BYTES("jo\0e"), NULL },
	{ "CRAM-MD5", BYTES("joe b913a602c7eda7a495b4e6e7334d3890"), "joe" },
	{ "CRAM-MD5", BYTES("joe smith b913a602c7eda7a495b4e6e7334d3890"), "joe smith" },
	{ "CRAM-MD5", BYTES("b913a602c7eda7a495b4e6e7334d3890"), NULL },
	{ "SCRAM-SHA-256", BYTES("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), "user" },
	{ "SCRAM-SHA-1", BYTES("y,a=admin,n=a=2Cb=3Dc,r=fyko+d2lbbFgONRv9qkxdawL"), "a,b=c" },
	{ "SCRAM-SHA-1", BYTES("n,,n=a=2Db,r=x"), NULL },
	{ "SCRAM-SHA-1", BYTES("n,,n=a=,r=x"), NULL },
	{ "SCRAM-SHA-1", BYTES("n,,m=x,n=user,r=x"), NULL },
	{ "SCRAM-SHA-1", BYTES("n,,n=user"), NULL },
	{ "SCRAM-SHA-1", BYTES("n,"), NULL },
	{ "XOAUTH2", BYTES("user=joe@example.org\1auth=Bearer ya29.token\1\1"), "joe@example.org" },
	{ "XOAUTH2", BYTES("auth=Bearer x\1\1"), NULL },
	{ "OAUTHBEARER", BYTES("n,a=joe@example.org,\1host=x\1auth=Bearer y\1\1"), "joe@example.org" },
	{ "OAUTHBEARER", BYTES("n,,\1auth=Bearer y\1\1"), NULL },
	{ "NTLM", BYTES("joe"), NULL },
	{ "", BYTES("joe"), NULL },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf response = { .len = 0 }, user = { .len = 0 };
		bool told;

		base64_encode(&response, cases[i].response, 0);
		told = sasl_user(span_str(cases[i].mechanism), 0, buf_span(&response), &user);
		assert_int_equal(told, cases[i].user != NULL);
		assert_string_equal(buf_str(&user), told ? cases[i].user : "");
		buf_free(&response);
		buf_free(&user);
	}
}

static void
test_acting_as_another(void **state)
{
	static const struct {
		const char *mechanism;
		struct span response;
		const char *other; /* NULL: none is told */
	} acting[] = {
		{ "PLAIN", BYTES("ada\0user\0secret"), "ada" },
		{ "PLAIN", BYTES("user\0user\0secret"), NULL },
		{ "PLAIN", BYTES("\0user\0secret"), NULL },
		{ "PLAIN", BYTES("ada"), NULL },
		{ "SCRAM-SHA-1", BYTES("n,a=a=2Cda,n=user,r=x"), "a,da" },
		{ "SCRAM-SHA-1", BYTES("n,a=user,n=user,r=x"), NULL },
		{ "SCRAM-SHA-1", BYTES("n,,n=user,r=x"), NULL },
		{ "SCRAM-SHA-1", BYTES("n,a=a=b,n=user,r=x"), NULL },
		{ "LOGIN", BYTES("ada\0user\0secret"), NULL },
		{ "OAUTHBEARER", BYTES("n,a=ada,\1auth=Bearer y\1\1"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(acting) / sizeof(acting[0]); i++) {
		struct buf response = { .len = 0 }, other = { .len = 0 };
		bool told;

		base64_encode(&response, acting[i].response, 0);
		assert_false(sasl_acts_as(span_str(acting[i].mechanism), 1, buf_span(&response), &other));
		told = sasl_acts_as(span_str(acting[i].mechanism), 0, buf_span(&response), &other);
		assert_int_equal(told, acting[i].other != NULL);
		assert_string_equal(buf_str(&other), told ? acting[i].other : "");
		buf_free(&response);
		buf_free(&other);
	}
}

static void
test_no_response(void **state)
{
	struct buf user = { .len = 0 };

	(void)state;
	assert_false(sasl_user(SPAN_LITERAL("LOGIN"), 0, SPAN_LITERAL(""), &user));
	assert_false(sasl_user(SPAN_LITERAL("LOGIN"), 0, SPAN_LITERAL("="), &user));
	assert_false(sasl_user(SPAN_LITERAL("LOGIN"), 0, SPAN_LITERAL("*"), &user));
	assert_false(sasl_user(SPAN_LITERAL("LOGIN"), 0, SPAN_LITERAL("am9l=="), &user));
	assert_false(sasl_user(SPAN_LITERAL("LOGIN"), 1, SPAN_LITERAL("c2VjcmV0"), &user));
	assert_int_equal(user.len, 0);
	assert_null(user.data);
}

static void
test_name_is_appended(void **state)
{
	struct buf user = { .len = 0 };

	(void)state;
	buf_add_str(&user, "user ");
	assert_true(sasl_user(SPAN_LITERAL("LOGIN"), 0, SPAN_LITERAL("am9l"), &user));
	assert_string_equal(buf_str(&user), "user joe");
	buf_free(&user);
}

static bool
login_of_length(size_t len)
{
	struct buf text = { .len = 0 }, response = { .len = 0 }, user = { .len = 0 };
	bool told;

	while (text.len < len)
		buf_add_byte(&text, 'a');
	base64_encode(&response, buf_span(&text), 0);
	told = sasl_user(SPAN_LITERAL("LOGIN"), 0, buf_span(&response), &user);
	assert_int_equal(user.len, told ? len : 0);
	buf_free(&text);
	buf_free(&response);
	buf_free(&user);
	return told;
}

static void
test_length(void **state)
{
	(void)state;
	assert_true(login_of_length(SASL_USER_MAX));
	assert_false(login_of_length(SASL_USER_MAX + 1));
	assert_false(login_of_length(100000));
}

static void
test_words(void **state)
{
	(void)state;
	assert_true(sasl_is_mechanism(SPAN_LITERAL("SCRAM-SHA-256-PLUS")));
	assert_true(sasl_is_mechanism(SPAN_LITERAL("x_oauth2")));
	assert_false(sasl_is_mechanism(SPAN_LITERAL("")));
	assert_false(sasl_is_mechanism(SPAN_LITERAL("A-NAME-OF-21-OCTETS-X")));
	assert_false(sasl_is_mechanism(SPAN_LITERAL("PLAIN ")));
	assert_true(sasl_is_response(SPAN_LITERAL("")));
	assert_true(sasl_is_response(SPAN_LITERAL("=")));
	assert_false(sasl_is_response(SPAN_LITERAL("*")));
	assert_true(span_is(sasl_line(SPAN_LITERAL("aZ09+/==")), "aZ09+/=="));
	assert_true(span_is(sasl_line(SPAN_LITERAL("*")), "*"));
	assert_true(span_is(sasl_line(SPAN_LITERAL("**")), "*"));
	assert_true(span_is(sasl_line(SPAN_LITERAL("QUIT x")), "*"));
	assert_true(span_is(sasl_line(SPAN_LITERAL("AAAA\0")), "*"));
	assert_true(span_is(sasl_line(SPAN_LITERAL("AAAA\r")), "*"));
}

static void
test_filter(void **state)
{
	static const struct {
		const char *offered, *left;
	} lists[] = {
		{ "", "" },
		{ "PLAIN", "PLAIN" },
		{ "EXTERNAL", "" },
		{ "EXTERNAL PLAIN EXTERNAL LOGIN", "PLAIN LOGIN" },
		{ "  PLAIN   LOGIN ", "PLAIN LOGIN" },
		{ "SCRAM-SHA-1 GS2-KRB5", "SCRAM-SHA-1 GS2-KRB5" },
		{ "SCRAM-SHA-1 GS2-KRB5 CRAM-MD5 SCRAM-SHA-1-PLUS", "CRAM-MD5" },
		{ "scram-sha-1 external plain scram-sha-1-plus", "plain" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char list[64];

		strcpy(list, lists[i].offered);
		sasl_filter(list);
		assert_string_equal(list, lists[i].left);
	}
}

static void
test_add_mechanism(void **state)
{
	char list[12] = "";

	(void)state;
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL("plain"));
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL("PLAIN"));
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL(""));
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL("a\tb"));
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL("SIXSIX"));
	assert_string_equal(list, "PLAIN");
	sasl_add_mechanism(list, sizeof(list), SPAN_LITERAL("Login"));
	assert_string_equal(list, "PLAIN LOGIN");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_acting_as_another),
		cmocka_unit_test(test_no_response),
		cmocka_unit_test(test_name_is_appended),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_add_mechanism),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
