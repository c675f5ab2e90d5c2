/* Compressed RTF: LZ77 over a ring of 4096 bytes that begins with the words
 * that RTF begins with. Eight tokens follow a byte that says which of them are
 * references (two bytes: 12 bits of place, 4 bits of length less 2); a
 * reference to where the ring stands is the end. The checksum is not looked
 * at: what unpacks is what a reader sees. */
#include "config.h"

#include "engine/lzfu.h"

#include "engine/document.h"

enum { RING = 4096, HEADER = 16 };

static const char preset[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}"
    "{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    "{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

struct ring {
	char bytes[RING];
	size_t at;
};

static void
put(struct ring *r, struct buf *out, char c)
{
	r->bytes[r->at] = c;
	r->at = (r->at + 1) % RING;
	buf_add_byte(out, c);
}

static bool
unpack(struct span in, struct buf *out)
{
	struct ring r = { .at = sizeof(preset) - 1 };
	size_t at = 0;

	memcpy(r.bytes, preset, sizeof(preset) - 1);
	while (at < in.len && !out->failed) {
		unsigned flags = (unsigned char)in.data[at++];

		for (unsigned bit = 0; bit < 8 && at < in.len; bit++, flags >>= 1) {
			unsigned reference;

			if ((flags & 1) == 0) {
				put(&r, out, in.data[at++]);
				continue;
			}
			if (in.len - at < 2)
				return false;
			reference = (unsigned)(unsigned char)in.data[at] << 8 | (unsigned char)in.data[at + 1];
			at += 2;
			if (reference >> 4 == r.at)
				return true;
			for (unsigned i = 0; i < (reference & 15) + 2; i++)
				put(&r, out, r.bytes[((reference >> 4) + i) % RING]);
		}
	}
	return false;
}

bool
lzfu_decode(struct span in, struct buf *out)
{
	struct span kind = span_sub(in, 8, 4), packed;

	if (in.len < HEADER)
		return false;
	packed = span_sub(in, HEADER, le32(in, 0) >= HEADER - 4 ? le32(in, 0) - (HEADER - 4) : 0);
	if (span_is(kind, "LZFu")) /* some writers leave out the end */
		return unpack(packed, out) || out->len >= le32(in, 4);
	if (!span_is(kind, "MELA"))
		return false;
	buf_add_span(out, packed);
	return packed.len >= le32(in, 4);
}
