/* "host:port", "[v6]:port", "*:port" and "unix:path". The host is a number or
 * a name of letters, digits, dots, dashes and underscores; whoever connects
 * resolves it. */
#include "config.h"

#include "conf/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

/* RFC 1035 2.3.4. */
enum { HOST_MAX = 255 };

const char *
path_resolve(struct arena *a, const char *folder, const char *path)
{
	return path[0] == '/' ? path : arena_printf(a, "%s/%s", folder, path);
}

static const char *
parse_unix(struct arena *a, const char *folder, const char *path, struct address *out)
{
	if (path[0] == '\0')
		return "the path of the socket is missing";
	out->path = path_resolve(a, folder, path);
	if (strlen(out->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "the path is too long for a socket";
	return NULL;
}

static bool
is_name(struct span host)
{
	if (host.len == 0 || host.len > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.data[i]) && strchr(".-_", host.data[i]) == NULL)
			return false;
	return host.data[0] != '-' && host.data[0] != '.';
}

/* Without its zone ("%eth0"), which only the machine itself can judge. */
static bool
is_v6(struct span host)
{
	unsigned char bytes[16];
	char number[INET6_ADDRSTRLEN];
	size_t zone = span_find_byte(host, '%');

	host = span_first(host, zone);
	if (host.len >= sizeof(number))
		return false;
	memcpy(number, host.data, host.len);
	number[host.len] = '\0';
	return inet_pton(AF_INET6, number, bytes) == 1;
}

static const char *
parse_host(struct arena *a, struct span host, struct address *out)
{
	if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
		host = span_first(span_from(host, 1), host.len - 2);
		if (!is_v6(host))
			return "not an IPv6 address between the brackets";
	} else if (span_find_byte(host, ':') != SIZE_MAX) {
		return "an IPv6 address is written with brackets, [::1]:25";
	} else if (!span_is(host, "*") && !is_name(host)) {
		return "expected an address as 127.0.0.1:25, [::1]:25, mail.example.org:25, *:25 or unix:/path";
	}
	out->host = arena_strndup(a, host);
	return NULL;
}

const char *
address_parse(struct arena *a, const char *folder, const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	*out = (struct address){ .text = text };
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(a, folder, text + 5, out);
	if (colon == NULL || text[strlen(text) - 1] == ']')
		return "the port is missing";
	if (!span_to_u64(span_str(colon + 1), &port) || port == 0 || port > UINT16_MAX)
		return "the port is not a number from 1 to 65535";
	out->port = (uint16_t)port;
	return parse_host(a, span_of(text, (size_t)(colon - text)), out);
}

static const char *
canonical_host(struct arena *a, const char *host)
{
	unsigned char bytes[16];
	char number[INET6_ADDRSTRLEN];
	char *lower;

	if (inet_pton(AF_INET6, host, bytes) == 1)
		return arena_strdup(a, inet_ntop(AF_INET6, bytes, number, sizeof(number)));
	lower = arena_strdup(a, host);
	for (char *c = lower; *c != '\0'; c++)
		*c = ascii_lower(*c);
	return lower;
}

const char *
address_canonical(struct arena *a, const struct address *address)
{
	if (address->path != NULL)
		return arena_printf(a, "unix:%s", address->path);
	return arena_printf(a, "[%s]:%u", canonical_host(a, address->host), (unsigned)address->port);
}
