/* Networks as prefixes of 128 bits, IPv4 within ::ffff:0:0/96. A prefix with
 * bits set behind its length ("10.0.0.1/8") is refused: it is either a slip in
 * the address or one in the length, and guessing admits strangers. */
#include "config.h"

#include "conf/settings.h"

#include <arpa/inet.h>

enum { V4_IN_V6_BITS = 96 };

static bool
parse_address(struct span text, struct network *out, unsigned *shift)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char number[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(number) || span_find_byte(text, '\0') != SIZE_MAX)
		return false;
	memcpy(number, text.data, text.len);
	number[text.len] = '\0';
	*shift = 0;
	if (inet_pton(AF_INET6, number, out->address) == 1)
		return true;
	*shift = V4_IN_V6_BITS;
	memcpy(out->address, mapped, sizeof(mapped));
	return inet_pton(AF_INET, number, out->address + sizeof(mapped)) == 1;
}

static bool
has_bits_behind(const struct network *n)
{
	unsigned first = n->bits / 8;

	if (n->bits % 8 != 0 && (n->address[first++] & (0xff >> n->bits % 8)) != 0)
		return true;
	for (unsigned i = first; i < 16; i++)
		if (n->address[i] != 0)
			return true;
	return false;
}

bool
network_parse(struct span text, struct network *out)
{
	struct span address = text;
	uint64_t bits = 128;
	unsigned shift;
	size_t slash = span_find_byte(text, '/');

	if (slash != SIZE_MAX)
		address = span_first(text, slash);
	if (text.len == 0 || !parse_address(address, out, &shift))
		return false;
	if (slash != SIZE_MAX) {
		if (!span_to_u64(span_from(text, slash + 1), &bits) || bits > 128 - shift)
			return false;
		bits += shift;
	}
	out->bits = (unsigned)bits;
	return !has_bits_behind(out);
}

bool
network_contains(const struct network *n, const unsigned char address[16])
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->address, address, whole) != 0)
		return false;
	return rest == 0 || (n->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}
