/* CMS: a type and, within, the content. Of signed data only the way to the
 * content is walked, past the version and the list of digests; certificates
 * and signatures are not parsed, so that nothing wrong with them keeps the
 * content, which mail programs show regardless, from being read.
 *
 * Tags and lengths are read by OpenSSL, definite and indefinite alike; a string
 * may be in pieces, and these in pieces again. Limit: a content that is no
 * string of octets (PKCS #7 1.5 allows it, no mail program writes it) is told
 * as damage. */
#include "config.h"

#include "engine/cms.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <limits.h>

enum {
	HEAD = 32,           /* where the type must stand */
	CONSTRUCTED = 0x20,
	INDEFINITE = 0x01,
	INVALID = 0x80,
};

struct element {
	int tag, class;
	bool constructed, indefinite;
	struct span body; /* of an indefinite one: all that follows */
};

/* Takes the head of an element; its body stays in *in. One whose body is cut
 * off is taken as far as it goes. */
static bool
take_head(struct span *in, struct element *e)
{
	const unsigned char *at = (const unsigned char *)in->data;
	long len = 0;
	int flags;
	size_t head;

	if (in->len == 0 || in->len > LONG_MAX)
		return false;
	flags = ASN1_get_object(&at, &len, &e->tag, &e->class, (long)in->len);
	ERR_clear_error();
	head = (size_t)(at - (const unsigned char *)in->data);
	if (head == 0)
		return false;
	e->constructed = (flags & CONSTRUCTED) != 0;
	e->indefinite = (flags & INDEFINITE) != 0;
	*in = span_from(*in, head);
	e->body = e->indefinite ? *in : span_first(*in, len > 0 ? (size_t)len : 0);
	return true;
}

static bool
is_end(const struct element *e)
{
	return e->tag == 0 && e->class == 0 && e->body.len == 0 && !e->indefinite;
}

/* Past the element that *in begins with. */
static bool
skip(struct span *in)
{
	size_t open = 0;
	struct element e;

	do {
		if (!take_head(in, &e))
			return false;
		if (e.indefinite)
			open++;
		else if (open > 0 && is_end(&e))
			open--;
		else
			*in = span_from(*in, e.body.len);
	} while (open > 0);
	return true;
}

/* Goes into the element if it is one of that tag. */
static bool
enter(struct span *in, int class, int tag)
{
	struct element e;

	if (!take_head(in, &e) || e.class != class || e.tag != tag)
		return false;
	*in = e.body;
	return true;
}

/* Appends the octets of a string: of its pieces, however deep, which may be
 * walked without regard to their depth. Only indefinite ones have an end that
 * must be counted, and of others the outermost bounds the walk. */
static bool
gather(struct span in, struct buf *out)
{
	struct element e;
	size_t open;

	if (!take_head(&in, &e) || e.tag != V_ASN1_OCTET_STRING)
		return false;
	if (!e.constructed) {
		buf_add_span(out, e.body);
		return true;
	}
	in = e.body;
	for (open = e.indefinite; in.len > 0 && !out->failed;) {
		if (!take_head(&in, &e))
			return false;
		if (open > 0 && is_end(&e)) {
			if (--open == 0)
				return true;
		} else if (e.tag != V_ASN1_OCTET_STRING) {
			return false;
		} else if (e.constructed) {
			open += e.indefinite;
		} else {
			buf_add_span(out, e.body);
			in = span_from(in, e.body.len);
		}
	}
	return open == 0;
}

/* --- Types --- */

enum type { OTHER, DATA, SIGNED, ENVELOPED, COMPRESSED };

static enum type
type_of(struct span oid)
{
	static const struct {
		struct span oid;
		enum type type;
	} types[] = {
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 9 }, DATA },
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9 }, SIGNED },
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", 9 }, ENVELOPED },
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04", 9 }, ENVELOPED }, /* and signed */
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06", 9 }, ENVELOPED }, /* encrypted by a key that is known */
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09", 11 }, COMPRESSED },
		{ { "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", 11 }, ENVELOPED }, /* and authenticated */
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_eq(oid, types[i].oid))
			return types[i].type;
	return OTHER;
}

static enum type
take_type(struct span *in)
{
	struct element e;

	if (!take_head(in, &e) || e.tag != V_ASN1_OBJECT || e.constructed)
		return OTHER;
	*in = span_from(*in, e.body.len);
	return type_of(e.body);
}

bool
cms_begins(struct span data)
{
	struct span head = span_first(data, HEAD);

	return head.len > 0 && head.data[0] == 0x30 && enter(&head, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE) &&
	    take_type(&head) != OTHER;
}

/* Past the version, and the list of digests or the method of packing, to the
 * content; its own type is of no matter. */
static bool
enter_inner(struct span *in)
{
	return enter(in, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE) && skip(in) && skip(in) &&
	    enter(in, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE) && skip(in);
}

static void
tell_content(struct document *d, struct span in, enum type type)
{
	struct buf *room = document_room(d), *unpacked;

	if (!gather(in, room))
		document_damaged(d);
	document_settle(d, room);
	if (type == COMPRESSED && room->len > 0) {
		unpacked = document_room(d);
		if (!document_inflate(d, buf_span(room), INFLATE_ZLIB, unpacked))
			document_damaged(d);
		document_drop(room);
		room = unpacked;
	}
	if (room->len > 0)
		document_tell_message(d, SPAN_LITERAL("message.eml"), buf_span(room));
	document_drop(room);
}

static void
read_content(struct document *d, struct span in)
{
	enum type type = enter(&in, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE) ? take_type(&in) : OTHER;

	if (type == ENVELOPED) {
		document_trait(d, TRAIT_ENCRYPTED);
		return;
	}
	if (type == OTHER || !enter(&in, V_ASN1_CONTEXT_SPECIFIC, 0) || (type != DATA && !enter_inner(&in))) {
		document_damaged(d);
		return;
	}
	if (type != DATA && !enter(&in, V_ASN1_CONTEXT_SPECIFIC, 0))
		return; /* a signature alone, of another part, or certificates */
	if (type == SIGNED)
		document_trait(d, TRAIT_SIGNED);
	tell_content(d, in, type);
}

enum archive_result
cms_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct document d;

	if (!cms_begins(data))
		return ARCHIVE_NONE;
	document_begin(&d, a, budget, sink);
	read_content(&d, data);
	return document_end(&d);
}
