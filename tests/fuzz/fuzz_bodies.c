/* All readings of a body: the first byte picks the header, the rest is the
 * body. They are few, and no longer than they may be. */
#include "config.h"

#include "base/buf.h"
#include "mime/decode.h"
#include "mime/embedded.h"
#include "mime/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fields[] = {
	"Content-Transfer-Encoding: base64\n\n",
	"Content-Transfer-Encoding: quoted-printable\n\n",
	"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: quoted-printable\nContent-Type: a/b\n\n",
	"Content-Transfer-Encoding: x-uuencode\n\n",
	"Content-Transfer-Encoding: x-yenc\n\n",
	"Content-Transfer-Encoding: binhex\n\n",
	"Content-Transfer-Encoding: unheard-of\n\n",
	"Content-Type: application/octet-stream; name=x\n\n",
};

static void
require(bool truth)
{
	if (!truth)
		abort();
}

static void
read_all(struct mime_message *m, const struct mime_part *part, struct scratch *scratch)
{
	struct mime_bodies b;
	size_t count = 0, total = 0, valid = 0;

	mime_bodies_begin(&b, m, part, scratch);
	while (mime_bodies_next(&b)) {
		require(b.first == (count == 0));
		count++;
		total += b.content.len;
		valid += utf8_valid(b.content); /* so that all of it is read */
	}
	require(count > 0 && valid <= count && count <= BODY_READINGS_MAX);
	require(total <= count * part->body.len * BINHEX_RATIO_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mime_limits limits = { .parts = 50, .depth = 5, .headers = 50 };
	struct scratch *scratch = scratch_new(-1);
	struct arena *arena = arena_new(0);
	struct buf text = { 0 };
	struct mime_message *m;

	require(scratch != NULL);
	if (size > 0) {
		buf_add_str(&text, fields[data[0] % (sizeof(fields) / sizeof(fields[0]))]);
		buf_add(&text, data + 1, size - 1);
	}
	m = mime_parse(arena, buf_span(&text), &limits);
	for (const struct mime_part *part = m->first_leaf; part != NULL; part = part->next_leaf)
		read_all(m, part, scratch);
	scratch_free(&scratch);
	arena_free(&arena);
	buf_free(&text);
	return 0;
}
