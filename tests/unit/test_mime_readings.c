/* What only some programs see of a message: each way to hide a part, a type, an
 * encoding or a name must give a reading that has it, by number of its class;
 * and none of it may cost more than is promised. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "mime/decode.h"

static const struct mime_limits limits = { .parts = 1000, .depth = 20, .headers = 1000 };
static struct arena *arena;
static struct scratch *scratch;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	scratch = scratch_new(-1);
	return scratch != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_free(&scratch);
	arena_free(&arena);
	return 0;
}

static struct mime_message *
parse(struct span text)
{
	return mime_parse(arena, text, &limits);
}

static bool
has_name(const struct mime_part *part, const char *name)
{
	for (const struct mime_name *n = part->names; n != NULL; n = n->next)
		if (span_is(n->name, name))
			return true;
	return false;
}

static bool
has_content(struct mime_message *m, const struct mime_part *part, struct span content)
{
	struct mime_bodies bodies;

	mime_bodies_begin(&bodies, m, part, scratch);
	while (mime_bodies_next(&bodies))
		if (span_eq(span_trim(bodies.content), content))
			return true;
	return false;
}

/* Is there a leaf, of whatever reading, with that name (unless NULL) and body? */
static bool
is_read(struct mime_message *m, const char *name, const char *content)
{
	for (const struct mime_part *p = m->first_leaf; p != NULL; p = p->next_leaf)
		if ((name == NULL || has_name(p, name)) && has_content(m, p, span_str(content)))
			return true;
	for (const struct mime_part *p = m->first_shadow; p != NULL; p = p->next_leaf)
		if ((name == NULL || has_name(p, name)) && has_content(m, p, span_str(content)))
			return true;
	return false;
}

static bool
has_defect(const struct mime_message *m, const char *name)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0)
			return true;
	return false;
}

static bool
hides(const struct mime_message *m)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (d->hides)
			return true;
	return false;
}

/* The text, with CRLF for each "\n" but those behind "\r" or "\a", which stands
 * for a bare LF's mark. */
static struct span
with_crlf(const char *text, size_t len)
{
	struct buf out = { 0 };
	struct span copy;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\a')
			continue;
		if (text[i] == '\n' && (i == 0 || (text[i - 1] != '\r' && text[i - 1] != '\a')))
			buf_add_byte(&out, '\r');
		buf_add_byte(&out, text[i]);
	}
	copy = arena_copy(arena, buf_span(&out));
	buf_free(&out);
	return copy;
}

#define HEAD "From: a@example.org\nMIME-Version: 1.0\n"
#define MIXED HEAD "Content-Type: multipart/mixed; boundary=A\n\n"
#define FILE_FIELDS "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n" \
	"Content-Disposition: attachment; filename=a.exe\n"
#define FILE_PART FILE_FIELDS "\ncHJvZ3JhbQ==\n"
#define CONTENT "program"

struct reading {
	const char *title, *text;
	size_t len;
	const char *name, *content;
};
#define READING(title, text, name, content) { title, text, sizeof(text) - 1, name, content }

static void
check(const struct reading *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct reading *r = &table[i];

		if (!is_read(parse(with_crlf(r->text, r->len)), r->name, r->content))
			fail_msg("%s: not read: %s", r->title, r->text);
	}
}
#define CHECK(table) check(table, sizeof(table) / sizeof(table[0]))

/* The body of text/plain is dGV4dA== or =74ext: it must be read as "text". */
#define ENCODED(title, fields, body) READING(title, HEAD fields "\n" body "\n", NULL, "text")

static void
test_encodings(void **state)
{
	static const struct reading table[] = {
		ENCODED("T01", "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: quoted-printable\n", "dGV4dA=="),
		ENCODED("T01", "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: quoted-printable\n", "=74ext"),
		ENCODED("T01", "Content-Transfer-Encoding: xxx\nContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T01", "Content-Transfer-Encoding:\nContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T01", "Content-Transfer-Encoding:\nContent-Transfer-Encoding: base64\n", "text"),
		ENCODED("T02", "Content-Transfer-Encoding: base64,quoted-printable\n", "=74ext"),
		ENCODED("T02", "Content-Transfer-Encoding: base64 quoted-printable\n", "dGV4dA=="),
		ENCODED("T02", "Content-Transfer-Encoding: \"base64\", qp\n", "dGV4dA=="),
		ENCODED("T02", "Content-Transfer-Encoding: base64;\n", "dGV4dA=="),
		ENCODED("T02", "Content-Transfer-Encoding: ,base64\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: x-base64\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: x-base64\n", "text"),
		ENCODED("T03", "Content-Transfer-Encoding: base64xx\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: xxbase64\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: base\\64\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: bas(c)e64\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: (base64)\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: =?UTF-8?B?YmFzZTY0?=\n", "dGV4dA=="),
		ENCODED("T03", "Content-Transfer-Encoding: quoted-print\n", "=74ext"),
		ENCODED("T04", "\0Content-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T04", "Content-Transfer-Encoding\0: base64\n", "dGV4dA=="),
		ENCODED("T04", "Content-Trans\0fer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T04", "Content-Transfer-Encoding: bas\0e64\n", "dGV4dA=="),
		ENCODED("T04", "Content-Transfer-Encoding: base64\0x\n", "dGV4dA=="),
		ENCODED("T05", " Content-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding : base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding:: base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding(x): base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding:Content-Transfer-Encoding:base64\n", "dGV4dA=="),
		ENCODED("T05", "\vContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T05", "Content-Transfer-Encoding:\vbase64\n", "dGV4dA=="),
		ENCODED("T06", "Content-Transfer-Encoding:\n base64\n", "dGV4dA=="),
		ENCODED("T06", "Content-Transfer-Encoding:\n \n base64\n", "dGV4dA=="),
		ENCODED("T06", "Content-Transfer-Encoding\n : base64\n", "dGV4dA=="),
		ENCODED("T06", "Content-Transfer-Encoding: bas\n e64\n", "dGV4dA=="),
		ENCODED("T07", "X: y\rContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T07", "X: y\a\nContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T07", "X: y\a\n\rContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T07", "X: y\r\r\nContent-Transfer-Encoding: base64\n", "dGV4dA=="),
		ENCODED("T07", "X :y\n Content-Transfer-Encoding: base64\n", "dGV4dA=="),
	};

	(void)state;
	CHECK(table);
}

#define TYPED(title, fields) READING(title, HEAD fields "\n--A\n" FILE_PART "--A--\n", "a.exe", CONTENT)

static void
test_types(void **state)
{
	static const struct reading table[] = {
		TYPED("T08", "Content-Type: application/octet-stream\nContent-Type: multipart/mixed; boundary=A\n"),
		TYPED("T08", "Content-Type: multipart/mixed; boundary=A\nContent-Type: application/octet-stream\n"),
		TYPED("T08", "Content-Type: multipart/mixed, application/octet-stream; boundary=A\n"),
		TYPED("T09", "Content-Type: mUltIpart/mixed; boundary=A\n"),
		TYPED("T09", "Content-Type: multipart; boundary=A\n"),
		TYPED("T09", "Content-Type: multipart/; boundary=A\n"),
		TYPED("T09", "Content-Type: x-multipart/mixed; boundary=A\n"),
		TYPED("T09", "Content-Type: ultipart/mixed; boundary=A\n"),
		TYPED("T09", "Content-Type: \"multipart/mixed\"; boundary=A\n"),
		TYPED("T09", "Content-Type: multi\\part/mixed; boundary=A\n"),
		TYPED("T09", "Content-Type: multi(x)part/mixed; boundary=A\n"),
		TYPED("T09", "Content-Type: =?UTF-8?Q?multipart/mixed?=; boundary=A\n"),
		TYPED("T10", "Subject: none\n"),
		TYPED("T10", "Content-Type: boundary=A\n"),
		TYPED("T10", "Content-Type: text/plain\n"),
		READING("T10", HEAD "Content-Type: text/plain\n\nno delimiter\n" FILE_PART, "a.exe", CONTENT),
		TYPED("T10", "Content-Type: multipart/mixed boundary=A\n"),
	};

	(void)state;
	CHECK(table);
}

/* Declared so, a boundary that some program takes for A; and the text part before
 * the file has no header, so that its end is known by the boundary alone. */
#define BOUND(title, parameter) READING(title, HEAD "Content-Type: multipart/mixed; " parameter "\n\n--A\n\ntext\n--A\n" \
	FILE_PART "--A--\nepilogue\n", "a.exe", CONTENT), \
	READING(title, HEAD "Content-Type: multipart/mixed; " parameter "\n\n--A\n\ntext\n--A\n" \
	FILE_PART "--A--\nepilogue\n", NULL, "text")

static void
test_boundaries(void **state)
{
	static const struct reading table[] = {
		BOUND("T11", "boundary=A; boundary=B"),
		BOUND("T11", "boundary=B; boundary=A"),
		BOUND("T11", "boundary=B, boundary=A"),
		BOUND("T12", "boundary*=''A; boundary=B"),
		BOUND("T12", "boundary=B; boundary*=''A"),
		BOUND("T12", "boundary*=''B; boundary=A"),
		BOUND("T12", "boundary*=''%41"),
		BOUND("T12", "boundary*0=A; boundary*0=B"),
		BOUND("T12", "boundary*1=A"),
		BOUND("T13", "boundary=B\nContent-Disposition: inline; boundary=A"),
		BOUND("T13", "boundary=B\nContent-Disposition: inline; boundary*=''A"),
		BOUND("T14", "boundary=\"A\"B"),
		BOUND("T14", "boundary=\"\"A"),
		BOUND("T14", "boundary=\"A"),
		BOUND("T14", "boundary='A'"),
		BOUND("T14", "boundary=\"A;\""),
		BOUND("T14", "boundary=A;B"),
		BOUND("T14", "boundary=\"\\A\""),
		BOUND("T15", "boundary= A"),
		BOUND("T15", "boundary =A"),
		BOUND("T15", "boundary=\n A"),
		BOUND("T15", "boundary\n =A"),
		BOUND("T15", "boundary=\"A \""),
		BOUND("T15", "boundary=\"A XXX\""),
		BOUND("T15", "boundary=\"A\r\""),
		BOUND("T16", "boundary=(x)A"),
		BOUND("T16", "boundary=A(x)B"),
		BOUND("T16", "(boundary=B)A; boundary=A"),
		BOUND("T16", "boun()dary=A"),
		BOUND("T16", "( boundary=A )"),
		BOUND("T17", "foo=\"x;boundary=A\""),
		BOUND("T17", "foo=\"x;boundary=A\"; boundary=B"),
		BOUND("T17", "foo=x\\;boundary=A"),
		BOUND("T17", "boundary=boundary=A"),
		BOUND("T17", "\"boundary=A\""),
		BOUND("T18", "boundary=\"=?UTF-8?Q?A?=\""),
		BOUND("T20", "bound=A"),
		BOUND("T20", "x=y"),
		BOUND("T21", "boundary=\"A\0B\""),
	};

	(void)state;
	CHECK(table);
}

static void
test_delimiters(void **state)
{
	static const struct reading table[] = {
		READING("T19", HEAD "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n" FILE_PART "----\n", "a.exe", CONTENT),
		READING("T23", MIXED "--AX\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T23", MIXED "--A\n\n1\n--A X\n2\n--A--\n", NULL, "1"),
		READING("T23", MIXED "--A\n\n1\n--A X\n2\n--A--\n", NULL, "1\r\n--A X\r\n2"),
		READING("T23", MIXED "--A\n\n1\n--A-\n2\n--A--\n", NULL, "1\r\n--A-\r\n2"),
		READING("T23", MIXED "--A\n\n1\n--A\t\n\n2\n--A--\n", NULL, "1\r\n--A\t\r\n\r\n2"),
		READING("T23", MIXED "--A\v\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T24", HEAD "Content-Type: multipart/mixed; boundary=A\n\n--A\nContent-Type: multipart/mixed; "
			"boundary=\"A--\"\n\n--A--\n" FILE_PART "--A----\n--A--\n", "a.exe", CONTENT),
		READING("T25", MIXED "--A\nContent-Type: multipart/mixed; boundary=A\n\n--A\n" FILE_PART "--A--\n", "a.exe",
			CONTENT),
		READING("T25", MIXED "--A\nContent-Type: multipart/mixed\n\n--A\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T26", MIXED "--A\n\ntext\n --A\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T26", MIXED "--A\n\ntext\r--A\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T26", MIXED "--A\rX: y\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T27", MIXED FILE_PART "--A\n\ntext\n--A--\n", "a.exe", CONTENT),
		READING("T27", MIXED "--A\n\ntext\n--A--\n" FILE_PART, "a.exe", CONTENT),
		READING("T27", MIXED "--A\n\ntext\n--A--\n--B\n" FILE_PART, "a.exe", CONTENT),
		READING("T27", MIXED "--A\n" FILE_PART, "a.exe", CONTENT),
		READING("T28", MIXED "--A\nContent-Disposition: attachment; filename=a.exe\n--A\n"
			"Content-Transfer-Encoding: base64\n\ncHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T29", MIXED "--A\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\n1\n--A\n2\n"
			"--B--\n--A--\n", NULL, "1\r\n--A\r\n2"),
		READING("T30", MIXED "--A\n" FILE_FIELDS "\rcHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n" FILE_FIELDS "\a\ncHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n" FILE_FIELDS "\r\r\ncHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n" FILE_FIELDS " \ncHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n" FILE_FIELDS "\v\ncHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n" FILE_FIELDS "cHJvZ3JhbQ==\n--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\n\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T30", MIXED "--A\nX: y\n\n\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T31", MIXED "--A\nthis is no field\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T31", MIXED "--A\n:\n" FILE_PART "--A--\n", "a.exe", CONTENT),
		READING("T31", HEAD "\ntext\n\nFrom: x\nzContent-Disposition : inline; filename=a.exe\n\nprogram", "a.exe", CONTENT),
		READING("T31", HEAD "\ntext\rtext\nContent-Disposition: inline; filename=a.exe\nContent-Type: x/y", "a.exe",
			"Content-Type: x/y"),
		READING("T31", HEAD "\nContent-Type: multipart/mixed; boundary=A\n\n--A\nContent-TypeX x/y;\n name=a.exe\n"
			"Content-Disposition: attachment\n\nprogram\n--A--\n", "a.exe", CONTENT),
		READING("T31", HEAD "\n-Content-Type: text/plain; name=a.exe\n\nprogram", "a.exe", CONTENT),
		READING("T31", HEAD "\nContent-Disposition: inline; filename=a.exe\nContent-Type: message/rfc822\n\nX: y", "a.exe",
			"X: y"),
	};

	(void)state;
	CHECK(table);
}

/* A message with a file, in base64 and quoted-printable. */
#define INNER_64 "Q29udGVudC1UeXBlOiB0ZXh0L3BsYWluOyBuYW1lPWEuZXhlDQoNCk1aDQo=\n"
#define INNER_QP "Content-Type: text/plain; name=3Da.exe=0D=0A=0D=0AMZ\n"

static void
test_encoded_containers(void **state)
{
	static const struct reading table[] = {
		READING("T32", HEAD "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" INNER_64, "a.exe",
			"MZ"),
		READING("T32", HEAD "Content-Type: message/global\nContent-Transfer-Encoding: quoted-printable\n\n" INNER_QP,
			"a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable, base64\n\n"
			INNER_64, "a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: text/plain\nContent-Type: message/rfc822\n"
			"Content-Transfer-Encoding: base64\n\n" INNER_64, "a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: message/news\nContent-Transfer-Encoding: base64\n\n" INNER_64, "a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: multipart/mixed; boundary=A\nContent-Transfer-Encoding: quoted-printable\n\n"
			"=2D-A\n" INNER_QP "--A--\n", "a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n" INNER_64, "a.exe",
			"MZ"),
		READING("T32", HEAD "Content-Transfer-Encoding: quoted-printable\n\n" INNER_QP, "a.exe", "MZ"),
		READING("T32", MIXED "--A\nContent-Transfer-Encoding: base64\n\n"
			"c28gaXQgd2FzOg0KDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW47IG5hbWU9YS5leGUNCg0KTVoNCg==\n--A--\n", "a.exe", "MZ"),
		READING("T32", HEAD "Content-Type: multipart/digest; boundary=A\n\n--A\n\n" FILE_PART "--A--\n", "a.exe",
			CONTENT),
	};

	(void)state;
	CHECK(table);
}

#define DISPOSED(title, value, name) READING(title, HEAD "Content-Disposition: attachment; " value "\n\nbody\n", name, "body")

static void
test_names(void **state)
{
	static const struct reading table[] = {
		READING("T48", HEAD "Content-Type: text/plain; name=a.exe\nContent-Disposition: inline; filename=a.png\n\nbody\n",
			"a.exe", "body"),
		DISPOSED("T49", "filename=a.png; filename=a.exe", "a.exe"),
		DISPOSED("T49", "filename=a.png\nContent-Disposition: attachment; filename=a.exe", "a.exe"),
		DISPOSED("T50", "filename*=''a.exe; filename=a.png", "a.exe"),
		DISPOSED("T50", "filename=a.exe; filename*=''a.png", "a.exe"),
		DISPOSED("T51", "filename*0=a; filename*2=.exe", "a.exe"),
		DISPOSED("T51", "filename*1=a; filename*2=.exe", "a.exe"),
		DISPOSED("T51", "filename*1=.exe; filename*0=a", "a.exe"),
		DISPOSED("T51", "filename*1=a; filename*0=.exe", "a.exe"),
		DISPOSED("T51", "filename*0=a\nContent-Disposition: attachment; filename*1=.exe", "a.exe"),
		DISPOSED("T51", "filename=a%2Eexe", "a.exe"),
		DISPOSED("T51", "filename*0*=iso-8859-1''a;\n filename*1=.exe", "a.exe"),
		DISPOSED("T51", "filename*0=a.png; filename*0=a.exe", "a.exe"),
		DISPOSED("T51", "filename=a.e; filename*=xe", "a.exe"),
		DISPOSED("T51", "filename*=a.e; filename=xe", "a.exe"),
		DISPOSED("T51", "filename*0=\"a.e;x=y\"; textfilename*1=xe", "a.exe"),
		DISPOSED("T51", "filename*\"a0=\"a.e;x=y\"\"; filename*1=xe", "a.exe"),
		DISPOSED("T51", "filename*0=\"a.e\"; filename+1=\"xe\"", "a.exe"),
		DISPOSED("T51", "filename=a.e;\nX-Other: y; filename*1=xe", "a.exe"),
		DISPOSED("T52", "filename=\"=?UTF-8?Q?a.e?= =?UTF-8?Q?xe?=\"", "a.exe"),
		DISPOSED("T52", "filename==?UTF-16BE?B?AGEALgBlAHgAZQ==?=", "a.exe"),
		DISPOSED("T53", "filename=\"a\".exe", "a.exe"),
		DISPOSED("T53", "filename=a\\\".exe", "a.exe"),
		DISPOSED("T53", "filename='a.exe'", "a.exe"),
		DISPOSED("T53", "filename=a;.exe", "a;.exe"),
		DISPOSED("T53", "filename=a;x=b.txt;.exe", "a;x=b.txt;.exe"),
		DISPOSED("T53", "filename=a.exe<!--", "a.exe"),
		DISPOSED("T53", "filename*=utf-8''a%2Eexe'x", "a.exe"),
		DISPOSED("T53", "filename=a.exe\xc3\xa9", "a.exe"),
		DISPOSED("T53", "filename*0=a.exe\\x", "a.exe"),
		DISPOSED("T53", "?=filename=a.exe", "a.exe"),
		DISPOSED("T53", "filename\n a.exe", "a.exe"),
		DISPOSED("T53", "filename a.exe; x=y", "a.exe"),
		DISPOSED("T53", "filename=\"a.exe;.png\"", "a.exe"),
		DISPOSED("T53", "filename=a b.exe", "a b.exe"),
		DISPOSED("T54", "filename=a.exe(.gif)", "a.exe"),
		DISPOSED("T54", "filename=a.e()xe", "a.exe"),
		DISPOSED("T54", "filena()me=a.exe", "a.exe"),
		DISPOSED("T55", "filename = a.exe", "a.exe"),
		DISPOSED("T55", "filename=\n a.exe", "a.exe"),
		DISPOSED("T55", "filename=\"a.e\n xe\"", "a.exe"),
		DISPOSED("T56", "filename=\"a.exe.\"", "a.exe"),
		DISPOSED("T56", "filename=\"a.exe \"", "a.exe"),
		DISPOSED("T56", "filename=\"a.exe::$DATA\"", "a.exe"),
		DISPOSED("T56", "filename=\"a.exe?x\"", "a.exe"),
		DISPOSED("T56", "filename=\"a.e\te\"", "a.eXe"),
		DISPOSED("T56", "filename=\"a.e\xe9\"", "a.eX"),
		DISPOSED("T56", "filename=\"a.e\xc3\xa9\"", "a.eXX"),
		DISPOSED("T56", "filename=\"a.exe\0.png\"", "a.exe"),
		DISPOSED("T57", "filename=\"a\xe2\x80\xaegnp.exe\"", "a\xe2\x80\xaegnp.exe"),
		READING("T58", HEAD "Content-Type: text/plain; name=a.txt.exe\n\nbody\n", "a.txt.exe", "body"),
		READING("T58", HEAD "Content-Description: a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: http://example.org/x//a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: http://example.org/a%2Eexe?x=/y#z\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: get?x=/a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: file:///a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Type: text/plain; name=a.png\nContent-Location: C:\\a.exe\n\nbody\n", "a.exe", "body"),
		READING("T58", HEAD "Content-Location: \xe9.exe\n\nbody\n", "\xc3\xa9.exe", "body"),
		READING("T58", HEAD "X-Content-Disposition: attachment; filename=a.exe\n\nbody\n", "a.exe", "body"),
		DISPOSED("T59", "filename=\"../../etc/a.exe\"", "../../etc/a.exe"),
		DISPOSED("T59", "filename=\"C:\\\\a.exe\"", "C:\\a.exe"),
		DISPOSED("T59", "filename=\"a.exe                                        .png\"", "a.exe"),
		DISPOSED("T59", "filename=\"a.png                    .exe                    .png\"", "a.png                    .exe"),
	};

	(void)state;
	CHECK(table);
}

/* Where a part is from is told in honest mail: nothing is wrong then, and hosts are
 * no programs for DOS. */
static void
test_locations(void **state)
{
	static const struct {
		const char *location, *name;
	} table[] = {
		{ "http://www.example.com/", NULL },
		{ "http://www.example.com", NULL },
		{ "//www.example.com", NULL },
		{ "http://www.example.com?x=http://www.example.com", NULL },
		{ "cid:part1@example.com", NULL },
		{ "", NULL },
		{ "http://www.example.org/x.php?y=z.com", "x.php" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mime_message *m = parse(span_str(arena_printf(arena, HEAD "Content-Location: %s\n\n", table[i].location)));
		const struct mime_name *n = m->root->names;

		assert_null(m->defects);
		if (table[i].name == NULL ? n != NULL : n == NULL || !span_is(n->name, table[i].name) || n->next != NULL)
			fail_msg("%s", table[i].location);
	}
}

static void
test_hiding_defects(void **state)
{
	static const struct {
		const char *title, *text, *defect;
		bool hides;
	} table[] = {
		{ "T19", HEAD "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\n1\n----\n", "missing-boundary", true },
		{ "T22", HEAD "Content-Type: multipart/mixed; boundary="
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n", "boundary-too-long", true },
		{ "T26", MIXED "--A\n\n1\n --A\n2\n--A--\n", "delimiter-indented", true },
		{ "T57", HEAD "Content-Type: text/plain; name=\"a\xe2\x80\xae.exe\"\n\n", "name-reversed", true },
		{ "T56", HEAD "Content-Type: text/plain; name=\"a\001.exe\"\n\n", "name-with-control", true },
		{ "T60", HEAD "Content-Type: message/partial; id=1; number=1\n\n", "partial-message", true },
		{ "T61", HEAD "Content-Type: message/external-body; access-type=URL\n\n", "external-body", true },
		{ "T80", "\xef\xbb\xbf" HEAD "\n", "byte-order-mark", false },
		{ "T80", HEAD "Subject: 1\nSubject: 2\n\n", "duplicate-header", false },
		{ "T80", "From a@example.org Mon\n" HEAD "\n", "mbox-from-line", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mime_message *m = parse(span_str(table[i].text));

		if (!has_defect(m, table[i].defect) || hides(m) != table[i].hides)
			fail_msg("%s: %s", table[i].title, table[i].defect);
	}
}

/* Honest mail has one reading. */
static void
test_plain(void **state)
{
	static const char *const texts[] = {
		HEAD "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ntext\n",
		MIXED "--A\nContent-Type: text/plain\n\ntext\n\n-- \nsignature\n--------\n--A\n" FILE_PART "--A--\nfooter\n",
		HEAD "Content-Type: multipart/mixed; boundary=\"----=_Part_1\"\n\n------=_Part_1\n" FILE_PART "------=_Part_1--\n",
		HEAD "Content-Type: message/rfc822\n\nContent-Type: text/plain\n\nContent of a letter\n",
		HEAD "DKIM-Signature: v=1; h=From:To:Subject:\n\tContent-Type:Content-Transfer-Encoding:From; b=ab/cd\n"
			"Content-Type: text/plain; name=\"report (1).pdf\"\nContent-Description: a report\n\ntext\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mime_message *m = parse(span_str(texts[i]));

		assert_null(m->first_shadow);
		assert_null(m->defects);
		assert_int_equal(m->readings, 1);
	}
}

static void
test_sections(void **state)
{
	struct mime_message *m = parse(span_str(MIXED "--A\n\n1\n --A\n" FILE_PART "--A--\n"));
	const struct mime_part *s = m->first_shadow;

	(void)state;
	assert_non_null(s);
	assert_string_equal(s->section, "1?1");
	assert_true(s->shadow && !s->detached);
	assert_ptr_equal(s->parent, m->first_leaf);
	assert_true(s->body.data >= m->raw.data && span_end(s->body) <= span_end(m->raw));
	assert_string_equal(s->next_leaf->section, "1?2");
	assert_null(s->next_leaf->next_leaf);
	assert_int_equal(m->readings, 3);
	assert_int_equal(m->part_count, 2);
}

/* R02 to R04 and R07 where all readings are looked for. What a hostile message
 * may cost: parts, bytes in them, memory. */
static void
check_cost(const char *front, const char *unit, size_t times)
{
	enum { BODIES_RATIO = 17, MEMORY_RATIO = 256 };
	struct buf text = { 0 };
	struct mime_message *m;
	size_t count = 0, bytes = 0, before = arena_used(arena);

	buf_add_str(&text, front);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&text, unit);
	m = parse(buf_span(&text));
	for (const struct mime_part *p = m->first_shadow; p != NULL; p = p->next_leaf, count++)
		bytes += p->body.len;
	if (m->part_count + count > limits.parts + 1 || bytes > BODIES_RATIO * (text.len + 65536) ||
	    arena_used(arena) - before > MEMORY_RATIO * text.len)
		fail_msg("%s%s…: %zu parts, %zu shadows of %zu bytes, %zu bytes for %zu", front, unit, m->part_count, count,
		    bytes, arena_used(arena) - before, text.len);
	buf_free(&text);
}

static void
test_costs(void **state)
{
	/* A field with a blank before its colon has the message swept. */
#define DOUBTFUL "X : y\nContent-Type: multipart/mixed; boundary=A\n"
	static const struct {
		const char *front, *unit;
	} texts[] = {
		{ DOUBTFUL "\n", "--A\n" },
		{ DOUBTFUL "\n", "--Ax\n" },
		{ DOUBTFUL "\n", " --A\n" },
		{ DOUBTFUL "\n", "--B\n" },
		{ DOUBTFUL "\n", "--B\nContent-Type: a/b\n" },
		{ DOUBTFUL "\n", "--A\nContent-Type: a/b\n\nx\n" },
		{ DOUBTFUL "\n", "--A\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==\n" },
		{ DOUBTFUL "\n", "boundary=" },
		{ DOUBTFUL "\n", "boundary=b\n " },
		{ DOUBTFUL "\n", "\r--A" },
		{ DOUBTFUL "\n", " -" },
		{ DOUBTFUL, "\rContent-Type: a/b" },
		{ DOUBTFUL "X: y", "\n Content-Type: a/b" },
		{ DOUBTFUL, "\r " },
		{ DOUBTFUL, "Content-Type(x): a/b\n" },
		{ DOUBTFUL, "junk\n" },
		{ DOUBTFUL, " \n" },
		{ "X : y\n", "Content-Type: message/rfc822\n\n" },
		{ "X : y\n", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64, quoted-printable\n\n" },
		{ "Content-Type: text/plain", "; name=\"a;b\"c" },
		{ "Content-Type: text/plain; name=a", "(x)b" },
		{ "Content-Disposition: x", "; filename*1=a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_cost(texts[i].front, texts[i].unit, 50000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_encodings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boundaries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delimiters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_encoded_containers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hiding_defects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_costs, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
