/* What the readers of documents and of mail programs' packages share: how they
 * tell what they find, and how they keep within what one message may take.
 * Such a reader is one function of this shape, in a header of its own:
 *
 *     enum archive_result tnef_read(struct arena *a, struct span data,
 *         struct archive_budget *budget, const struct container_sink *sink);
 */
#ifndef ENGINE_DOCUMENT_H
#define ENGINE_DOCUMENT_H

#include "base/buf.h"
#include "engine/container.h"

struct document {
	struct arena *arena;
	struct archive_budget *budget;
	const struct container_sink *sink;
	enum archive_result result; /* the worst so far */
	bool stopped;               /* by the sink or by a limit: nothing more is told */
};

/* Each begin has its end, which says the result. What is deeper than the
 * message may go is read for its traits and links; only a member in it is over
 * the limit. */
void document_begin(struct document *d, struct arena *a, struct archive_budget *budget,
    const struct container_sink *sink);
enum archive_result document_end(struct document *d);

void document_damaged(struct document *d);
void document_over_limit(struct document *d); /* also stops */

/* Tells one member, if a limit allows; its content is counted as output.
 * False when nothing more should be told. */
bool document_tell(struct document *d, struct span name, struct span content);
bool document_tell_message(struct document *d, struct span name, struct span content);
void document_trait(struct document *d, enum trait trait);
void document_uri(struct document *d, struct span uri);

/* An empty buffer that holds little more than the output that is left; given
 * back with document_drop(), or with the arena. document_settle() tells a
 * failure of it, also of memory, as a limit that was reached. */
struct buf *document_room(struct document *d);
void document_settle(struct document *d, const struct buf *room);
void document_drop(struct buf *room);

/* Appends what `in` unpacks to. What is damaged or cut off is unpacked as far
 * as it goes, and true returned for an end that is one. */
enum inflate_kind { INFLATE_ZLIB, INFLATE_RAW };
bool document_inflate(struct document *d, struct span in, enum inflate_kind kind, struct buf *out);

/* Appends what the base64 in documents and scripts stands for: either alphabet,
 * other characters passed over, up to the padding. Returns how much of `in` was
 * read. Bodies of mail are for mime/decode.h. */
size_t document_base64(struct span in, struct buf *out);

/* UTF-16 in UTF-8, in the arena, up to its first NUL; odd bytes and lone
 * surrogates become U+FFFD. */
struct span utf16_to_utf8(struct arena *a, struct span text, bool big_endian);

/* Whether what a document points to lies on another computer: a scheme or a
 * path with a host. */
bool target_is_remote(struct span target);

/* Little-endian numbers; 0 where they would lie outside. */
static inline uint16_t
le16(struct span s, size_t at)
{
	if (at > s.len || s.len - at < 2)
		return 0;
	return (uint16_t)((unsigned char)s.data[at] | (unsigned char)s.data[at + 1] << 8);
}

static inline uint32_t
le32(struct span s, size_t at)
{
	return le16(s, at) | (uint32_t)le16(s, at <= SIZE_MAX - 2 ? at + 2 : at) << 16;
}

/* The len bytes at offset, fewer where there are fewer. */
static inline struct span
span_sub(struct span s, size_t offset, size_t len)
{
	return span_first(span_from(s, offset), len);
}

#endif
