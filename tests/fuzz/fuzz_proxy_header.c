/* PROXY headers: never read past their end, and what is taken is printed and
 * taken again as the same. */
#include "config.h"

#include "io/peer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_same(const struct peer *a, const struct peer *b)
{
	unsigned char left[16], right[16];

	peer_bytes(a, left);
	peer_bytes(b, right);
	check(memcmp(left, right, sizeof(left)) == 0 && peer_port(a) == peer_port(b));
}

static void
print_and_parse(enum proxy_header version, const struct peer *source, const struct peer *destination)
{
	struct peer from, to;
	struct buf out = { 0 };
	size_t used;

	proxy_header_print(&out, version, source, destination);
	check(proxy_header_parse(buf_span(&out), &from, &to, &used) == 1 && used == out.len);
	check_same(source, &from);
	check_same(destination, &to);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { (const char *)data, size };
	struct peer source, destination, again;
	size_t used, part_used;
	int result = proxy_header_parse(input, &source, &destination, &used);

	check(result == 1 || (source.len == 0 && destination.len == 0));
	check(used <= size && used <= PROXY_HEADER_MAX);
	/* A part of a header is neither a header nor refused. */
	for (size_t len = 0; result == 1 && len < used; len++)
		check(proxy_header_parse(span_first(input, len), &again, &again, &part_used) == 0);
	check(result != 0 || size < PROXY_HEADER_MAX);
	if (result != 1)
		return 0;
	print_and_parse(PROXY_HEADER_V1, &source, &destination);
	print_and_parse(PROXY_HEADER_V2, &source, &destination);
	return 0;
}
