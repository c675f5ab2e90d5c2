/* FETCH: what is asked, how it is printed, and a response read item by item,
 * however its literals cut it. */
#include "config.h"

#include "wire/imap_fetch_reader.h"
#include "wire/imap_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static void
assert_text(struct span got, const char *expected)
{
	if (!span_is(got, expected))
		fail_msg("got '%.*s', expected '%s'", SPAN_ARG(got), expected);
}

/* The attribute of a FETCH that asks one thing. */
static struct imap_attribute
parse_one(const char *text)
{
	struct imap_fetch f;
	const char *why = imap_fetch_parse(arena, span_str(text), &f);

	if (why != NULL)
		fail_msg("%s: '%s'", why, text);
	assert_int_equal(f.count, 1);
	return f.attributes[0];
}

static void
test_printed_as_asked(void **state)
{
	static const struct {
		const char *asked, *printed, *modifiers;
	} cases[] = {
		{ "FLAGS", "(FLAGS)", "" },
		{ "(flags uid)", "(FLAGS UID)", "" },
		{ "ALL", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", "" },
		{ "fast", "(FLAGS INTERNALDATE RFC822.SIZE)", "" },
		{ "FULL", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)", "" },
		{ "FAST (CHANGEDSINCE 12)", "(FLAGS INTERNALDATE RFC822.SIZE)", "(CHANGEDSINCE 12)" },
		{ "(UID FLAGS) (CHANGEDSINCE 12 VANISHED)", "(UID FLAGS)", "(CHANGEDSINCE 12 VANISHED)" },
		{ "(body bodystructure body[])", "(BODY BODYSTRUCTURE BODY[])", "" },
		{ "BODY.PEEK[]<0.1024>", "(BODY.PEEK[]<0.1024>)", "" },
		{ "body[1.2.3]", "(BODY[1.2.3])", "" },
		{ "body[1.2.header]<1.4294967296>", "(BODY[1.2.HEADER]<1.4294967296>)", "" },
		{ "BODY.PEEK[HEADER.FIELDS (From \"To\" {2}\r\nCc)]", "(BODY.PEEK[HEADER.FIELDS (From \"To\" \"Cc\")])",
		    "" },
		{ "BODY[HEADER.FIELDS (BINARY[ From)]", "(BODY[HEADER.FIELDS (BINARY[ From)])", "" },
		{ "BODY[4.header.fields.not (X-Y \"]\")]", "(BODY[4.HEADER.FIELDS.NOT (X-Y \"]\")])", "" },
		{ "(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)", "(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)", "" },
		{ "(BINARY[1] binary.peek[2]<3.4> BINARY.SIZE[1.1] BINARY[])",
		    "(BINARY[1] BINARY.PEEK[2]<3.4> BINARY.SIZE[1.1] BINARY[])", "" },
		{ "(MODSEQ EMAILID THREADID SAVEDATE PREVIEW)", "(MODSEQ EMAILID THREADID SAVEDATE PREVIEW)", "" },
		{ "(PREVIEW (LAZY) UID)", "(PREVIEW (LAZY) UID)", "" },
		{ "(X-GM-MSGID X-GM-THRID X-GM-LABELS)", "(X-GM-MSGID X-GM-THRID X-GM-LABELS)", "" },
		{ "(annotation (/comment) UID)", "(annotation (/comment) UID)", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_fetch f;
		const char *why = imap_fetch_parse(arena, span_str(cases[i].asked), &f);

		if (why != NULL)
			fail_msg("%s: '%s'", why, cases[i].asked);
		buf_clear(&out);
		imap_fetch_print(&out, f.attributes, f.count);
		assert_text(buf_span(&out), cases[i].printed);
		assert_text(f.modifiers, cases[i].modifiers);
	}
}

static void
test_no_fetch(void **state)
{
	static const char *const bad[] = { "", "()", "(", "(FLAGS", "( FLAGS)", "(FLAGS )", "(FLAGS  UID)",
		"FLAGS UID", "FLAGS ", "FLAGS x", "FLAGS ()x", "(ALL", "(FLAGS) (A", "(FLAGS)(A)", "BODY[", "BODY[}",
		"BODY[]x", "BODY[]<", "BODY[]<0>", "BODY[]<0.0>", "BODY[]<.5>", "BODY[]<0.5", "BODY[]<0.-5>",
		"BODY[]<0.9223372036854775808>", "BODY[]<99999999999999999999.1>", "BODY[0]", "BODY[01]", "BODY[1.0]",
		"BODY[1.]", "BODY[.1]", "BODY[1..2]", "BODY[4294967296]", "BODY[1 2]", "BODY[MIME]",
		"BODY[HEADER.FIELDS]", "BODY[HEADER.FIELDS ()]", "BODY[HEADER.FIELDS(a)]", "BODY[HEADER.FIELDS (a]",
		"BODY[HEADER.FIELDS (a (b))]", "BODY[HEADER.FIELDS (a )]", "BODY[HEADER.FIELDS ( a)]",
		"BODY[HEADER (a)]", "BODY[TEXT.1]", "BODY[FOO]", "BODY[1.FOO]", "BODY[HEADER.]",
		"BODY[HEADER.FIELDS (\"a)]", "BODY[HEADER.FIELDS ({3}\r\na)]", "BODY[HEADER.FIELDS ({2}\r\n\xc3\xa9)]",
		"BODY[HEADER.FIELDS ({3}\r\na b)]", "BODY[HEADER.FIELDS ({2}\r\na:)]", "(PREVIEW ({1}\r\na))", "UID ({1}\r\na)",
		"BINARY[TEXT]", "BINARY[1.MIME]",
		"BINARY.SIZE[1]<0.5>", "BINARY.SIZE.PEEK[1]", "BODY.PEEK.PEEK[]", "FLAGS[1]", "FLAGS<0.5>",
		"RFC822[]", "FOO[]", "BODYSTRUCTURE[1]", "\"FLAGS\"", "{5}\r\nFLAGS", "FLAGS\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct imap_fetch f;

		if (imap_fetch_parse(arena, span_str(bad[i]), &f) == NULL)
			fail_msg("'%s' asks nothing", bad[i]);
	}
}

static void
test_attributes(void **state)
{
	struct imap_attribute a = parse_one("BODY.PEEK[12.3.HEADER.FIELDS (From)]<7.9>");

	(void)state;
	assert_int_equal(a.item, IMAP_ITEM_BODY_SECTION);
	assert_true(a.peek && a.partial && a.offset == 7 && a.octets == 9);
	assert_int_equal(a.section.path_count, 2);
	assert_int_equal(a.section.path[0], 12);
	assert_int_equal(a.section.path[1], 3);
	assert_int_equal(a.section.kind, IMAP_HEADER_FIELDS);
	assert_text(a.section.fields, "(From)");
	assert_text(a.text, "BODY.PEEK[12.3.HEADER.FIELDS (From)]<7.9>");
	buf_clear(&out);
	imap_attribute_print_response(&out, &a);
	assert_text(buf_span(&out), "BODY[12.3.HEADER.FIELDS (From)]<7>");
	assert_int_equal(parse_one("1.MIME").item, IMAP_ITEM_OTHER);
	assert_int_equal(parse_one("RFC822.PEEK").item, IMAP_ITEM_OTHER);
	assert_int_equal(parse_one("BODY.PEEK").item, IMAP_ITEM_OTHER);
	assert_int_equal(parse_one("BODY").item, IMAP_ITEM_BODY);
}

static void
test_kinds_of_items(void **state)
{
	static const struct {
		const char *text;
		bool data, seen;
	} cases[] = {
		{ "BODY[]", true, true }, { "BODY.PEEK[1]", true, false }, { "BODY[HEADER]", true, true },
		{ "RFC822", true, true }, { "RFC822.HEADER", true, false }, { "RFC822.TEXT", true, true },
		{ "BINARY[1]", true, true }, { "BINARY.PEEK[1]", true, false }, { "BINARY.SIZE[1]", false, false },
		{ "BODY", false, false }, { "BODYSTRUCTURE", false, false }, { "FLAGS", false, false },
		{ "RFC822.SIZE", false, false }, { "ENVELOPE", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_attribute a = parse_one(cases[i].text);

		assert_int_equal(imap_item_is_message_data(a.item), cases[i].data);
		assert_int_equal(imap_attribute_sets_seen(&a), cases[i].seen);
	}
}

static void
test_equal_sections(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "BODY[]", "BODY.PEEK[]<0.5>", true },
		{ "BODY[1.2]", "BINARY[1.2]", true },
		{ "BODY[1.2]", "BODY[1.3]", false },
		{ "BODY[1.2]", "BODY[1]", false },
		{ "BODY[1.TEXT]", "BODY[1.MIME]", false },
		{ "BODY[HEADER.FIELDS (From \"To\")]", "BODY[header.fields ({4}\r\nFROM TO)]", true },
		{ "BODY[HEADER.FIELDS (\"a\\\"b\\\\\")]", "BODY[HEADER.FIELDS ({4}\r\nA\"B\\)]", true },
		{ "BODY[HEADER.FIELDS (\"a\\\"b\")]", "BODY[HEADER.FIELDS ({4}\r\na\\\"b)]", false },
		{ "BODY[HEADER.FIELDS (From To)]", "BODY[HEADER.FIELDS (To From)]", false },
		{ "BODY[HEADER.FIELDS (From To)]", "BODY[HEADER.FIELDS (From)]", false },
		{ "BODY[HEADER.FIELDS (From)]", "BODY[HEADER.FIELDS.NOT (From)]", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_attribute a = parse_one(cases[i].a), b = parse_one(cases[i].b);

		assert_int_equal(imap_section_equal(&a.section, &b.section), cases[i].equal);
		assert_int_equal(imap_section_equal(&b.section, &a.section), cases[i].equal);
	}
}

static void
test_limits(void **state)
{
	struct imap_fetch f;

	(void)state;
	buf_clear(&out);
	buf_add_str(&out, "BODY[1");
	for (size_t i = 1; i < IMAP_PATH_MAX; i++)
		buf_add_str(&out, ".1");
	buf_add_str(&out, "]");
	assert_null(imap_fetch_parse(arena, buf_span(&out), &f));
	assert_int_equal(f.attributes[0].section.path_count, IMAP_PATH_MAX);
	out.len--;
	buf_add_str(&out, ".1]");
	assert_non_null(imap_fetch_parse(arena, buf_span(&out), &f));

	buf_clear(&out);
	buf_add_str(&out, "(UID");
	for (size_t i = 1; i < IMAP_ATTRIBUTES_MAX; i++)
		buf_add_str(&out, " UID");
	buf_add_str(&out, ")");
	assert_null(imap_fetch_parse(arena, buf_span(&out), &f));
	assert_int_equal(f.count, IMAP_ATTRIBUTES_MAX);
	out.len--;
	buf_add_str(&out, " UID)");
	assert_non_null(imap_fetch_parse(arena, buf_span(&out), &f));
}

static void
test_item_names(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *rest;
	} cases[] = {
		{ "FLAGS (\\Seen)", 1, " (\\Seen)" },
		{ "BODY[]<10> {3}", 1, " {3}" },
		{ "BODY[HEADER.FIELDS ({2}\r\nTo)] {3}", 1, " {3}" },
		{ "X-NEW.THING/x 1", 1, " 1" },
		{ "BODY[HEADER.FIELDS (", 0, NULL },
		{ "BODY[HEADER.FIELDS (From ", 0, NULL },
		{ "BODY[]<0.5> {3}", -1, NULL },
		{ "BODY.PEEK[] {3}", -1, NULL },
		{ "", -1, NULL },
		{ "(x)", -1, NULL },
		{ "BODY[FOO] x", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct imap_cursor c = imap_cursor(span_str(cases[i].text));
		struct imap_attribute a;

		assert_int_equal(imap_take_item(&c, &a), cases[i].result);
		if (cases[i].result == 1)
			assert_text(c.rest, cases[i].rest);
	}
}

/* What a reader tells of a response: names and values, "L" for its literals. */
struct telling {
	struct imap_fetch_reader reader;
	struct span rest; /* of the response, on the wire */
	struct span text;
	bool has_literal;
	uint64_t octets;
	struct buf joined;
	unsigned joins;
};

static void
next_line(struct telling *t)
{
	struct imap_line line;
	const char *why;
	size_t used;

	assert_int_equal(imap_line_take(t->rest, SIZE_MAX, &line, &used, &why), 1);
	t->rest = span_from(t->rest, used);
	t->text = line.text;
	t->has_literal = line.has_literal;
	t->octets = line.literal.octets;
}

static void
tell(enum imap_fetch_event event, const struct imap_fetch_piece *p)
{
	if (event == IMAP_FETCH_ITEM) {
		imap_attribute_print_response(&out, &p->attribute);
		buf_add_byte(&out, '=');
		assert_true(span_eq(p->name, p->attribute.text));
	}
	buf_add_span(&out, p->value);
	if (p->is_literal || p->goes_on)
		buf_add_str(&out, p->is_literal ? "L" : "l");
	else
		buf_add_byte(&out, ';');
}

static void
join(struct telling *t)
{
	struct span kept = t->text;
	struct buf joined;

	buf_init(&joined, 0);
	buf_add_span(&joined, kept);
	buf_printf(&joined, "{%llu}\r\n", (unsigned long long)t->octets);
	buf_add_span(&joined, span_first(t->rest, (size_t)t->octets));
	t->rest = span_from(t->rest, (size_t)t->octets);
	next_line(t);
	buf_add_span(&joined, t->text);
	buf_free(&t->joined);
	t->joined = joined;
	t->text = buf_span(&t->joined);
	t->joins++;
}

static const char *
read_response(const char *wire, unsigned joins)
{
	struct telling t = { .rest = span_str(wire) };
	enum imap_fetch_event event;
	struct imap_fetch_piece p;

	buf_clear(&out);
	next_line(&t);
	while ((event = imap_fetch_read(&t.reader, &t.text, t.has_literal, &p)) < IMAP_FETCH_END) {
		if (event == IMAP_FETCH_LITERAL) {
			t.rest = span_from(t.rest, (size_t)t.octets);
			next_line(&t);
		} else if (event == IMAP_FETCH_JOIN) {
			join(&t);
		} else {
			tell(event, &p);
		}
	}
	buf_free(&t.joined);
	assert_int_equal(t.joins, joins);
	if (event == IMAP_FETCH_WRONG)
		buf_add_str(&out, "wrong");
	return buf_str(&out);
}

static void
test_responses(void **state)
{
	(void)state;
	assert_string_equal(read_response("(FLAGS (\\Seen) UID 7)\r\n", 0), "FLAGS=(\\Seen);UID=7;");
	assert_string_equal(read_response("()\r\n", 0), "");
	assert_string_equal(read_response("(UID 7 )\r\n", 0), "UID=7;"); /* some servers do */
	assert_string_equal(read_response("(UID 7  FLAGS ())\r\n", 0), "UID=7;FLAGS=();");
	assert_string_equal(read_response("(UID 7 BODY[] {3}\r\nabc FLAGS (a b))\r\n", 0),
	    "UID=7;BODY[]=LFLAGS=(a b);");
	assert_string_equal(read_response("(BODY[] {3}\r\n)\r\n)\r\n", 0), "BODY[]=L");
	assert_string_equal(read_response("(BINARY[1] ~{2}\r\nab BODY[TEXT]<3> \"x\" RFC822 NIL)\r\n", 0),
	    "BINARY[1]=LBODY[TEXT]<3>=\"x\";RFC822=NIL;");
	assert_string_equal(read_response("(BODYSTRUCTURE (\"a\" {1}\r\nb (c {0}\r\n) d) UID 8)\r\n", 0),
	    "BODYSTRUCTURE=(\"a\" l (c l) d);UID=8;");
	assert_string_equal(read_response("(ENVELOPE ({1}\r\na {2}\r\nbc) BODY[1] {0}\r\n)\r\n", 0),
	    "ENVELOPE=(l l);BODY[1]=L");
	assert_string_equal(read_response("(BODY[HEADER.FIELDS ({2}\r\nTo {2}\r\nCc)] {1}\r\nx UID 3)\r\n", 2),
	    "BODY[HEADER.FIELDS (\"To\" \"Cc\")]=LUID=3;");
	assert_string_equal(read_response("(UID 4 BODY[HEADER.FIELDS ({2}\r\nTo)] NIL)\r\n", 1),
	    "UID=4;BODY[HEADER.FIELDS (\"To\")]=NIL;");
}

static void
test_wrong_responses(void **state)
{
	static const char *const wrong[] = { "\r\n", "UID 7\r\n", "(UID 7\r\n", "(UID)\r\n", "(UID 7) \r\n",
		"(UID 7)x\r\n", "(UID  7)\r\n", "(  UID 7)\r\n", "(UID 7FLAGS ())\r\n",
		"(BODY[] {3}\r\nabcUID 7)\r\n", "(BODY[] {3}\r\nabc\r\n", "(BODY[] {3}\r\nabc{1}\r\nx)\r\n",
		"(FLAGS (a {1}\r\nb\r\n", "(FLAGS (a {1}\r\nbc)\r\n", "(UID 7) {3}\r\nabc\r\n",
		"(UID 7){3}\r\nabc\r\n", "(UID{3}\r\nabc)\r\n", "({3}\r\nUID 7)\r\n", "(BODY[HEADER.FIELDS (\r\n",
		"(BODY[] \"a\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct span told = span_str(read_response(wrong[i], 0));

		if (!span_ends_nocase(told, "wrong"))
			fail_msg("'%s' is wrong", wrong[i]);
	}
}

/* A joined unit tells the same items as its lines do. */
static void
test_joined(void **state)
{
	struct span text = SPAN_LITERAL("(UID 7 BODY[] {3}\r\nabc ENVELOPE (a {1}\r\nb) FLAGS ())");
	struct imap_fetch_reader reader = { .state = 0 };
	struct imap_fetch_piece p;

	(void)state;
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_ITEM);
	assert_text(p.value, "7");
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_ITEM);
	assert_text(p.value, "{3}\r\nabc");
	assert_false(p.is_literal);
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_ITEM);
	assert_text(p.value, "(a {1}\r\nb)");
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_ITEM);
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_END);
	assert_int_equal(imap_fetch_read(&reader, &text, false, &p), IMAP_FETCH_WRONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printed_as_asked),
		cmocka_unit_test(test_no_fetch),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_kinds_of_items),
		cmocka_unit_test(test_equal_sections),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_item_names),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_wrong_responses),
		cmocka_unit_test(test_joined),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
