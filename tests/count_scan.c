/* count_scan KIND N: scans one message that is made of N of something, in
 * counted_scan(), so that the instructions of that function can be counted:
 *
 *     size N: an attachment of N KiB in base64;
 *     parts N: N attachments;
 *     depth N: a part within N multiparts;
 *     lines N: N lines of HTML with tags, entities and links;
 *     rules N: N signatures and N expressions over one letter.
 *
 * For tests/linear.py. */
#include "config.h"

#include "base/codec.h"
#include "scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RULES = 8, LETTER_LINES = 100, BASE64_LINE = 76, PART_KIB = 1 };

static const char config[] =
    "listeners: [ { name: l, protocol: smtp, address: '127.0.0.1:25', upstream: u, policy: p } ]\n"
    "upstreams: { u: { address: '127.0.0.1:25' } }\n"
    "policies: { p: { rules: [/proc/self/fd/%d] } }\n"
    "limits: { message_depth: 100 }\n";

/* Words of which each number has its own. */
static void
add_word(struct buf *out, unsigned number)
{
	static const char syllables[16][3] = { "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qi", "ro",
		"su", "ta" };
	uint32_t bits = number * 2654435761u;

	for (int i = 0; i < 5; i++, bits >>= 4)
		buf_add_str(out, syllables[bits & 15]);
}

static void
add_rules(struct buf *out, unsigned count)
{
	buf_add_str(out, "rules:\n");
	for (unsigned i = 0; i < count; i++) {
		buf_printf(out, "  - { name: S%u, when: { signature: { hex: '4d5a%08x??%08x' } }, then: reject }\n", i,
		    i * 2654435761u, i * 2246822519u);
		buf_printf(out, "  - { name: B%u, when: { body: '/\\b(?:my|our) ", i);
		add_word(out, i);
		buf_add_str(out, "\\s+\\w+/i' }, score: 1 }\n");
	}
}

static struct scanner *
make_scanner(struct arena *a, unsigned count)
{
	struct ruleset **rules = ARENA_NEW(a, struct ruleset *);
	const struct settings *settings;
	struct buf text = { 0 };
	struct report report;
	int fd = memfd_create("rules", 0);

	add_rules(&text, count);
	if (fd < 0 || write(fd, buf_span(&text).data, text.len) != (ssize_t)text.len)
		exit(1);
	buf_free(&text);
	report_init(&report, a);
	settings = settings_read_text(a, "count", span_str(arena_printf(a, config, fd)), &report);
	*rules = settings != NULL ? ruleset_compile(a, settings, 0, &report) : NULL;
	report_print(&report, stderr);
	return *rules != NULL ? scanner_new(settings, rules) : NULL;
}

/* --- Messages --- */

static void
add_letter(struct buf *out, unsigned lines)
{
	buf_add_str(out, "Content-Type: text/plain\r\n\r\n");
	for (unsigned i = 0; i < lines; i++) {
		buf_add_str(out, "our ");
		for (unsigned j = 0; j < 5; j++) {
			add_word(out, 1000 + i * 5 + j);
			buf_add_byte(out, ' ');
		}
		buf_add_str(out, "\r\n");
	}
}

static void
add_attachment(struct buf *out, unsigned kib)
{
	struct buf content = { 0 };
	uint32_t number = 1;

	for (unsigned i = 0; i < kib * 1024 / sizeof(number); i++)
		buf_put_u32(&content, number = number * 1664525 + 1013904223);
	buf_add_str(out, "Content-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	base64_encode(out, buf_span(&content), BASE64_LINE);
	buf_free(&content);
}

static void
add_html(struct buf *out, unsigned lines)
{
	buf_add_str(out, "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n");
	for (unsigned i = 0; i < lines; i++) {
		buf_printf(out, "<p style=\"color: #333\">&eacute; &#%u; <a href=\"https://www.example.org/%u\">", 65 + i % 26, i);
		add_word(out, i);
		buf_add_str(out, "</a></p>\r\n");
	}
	buf_add_str(out, "</body></html>\r\n");
}

static void
add_message(struct buf *out, const char *kind, unsigned n)
{
	bool depth = strcmp(kind, "depth") == 0, parts = strcmp(kind, "parts") == 0;
	unsigned multiparts = depth ? n : 1;

	buf_add_str(out, "From: a@example.org\r\nMIME-Version: 1.0\r\n");
	for (unsigned i = 0; i < multiparts; i++)
		buf_printf(out, "Content-Type: multipart/mixed; boundary=\"=_b%03u\"\r\n\r\n--=_b%03u\r\n", i, i);
	if (strcmp(kind, "lines") == 0)
		add_html(out, n);
	else
		add_letter(out, LETTER_LINES);
	if (strcmp(kind, "size") == 0) {
		buf_add_str(out, "\r\n--=_b000\r\n");
		add_attachment(out, n);
	}
	for (unsigned i = 0; parts && i < n; i++) {
		buf_add_str(out, "\r\n--=_b000\r\n");
		add_attachment(out, PART_KIB);
	}
	for (unsigned i = multiparts; i > 0; i--)
		buf_printf(out, "\r\n--=_b%03u--\r\n", i - 1);
}

static bool __attribute__((noinline))
counted_scan(struct scanner *s, const struct scan_request *request)
{
	return scanner_run(s, request, -1)->complete;
}

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(0);
	struct scan_request request = { .policy = 0 };
	struct buf message = { 0 };
	struct scanner *s;
	unsigned n;
	bool good;

#ifdef SANITIZERS
	puts("sanitizers");
	arena_free(&a);
	return 0;
#endif
	if (argc != 3)
		return 2;
	n = (unsigned)strtoul(argv[2], NULL, 10);
	s = make_scanner(a, strcmp(argv[1], "rules") == 0 ? n : RULES);
	if (s == NULL)
		return 1;
	add_message(&message, argv[1], n);
	request.message = buf_span(&message);
	good = counted_scan(s, &request);
	scanner_free(&s);
	buf_free(&message);
	arena_free(&a);
	return good ? 0 : 1;
}
