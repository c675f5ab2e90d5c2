/* Addresses of peers as text and as bytes, and where an intercepted client
 * wanted to go. */
#include "config.h"

#include "io/peer.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <string.h>

/* linux/netfilter_ipv6/ip6_tables.h clashes with netinet/in.h. */
enum { IP6_ORIGINAL_DST = 80 };

static const struct sockaddr_in *
as_v4(const struct peer *p)
{
	return (const struct sockaddr_in *)(const void *)&p->address;
}

static const struct sockaddr_in6 *
as_v6(const struct peer *p)
{
	return (const struct sockaddr_in6 *)(const void *)&p->address;
}

bool
peer_is_v4(const struct peer *p)
{
	return p->address.ss_family == AF_INET ||
	    (p->address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_v6(p)->sin6_addr));
}

void
peer_bytes(const struct peer *p, unsigned char out[16])
{
	memset(out, 0, 16);
	if (p->address.ss_family == AF_INET6)
		memcpy(out, &as_v6(p)->sin6_addr, 16);
	if (p->address.ss_family != AF_INET)
		return;
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &as_v4(p)->sin_addr, 4);
}

void
peer_text(const struct peer *p, char out[PEER_TEXT_SIZE])
{
	unsigned char bytes[16];

	if (p->address.ss_family != AF_INET && p->address.ss_family != AF_INET6) {
		memcpy(out, "unix", sizeof("unix"));
		return;
	}
	peer_bytes(p, bytes);
	if (peer_is_v4(p))
		inet_ntop(AF_INET, bytes + 12, out, PEER_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, bytes, out, PEER_TEXT_SIZE);
}

uint16_t
peer_port(const struct peer *p)
{
	if (p->address.ss_family == AF_INET)
		return ntohs(as_v4(p)->sin_port);
	if (p->address.ss_family == AF_INET6)
		return ntohs(as_v6(p)->sin6_port);
	return 0;
}

bool
peer_is_same(const struct peer *a, const struct peer *b)
{
	unsigned char left[16], right[16];

	peer_bytes(a, left);
	peer_bytes(b, right);
	return memcmp(left, right, 16) == 0 && peer_port(a) == peer_port(b);
}

static bool
redirected(int fd, const struct peer *here, struct peer *out)
{
	out->len = sizeof(out->address);
	if (peer_is_v4(here) ? getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, &out->address, &out->len) != 0
			     : getsockopt(fd, IPPROTO_IPV6, IP6_ORIGINAL_DST, &out->address, &out->len) != 0)
		return false;
	return !peer_is_same(out, here);
}

bool
peer_original_destination(int fd, enum intercept intercept, struct peer *out)
{
	struct peer here = { .len = sizeof(here.address) }, found = { 0 };
	bool known = false;

	*out = (struct peer){ 0 };
	if (getsockname(fd, (struct sockaddr *)&here.address, &here.len) != 0)
		return false;
	if (intercept == INTERCEPT_REDIRECT)
		known = redirected(fd, &here, &found);
	else if (intercept == INTERCEPT_TPROXY) {
		found = here;
		known = peer_port(&here) != 0;
	}
	if (known)
		*out = found;
	return known;
}
