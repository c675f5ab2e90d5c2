/* upstreams: the mail servers behind, and how sure of them gatepost must be. */
#include "config.h"

#include "conf/keys.h"

#include <openssl/ssl.h>

static const char *const modes[] = { "none", "starttls", "implicit", NULL };
static const char *const verifications[] = { "full", "fingerprint", "none", NULL };
static const char *const proxy_headers[] = { "none", "v1", "v2", NULL };

static const struct key tls_keys[] = {
	{ KEY(struct upstream_tls, mode, choice), .choices = modes, .required = true },
	{ KEY(struct upstream_tls, verify, choice), .choices = verifications },
	{ KEY(struct upstream_tls, ca, path) },
	{ KEY_AS("fingerprint", struct upstream_tls, fingerprints, fingerprints) },
	{ KEY(struct upstream_tls, server_name, text) },
	{ KEY(struct upstream_tls, certificate, path) },
	{ KEY(struct upstream_tls, key, path) },
	/* RFC 8996: TLS 1.0 and 1.1 must not be used. */
	{ KEY(struct upstream_tls, min_version, tls_version), .preset = TLS1_2_VERSION },
	{ KEY(struct upstream_tls, ciphers, text) },
	{ 0 },
};

static void
tls_check(struct conf *c, const struct yaml *node, void *object)
{
	struct upstream_tls *tls = object;
	bool fingerprint = yaml_get(node, "fingerprint") != NULL;

	tls->mark = node->mark;
	if ((yaml_get(node, "certificate") != NULL) != (yaml_get(node, "key") != NULL))
		report_add(c->report, node->mark, "\"certificate\" and \"key\" go together");
	if (tls->verify == VERIFY_FINGERPRINT && !fingerprint)
		report_add(c->report, mark_of_key(node, "verify"), "\"verify: fingerprint\" needs a \"fingerprint\"");
	if (tls->verify != VERIFY_FINGERPRINT && fingerprint)
		report_add(c->report, mark_of_key(node, "fingerprint"),
		    "\"fingerprint\" is not looked at without \"verify: fingerprint\"");
	if (tls->verify != VERIFY_FULL && tls->ca != NULL)
		report_add(c->report, mark_of_key(node, "ca"), "\"ca\" is not looked at without \"verify: full\"");
}

const struct key upstream_keys[] = {
	{ KEY_AS("address", struct upstream, addresses, addresses), COUNT(struct upstream, address_count),
	    .required = true },
	{ KEY(struct upstream, tls, mapping), .keys = tls_keys, .check = tls_check },
	{ KEY(struct upstream, proxy_protocol, choice), .choices = proxy_headers },
	{ KEY(struct upstream, xclient, boolean) },
	/* A live server answers within a second; three lost SYNs are seven. */
	{ KEY(struct upstream, connect_timeout, duration), .preset = 10 * 1000, .least = 1, .most = 10 * 60 * 1000 },
	/* Long enough to spare each client the wait, short enough that a server
	 * which was only restarted is found again at once. */
	{ KEY(struct upstream, rest, duration), .preset = 30 * 1000, .most = 60 * 60 * 1000 },
	{ 0 },
};

void
upstream_check(struct conf *c, const struct yaml *node, void *object)
{
	const struct upstream *u = object;
	struct mark mark = mark_of_key(node, "address");

	for (size_t i = 0; i < u->address_count; i++) {
		const struct address *address = &u->addresses[i];

		if (address->host != NULL && strcmp(address->host, "*") == 0)
			report_add(c->report, mark, "an upstream has an address of its own, not \"*\"");
		if (address->path != NULL && u->tls.mode != TLS_NONE && u->tls.verify == VERIFY_FULL &&
		    u->tls.server_name == NULL)
			report_add(c->report, mark, "\"verify: full\" over a UNIX socket needs \"server_name\"");
	}
}

void
readers_upstream_check(struct conf *c, const struct yaml *node, size_t upstream)
{
	if (c->settings != NULL && upstream < c->settings->upstream_count && c->settings->upstreams[upstream].xclient)
		report_add(c->report, mark_of_key(node, "upstream"),
		    "POP3 and IMAP have no \"xclient\", which this upstream says; they have \"proxy_protocol\"");
}
