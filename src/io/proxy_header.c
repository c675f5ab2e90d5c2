/* The PROXY protocol, versions 1 (a line of text) and 2 (binary), as HAProxy's
 * proxy-protocol.txt defines them. The TLVs of version 2 are skipped. */
#include "config.h"

#include "io/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

enum {
	V1_MAX = 107,   /* 2.1: the longest line, CRLF included */
	V2_FIXED = 16,  /* 2.2: signature, version and command, family, length */
	V2_V4 = 12, V2_V6 = 36, V2_UNIX = 216,
	V2_LOCAL = 0x20, V2_PROXY = 0x21,
	V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21, V2_UNIX_STREAM = 0x31,
};

static const char V1_START[] = "PROXY ";
static const char V2_SIGNATURE[] = "\r\n\r\n\0\r\nQUIT\n";
enum { V2_SIGNATURE_LEN = sizeof(V2_SIGNATURE) - 1 };

static void
set_v4(struct peer *p, const void *address, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&p->address;

	*p = (struct peer){ .len = sizeof(*in) };
	in->sin_family = AF_INET;
	memcpy(&in->sin_addr, address, 4);
	in->sin_port = htons(port);
}

static void
set_v6(struct peer *p, const void *address, uint16_t port)
{
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)(void *)&p->address;

	*p = (struct peer){ .len = sizeof(*in) };
	in->sin6_family = AF_INET6;
	memcpy(&in->sin6_addr, address, 16);
	in->sin6_port = htons(port);
}

static void
set_unix(struct peer *p)
{
	*p = (struct peer){ .len = sizeof(sa_family_t) };
	p->address.ss_family = AF_UNIX;
}

static bool
parse_port(struct span text, uint16_t *port)
{
	uint64_t value;

	if (text.len > 5 || (text.len > 1 && text.data[0] == '0') || !span_to_u64(text, &value) || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool
parse_endpoint(int family, struct span host, struct span port_text, struct peer *out)
{
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];
	uint16_t port;

	if (host.len >= sizeof(text) || !parse_port(port_text, &port))
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (strlen(text) != host.len || inet_pton(family, text, address) != 1)
		return false;
	if (family == AF_INET)
		set_v4(out, address, port);
	else
		set_v6(out, address, port);
	return true;
}

/* The line after "PROXY ", without CRLF. */
static bool
parse_line(struct span line, struct peer *source, struct peer *destination)
{
	struct span field[5];
	size_t count = 0;
	int family;

	if (span_is(span_first(line, 7), "UNKNOWN") && (line.len == 7 || line.data[7] == ' '))
		return true;
	while (count < 5 && span_split(&line, ' ', &field[count]))
		count++;
	if (count != 5 || line.data != NULL)
		return false;
	if (span_is(field[0], "TCP4"))
		family = AF_INET;
	else if (span_is(field[0], "TCP6"))
		family = AF_INET6;
	else
		return false;
	return parse_endpoint(family, field[1], field[3], source) && parse_endpoint(family, field[2], field[4], destination);
}

static int
parse_v1(struct span input, struct peer *source, struct peer *destination, size_t *used)
{
	struct span line = span_first(input, V1_MAX);
	size_t end = span_find(line, SPAN_LITERAL("\r\n"));

	if (end == SIZE_MAX)
		return line.len < V1_MAX ? 0 : -1;
	*used = end + 2;
	line = span_from(span_first(line, end), sizeof(V1_START) - 1);
	if (parse_line(line, source, destination))
		return 1;
	source->len = destination->len = 0;
	return -1;
}

static uint16_t
number16(const char *at)
{
	return (uint16_t)((unsigned char)at[0] << 8 | (unsigned char)at[1]);
}

static bool
parse_addresses(int family, struct span block, struct peer *source, struct peer *destination)
{
	const char *p = block.data;

	switch (family) {
	case V2_UNSPEC:
		return true;
	case V2_TCP4:
		if (block.len < V2_V4)
			return false;
		set_v4(source, p, number16(p + 8));
		set_v4(destination, p + 4, number16(p + 10));
		return true;
	case V2_TCP6:
		if (block.len < V2_V6)
			return false;
		set_v6(source, p, number16(p + 32));
		set_v6(destination, p + 16, number16(p + 34));
		return true;
	case V2_UNIX_STREAM:
		set_unix(source);
		set_unix(destination);
		return block.len >= V2_UNIX;
	default:
		return false;
	}
}

static int
parse_v2(struct span input, struct peer *source, struct peer *destination, size_t *used)
{
	size_t len;

	if (input.len < V2_FIXED)
		return 0;
	len = number16(input.data + 14);
	if (V2_FIXED + len > PROXY_HEADER_MAX)
		return -1;
	if (input.data[12] != V2_LOCAL && input.data[12] != V2_PROXY)
		return -1;
	if (input.len < V2_FIXED + len)
		return 0;
	*used = V2_FIXED + len;
	if (input.data[12] == V2_LOCAL ||
	    parse_addresses(input.data[13], span_first(span_from(input, V2_FIXED), len), source, destination))
		return 1;
	source->len = destination->len = 0;
	return -1;
}

/* Whether the input begins like this, as far as it goes. */
static bool
begins(struct span input, const char *start, size_t len)
{
	return memcmp(input.data, start, input.len < len ? input.len : len) == 0;
}

int
proxy_header_parse(struct span input, struct peer *source, struct peer *destination, size_t *used)
{
	*source = *destination = (struct peer){ 0 };
	*used = 0;
	if (input.len == 0)
		return 0;
	if (begins(input, V1_START, sizeof(V1_START) - 1))
		return parse_v1(input, source, destination, used);
	if (begins(input, V2_SIGNATURE, V2_SIGNATURE_LEN))
		return parse_v2(input, source, destination, used);
	return -1;
}

static bool
is_internet(const struct peer *p)
{
	return p->len > 0 && (p->address.ss_family == AF_INET || p->address.ss_family == AF_INET6);
}

/* peer_text(), but a mapped address stays one when its companion is IPv6. */
static void
print_address(struct buf *out, const struct peer *p, bool v4)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];

	peer_bytes(p, bytes);
	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, text, sizeof(text)) != NULL)
		buf_add_str(out, text);
}

static void
print_v1(struct buf *out, const struct peer *source, const struct peer *destination, bool v4)
{
	buf_add_str(out, v4 ? "PROXY TCP4 " : "PROXY TCP6 ");
	print_address(out, source, v4);
	buf_add_byte(out, ' ');
	print_address(out, destination, v4);
	buf_printf(out, " %u %u\r\n", peer_port(source), peer_port(destination));
}

static void
add16(struct buf *out, uint16_t value)
{
	char bytes[2] = { (char)(value >> 8), (char)value };

	buf_add(out, bytes, sizeof(bytes));
}

static void
print_v2(struct buf *out, const struct peer *source, const struct peer *destination, bool v4)
{
	unsigned char from[16], to[16];
	size_t skip = v4 ? 12 : 0;

	peer_bytes(source, from);
	peer_bytes(destination, to);
	buf_add_byte(out, v4 ? V2_TCP4 : V2_TCP6);
	add16(out, v4 ? V2_V4 : V2_V6);
	buf_add(out, from + skip, sizeof(from) - skip);
	buf_add(out, to + skip, sizeof(to) - skip);
	add16(out, peer_port(source));
	add16(out, peer_port(destination));
}

void
proxy_header_print(struct buf *out, enum proxy_header version, const struct peer *source,
    const struct peer *destination)
{
	bool known = is_internet(source) && is_internet(destination);
	bool v4 = known && peer_is_v4(source) && peer_is_v4(destination);

	if (version == PROXY_HEADER_V1 && known)
		print_v1(out, source, destination, v4);
	else if (version == PROXY_HEADER_V1)
		buf_add_str(out, "PROXY UNKNOWN\r\n");
	if (version != PROXY_HEADER_V2)
		return;
	buf_add(out, V2_SIGNATURE, V2_SIGNATURE_LEN);
	buf_add_byte(out, V2_PROXY);
	if (known) {
		print_v2(out, source, destination, v4);
	} else {
		buf_add_byte(out, V2_UNSPEC);
		add16(out, 0);
	}
}
