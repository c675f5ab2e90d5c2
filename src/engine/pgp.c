/* OpenPGP: packets, each a tag and a length, and some of a message around
 * others. What is packed is told as a member, which is packets again; a literal
 * is the file that the reader gets. In text, packets stand in base64 between two
 * lines ("armor"), with other text around them.
 *
 * Packets have no mark to know them by. So content that nobody calls OpenPGP is
 * taken for it only when its first packet is of a message, with a version and a
 * method that there is, and a length that fits. */
#include "config.h"

#include "engine/calendar.h"
#include "engine/cms.h"

#include "engine/office.h"

enum {
	TAG_PUBLIC_KEY_SESSION = 1,
	TAG_SECRET_SESSION = 3,
	TAG_ONE_PASS = 4,
	TAG_COMPRESSED = 8,
	TAG_ENCRYPTED = 9,
	TAG_LITERAL = 11,
	TAG_ENCRYPTED_INTEGRITY = 18,
	TAG_ENCRYPTED_AEAD = 20,

	PACKED_NOT = 0,
	PACKED_RAW = 1,
	PACKED_ZLIB = 2,
	PACKED_BZIP2 = 3,

	PACKETS_MAX = 10000,
};

struct packet {
	unsigned tag;
	struct span body;
	bool partial;  /* the body is its first piece; others follow */
	bool whole;    /* the body is as long as its length says */
};

/* --- Lengths (RFC 9580 4.2) --- */

static size_t
big_endian(struct span in, size_t octets)
{
	size_t value = 0;

	for (size_t i = 0; i < octets && i < in.len; i++)
		value = value << 8 | (unsigned char)in.data[i];
	return value;
}

static void
take_octets(struct span *in, size_t len, struct packet *p)
{
	p->body = span_first(*in, len);
	p->whole = p->body.len == len;
	*in = span_from(*in, len);
}

static void
take_new_body(struct span *in, struct packet *p)
{
	size_t first = big_endian(*in, 1), len;

	*in = span_from(*in, 1);
	p->partial = first >= 224 && first < 255;
	if (first < 192) {
		len = first;
	} else if (p->partial) {
		len = (size_t)1 << (first & 31);
	} else {
		size_t octets = first < 224 ? 1 : 4;

		len = big_endian(*in, octets) + (first < 224 ? ((first - 192) << 8) + 192 : 0);
		*in = span_from(*in, octets);
	}
	take_octets(in, len, p);
}

static bool
take_packet(struct span *in, struct packet *p)
{
	unsigned head = in->len > 1 ? (unsigned char)in->data[0] : 0;
	size_t octets, len;

	*p = (struct packet){ .tag = 0 };
	if ((head & 0x80) == 0)
		return false;
	*in = span_from(*in, 1);
	if (head & 0x40) {
		p->tag = head & 0x3f;
		take_new_body(in, p);
		return true;
	}
	p->tag = head >> 2 & 0xf;
	octets = (size_t)1 << (head & 3);
	if (octets == 8) {
		take_octets(in, in->len, p);
		return true;
	}
	len = big_endian(*in, octets);
	*in = span_from(*in, octets);
	take_octets(in, len, p);
	return true;
}

/* The pieces of a partial body, the first of which is taken, in a room. */
static struct buf *
take_pieces(struct document *d, struct span *in, struct packet *p)
{
	struct buf *room = document_room(d);

	buf_add_span(room, p->body);
	while (p->partial && in->len > 0 && !room->failed) {
		take_new_body(in, p);
		buf_add_span(room, p->body);
	}
	document_settle(d, room);
	p->body = buf_span(room);
	return room;
}

/* --- Packets --- */

static unsigned
octet(struct span s, size_t at)
{
	return at < s.len ? (unsigned char)s.data[at] : 0;
}

static bool
is_plausible(const struct packet *p)
{
	switch (p->tag) {
	case TAG_PUBLIC_KEY_SESSION:
		return (octet(p->body, 0) == 3 || octet(p->body, 0) == 6) && p->whole && p->body.len > 16;
	case TAG_SECRET_SESSION:
		return p->whole && octet(p->body, 0) >= 4 && octet(p->body, 0) <= 6 && octet(p->body, 1) > 0 &&
		    octet(p->body, 1) < 14;
	case TAG_ONE_PASS:
		return octet(p->body, 0) == 3 && p->whole && p->body.len == 13;
	case TAG_COMPRESSED:
		return octet(p->body, 0) >= PACKED_RAW && octet(p->body, 0) <= PACKED_BZIP2 && p->body.len > 8;
	case TAG_LITERAL:
		return p->body.len > 6 && memchr("btulm1", (int)octet(p->body, 0), 6) != NULL &&
		    octet(p->body, 1) + 6u <= p->body.len;
	case TAG_ENCRYPTED_INTEGRITY:
		return (octet(p->body, 0) == 1 || octet(p->body, 0) == 2) && p->whole && p->body.len > 32;
	default:
		return false;
	}
}

bool
pgp_begins(struct span data)
{
	struct packet p, next;

	if (!take_packet(&data, &p) || !is_plausible(&p))
		return false;
	/* Behind keys and signatures a message goes on; what is packed ends it. */
	if (p.tag == TAG_COMPRESSED || p.tag == TAG_LITERAL || p.tag == TAG_ENCRYPTED_INTEGRITY)
		return p.partial || p.whole;
	return take_packet(&data, &next) &&
	    (is_plausible(&next) || next.tag == TAG_ENCRYPTED || next.tag == TAG_ENCRYPTED_AEAD);
}

static void
tell_packed(struct document *d, struct span body)
{
	struct buf *room;
	unsigned method = octet(body, 0);

	body = span_from(body, 1);
	if (method == PACKED_NOT || method == PACKED_BZIP2) {
		document_tell(d, method == PACKED_NOT ? SPAN_LITERAL("message.pgp") : SPAN_LITERAL("message.pgp.bz2"), body);
		return;
	}
	if (method > PACKED_BZIP2) {
		document_damaged(d);
		return;
	}
	room = document_room(d);
	if (!document_inflate(d, body, method == PACKED_ZLIB ? INFLATE_ZLIB : INFLATE_RAW, room))
		document_damaged(d);
	if (room->len > 0)
		document_tell(d, SPAN_LITERAL("message.pgp"), buf_span(room));
	document_drop(room);
}

/* A format, a name with its length, a date, and the octets. */
static void
tell_literal(struct document *d, struct span body)
{
	size_t len = octet(body, 1);
	struct span name = span_sub(body, 2, len);

	document_tell(d, name.len > 0 ? name : SPAN_LITERAL("literal"), span_from(body, 2 + len + 4));
}

static void
read_packet(struct document *d, const struct packet *p)
{
	switch (p->tag) {
	case TAG_PUBLIC_KEY_SESSION:
	case TAG_SECRET_SESSION:
	case TAG_ENCRYPTED:
	case TAG_ENCRYPTED_INTEGRITY:
	case TAG_ENCRYPTED_AEAD:
		document_trait(d, TRAIT_ENCRYPTED);
		break;
	case TAG_ONE_PASS:
		document_trait(d, TRAIT_SIGNED);
		break;
	case TAG_COMPRESSED:
		tell_packed(d, p->body);
		break;
	case TAG_LITERAL:
		tell_literal(d, p->body);
		break;
	default:
		break;
	}
}

static void
read_packets(struct document *d, struct span in)
{
	struct packet p;
	unsigned count = 0;

	while (!d->stopped && count++ < PACKETS_MAX && take_packet(&in, &p)) {
		struct buf *pieces = p.partial ? take_pieces(d, &in, &p) : NULL;

		read_packet(d, &p);
		if (pieces != NULL)
			document_drop(pieces);
	}
}

/* --- Armor (RFC 9580 6.2) --- */

static struct span
up_to_dashes(struct span in)
{
	return span_first(in, span_find(in, SPAN_LITERAL("-----")));
}

/* The lines after the headers, which an empty line should end. */
static struct span
without_headers(struct span in)
{
	struct span line, rest = in;

	while (span_split(&rest, '\n', &line) && span_trim(line).len > 0)
		if (span_find_byte(line, ':') == SIZE_MAX)
			return span_of(line.data, (size_t)(span_end(in) - line.data));
	return rest;
}

static void
read_block(struct document *d, struct span base64)
{
	struct buf *room = document_room(d);

	document_base64(base64, room);
	document_settle(d, room);
	read_packets(d, buf_span(room));
	document_drop(room);
}

static void
read_armored(struct document *d, struct span in)
{
	size_t at;

	while (!d->stopped && (at = span_find(in, SPAN_LITERAL("-----BEGIN PGP MESSAGE"))) != SIZE_MAX) {
		struct span label, block;

		in = span_from(in, at + 5);
		label = up_to_dashes(in);
		in = span_from(in, label.len + 5);
		block = up_to_dashes(in);
		in = span_from(in, block.len);
		read_block(d, without_headers(span_from(block, span_find_byte(block, '\n') + 1)));
	}
}

static bool
has_armor(struct span text)
{
	return span_find(text, SPAN_LITERAL("-----BEGIN PGP MESSAGE")) != SIZE_MAX;
}

enum archive_result
pgp_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;

	document_begin(&d, a, budget, sink);
	if (span_find(data, SPAN_LITERAL("-----BEGIN PGP SIGNED MESSAGE")) != SIZE_MAX)
		document_trait(&d, TRAIT_SIGNED);
	if (has_armor(data))
		read_armored(&d, data);
	else if (data.len > 0 && (unsigned char)data.data[0] >= 0x80)
		read_packets(&d, data);
	return document_end(&d);
}

/* --- What may be one --- */

enum archive_result
data_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	if (cms_begins(data))
		return cms_read(a, data, budget, sink);
	if (span_starts(data, "ActiveMime"))
		return activemime_read(a, data, budget, sink);
	return pgp_begins(data) ? pgp_read(a, data, budget, sink) : ARCHIVE_NONE;
}

/* CMS in base64, with or without lines around it. */
static struct span
base64_of_cms(struct span text)
{
	enum { START = 48 };
	struct span start;
	struct buf room;
	bool cms;

	text = span_trim(text);
	if (span_starts(text, "-----BEGIN PKCS7-----") || span_starts(text, "-----BEGIN CMS-----") ||
	    span_starts(text, "-----BEGIN PKCS #7 SIGNED DATA-----"))
		text = span_trim(span_from(text, span_find_byte(text, '\n')));
	start = span_first(text, START);
	if (!span_starts(start, "MI"))
		return SPAN_NONE;
	buf_init(&room, START);
	document_base64(start, &room);
	cms = cms_begins(buf_span(&room));
	buf_free(&room);
	return cms ? span_first(text, span_find(text, SPAN_LITERAL("-----END"))) : SPAN_NONE;
}

/* The decoded octets are told as a member, which is read in its turn. */
static enum archive_result
read_base64(struct arena *a, struct span base64, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;
	struct buf *room;

	document_begin(&d, a, budget, sink);
	room = document_room(&d);
	document_base64(base64, room);
	document_settle(&d, room);
	document_tell(&d, SPAN_LITERAL("smime.p7m"), buf_span(room));
	document_drop(room);
	return document_end(&d);
}

enum archive_result
text_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct span base64 = base64_of_cms(data);
	enum archive_result calendar = calendar_read(a, data, budget, sink);

	if (calendar != ARCHIVE_NONE)
		return calendar;
	if (base64.len > 0)
		return read_base64(a, base64, budget, sink);
	if (span_find(data, SPAN_LITERAL("-----BEGIN PGP ")) == SIZE_MAX)
		return ARCHIVE_NONE;
	return pgp_read(a, data, budget, sink);
}
