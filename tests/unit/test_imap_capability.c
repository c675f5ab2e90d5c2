/* What an IMAP server offers, and what of that a client is shown. */
#include "config.h"

#include "wire/imap_capability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
check_shown(const char *offered, bool filter, const char *shown)
{
	struct imap_offers o = { .bits = 0 };
	struct buf out;

	buf_init(&out, 0);
	imap_offers_parse(&o, span_str(offered));
	if (filter)
		imap_offers_filter(&o);
	imap_offers_print(&out, &o, NULL, 0);
	assert_string_equal(buf_str(&out), shown);
	buf_free(&out);
}

static void
test_known(void **state)
{
	(void)state;
	check_shown("", true, "");
	check_shown("IMAP4rev1", true, "IMAP4rev1");
	check_shown(" idle  IMAP4REV1 idle ", true, "IMAP4rev1 IDLE");
	check_shown("IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS AUTH=PLAIN AUTH=login", true,
	    "IMAP4rev1 STARTTLS AUTH=PLAIN AUTH=LOGIN SASL-IR LITERAL+ ENABLE ID IDLE");
	check_shown("THREAD=REFERENCES THREAD=REFS SORT SORT=DISPLAY I18NLEVEL=1 RIGHTS=texk ACL QUOTA "
	            "QUOTA=RES-STORAGE STATUS=SIZE APPENDLIMIT=1000", true,
	    "SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 STATUS=SIZE QUOTA QUOTA=RES-STORAGE ACL "
	    "RIGHTS=texk APPENDLIMIT=1000");
	check_shown("APPENDLIMIT", true, "APPENDLIMIT");
}

static void
test_unknown(void **state)
{
	(void)state;
	check_shown("CATENATE URLAUTH URLAUTH=BINARY URL-PARTIAL CONVERT REPLACE NOTIFY CONTEXT=SEARCH UIDONLY", true,
	    "");
	check_shown("ANNOTATE-EXPERIMENT-1 FILTERS IMAPSIEVE= UTF8=ONLY UTF8=ALL COMPRESS=LZ4 XYZZY JMAPACCESS", true, "");
	check_shown("SEARCH=FUZZY MESSAGELIMIT=100 MULTISEARCH LOGIN-REFERRALS MAILBOX-REFERRALS PARTIAL LANGUAGE", true,
	    "");
	check_shown("THREAD THREAD= AUTH AUTH= RIGHTS= RIGHTS I18NLEVEL STATUS STATUS= IDLE=x SORT=x RIGHTS=a\x01"
	            "b APPENDLIMIT=123456789012345678901234567890", true, "");
}

static void
test_filter(void **state)
{
	(void)state;
	check_shown("IMAP4rev1 COMPRESS=DEFLATE UTF8=ACCEPT PREVIEW MOVE", true, "IMAP4rev1 MOVE");
	check_shown("IMAP4rev1 COMPRESS=DEFLATE UTF8=ACCEPT PREVIEW MOVE", false,
	    "IMAP4rev1 MOVE COMPRESS=DEFLATE UTF8=ACCEPT PREVIEW");
	check_shown("AUTH=PLAIN AUTH=EXTERNAL AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS", true, "AUTH=PLAIN");
	check_shown("AUTH=EXTERNAL AUTH=GSSAPI IDLE", true, "IDLE");
}

/* Lists in several responses add up; what is gatepost's own is set behind the filter. */
static void
test_own(void **state)
{
	static const char *const hidden[] = { "idle", "THREAD" };
	struct imap_offers o = { .bits = 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	imap_offers_parse(&o, span_str("IMAP4rev1 IDLE THREAD=REFS"));
	imap_offers_parse(&o, span_str("MOVE"));
	assert_true(imap_offers_have(&o, IMAP_CAPA_MOVE));
	assert_false(imap_offers_have(&o, IMAP_CAPA_STARTTLS));
	imap_offers_filter(&o);
	o.bits |= imap_capa_bit(IMAP_CAPA_STARTTLS) | imap_capa_bit(IMAP_CAPA_LOGINDISABLED);
	imap_offers_print(&out, &o, hidden, 2);
	assert_string_equal(buf_str(&out), "IMAP4rev1 STARTTLS LOGINDISABLED MOVE");
	buf_free(&out);
}

/* Each fits 64 bits and is told by its own name. */
static void
test_every_capability(void **state)
{
	(void)state;
	assert_in_range(IMAP_CAPAS, 1, 64);
	for (unsigned i = 0; i < IMAP_CAPAS; i++) {
		struct imap_offers o = { .bits = (uint64_t)1 << i, .auth = "A", .thread = "A", .rights = "A", .quota = "A",
			.i18nlevel = "1" };
		struct imap_offers again = { .bits = 0 };
		struct buf out;

		buf_init(&out, 0);
		imap_offers_print(&out, &o, NULL, 0);
		imap_offers_parse(&again, buf_span(&out));
		assert_true(again.bits == o.bits);
		buf_free(&out);
	}
}

/* What does not fit is left out, and no octet goes past the end. */
static void
test_floods(void **state)
{
	struct imap_offers o = { .bits = 0 };
	struct buf list;

	(void)state;
	buf_init(&list, 0);
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&list, "THREAD=T%u ", i);
	imap_offers_parse(&o, buf_span(&list));
	assert_in_range(strlen(o.thread), IMAP_CAPA_VALUE_MAX - 8, IMAP_CAPA_VALUE_MAX - 1);
	assert_true(o.bits == imap_capa_bit(IMAP_CAPA_THREAD));
	buf_free(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_every_capability),
		cmocka_unit_test(test_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
