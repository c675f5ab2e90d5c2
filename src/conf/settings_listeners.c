/* listeners: where clients connect, and what they meet there. */
#include "config.h"

#include "conf/address.h"
#include "conf/keys.h"

#include <openssl/ssl.h>
#include <stdlib.h>

static const char *const protocols[] = { "smtp", "lmtp", "pop3", "imap", NULL };
static const char *const modes[] = { "none", "starttls", "implicit", NULL };
static const char *const intercepts[] = { "none", "redirect", "tproxy", NULL };
static const char *const newlines[] = { "reject", "normalise", NULL };

static const struct key certificate_keys[] = {
	{ KEY(struct certificate, certificate, path), .required = true },
	{ KEY(struct certificate, key, path), .required = true },
	{ 0 },
};

static const struct key tls_keys[] = {
	{ KEY(struct listener_tls, mode, choice), .choices = modes, .required = true },
	{ KEY(struct listener_tls, required, boolean) },
	{ KEY(struct listener_tls, certificate, path) },
	{ KEY(struct listener_tls, key, path) },
	{ KEY(struct listener_tls, certificates, list), COUNT(struct listener_tls, certificate_count),
	    ITEMS(struct certificate, certificate_keys) },
	/* RFC 8996: TLS 1.0 and 1.1 must not be used. */
	{ KEY(struct listener_tls, min_version, tls_version), .preset = TLS1_2_VERSION },
	{ KEY(struct listener_tls, max_version, tls_version) },
	{ KEY(struct listener_tls, ciphers, text) },
	{ KEY(struct listener_tls, ciphersuites, text) },
	{ 0 },
};

/* The single certificate becomes the first of the list. */
static void
add_own_certificate(struct conf *c, struct listener_tls *tls)
{
	struct certificate *all = ARENA_ARRAY(c->arena, struct certificate, tls->certificate_count + 1);

	all[0] = (struct certificate){ tls->certificate, tls->key };
	for (size_t i = 0; i < tls->certificate_count; i++)
		all[i + 1] = tls->certificates[i];
	tls->certificates = all;
	tls->certificate_count++;
}

static void
tls_check(struct conf *c, const struct yaml *node, void *object)
{
	struct listener_tls *tls = object;
	bool certificate = yaml_get(node, "certificate") != NULL, key = yaml_get(node, "key") != NULL;

	tls->mark = node->mark;
	if (certificate != key)
		report_add(c->report, node->mark, "\"certificate\" and \"key\" go together");
	else if (certificate)
		add_own_certificate(c, tls);
	else if (tls->mode != TLS_NONE && tls->certificate_count == 0)
		report_add(c->report, node->mark, "\"mode: %s\" needs a certificate and its key", modes[tls->mode]);
	if (tls->mode == TLS_NONE && tls->required)
		report_add(c->report, mark_of_key(node, "required"), "\"required\" needs \"mode: starttls\"");
	if (tls->max_version != 0 && tls->max_version < tls->min_version)
		report_add(c->report, mark_of_key(node, "max_version"), "below \"min_version\"");
}

const struct key listener_keys[] = {
	{ KEY(struct listener, name, word), .required = true },
	{ KEY(struct listener, protocol, choice), .choices = protocols, .required = true },
	{ KEY_AS("address", struct listener, addresses, addresses), COUNT(struct listener, address_count),
	    .required = true },
	{ KEY(struct listener, upstream, upstream) },
	{ KEY(struct listener, policy, policy), .required = true },
	{ KEY(struct listener, tls, mapping), .keys = tls_keys, .check = tls_check },
	{ KEY(struct listener, intercept, choice), .choices = intercepts },
	{ KEY(struct listener, proxy_protocol, networks), COUNT(struct listener, proxy_protocol_count) },
	{ KEY(struct listener, bare_newlines, choice), .choices = newlines },
	{ KEY(struct listener, hide, keywords) },
	{ 0 },
};

static void
check_intercept(struct conf *c, const struct yaml *node, const struct listener *l)
{
	if (l->intercept == INTERCEPT_NONE && yaml_get(node, "upstream") == NULL)
		report_add(c->report, node->mark, "\"upstream\" is missing");
	for (size_t i = 0; i < l->address_count; i++)
		if (l->intercept != INTERCEPT_NONE && l->addresses[i].path != NULL)
			report_add(c->report, mark_of_key(node, "address"),
			    "connections to a UNIX socket have no original destination to intercept");
}

void
listener_check(struct conf *c, const struct yaml *node, void *object)
{
	const struct listener *l = object;

	check_intercept(c, node, l);
	if (l->protocol == PROTOCOL_POP3 || l->protocol == PROTOCOL_IMAP)
		readers_upstream_check(c, node, l->upstream);
	if (l->hide.count > 0 && l->protocol == PROTOCOL_IMAP)
		report_add(c->report, mark_of_key(node, "hide"), "only smtp, lmtp and pop3 have keywords to hide");
}

/* A name or an address that only one listener may have. */
struct claim {
	const char *what;
	const char *written;
	struct mark mark;
	size_t order;
};

static int
compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcmp(x->what, y->what);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static void
report_double_claims(struct conf *c, struct claim *claims, size_t count)
{
	if (count > 1)
		qsort(claims, count, sizeof(*claims), compare_claims);
	for (size_t i = 1; i < count; i++)
		if (strcmp(claims[i - 1].what, claims[i].what) == 0)
			report_add(c->report, claims[i].mark, "\"%s\" is already taken in line %zu",
			    claims[i].written, claims[i - 1].mark.line);
}

void
listeners_check(struct conf *c, const struct yaml *list)
{
	const struct settings *s = c->settings;
	size_t most = 0, names = 0, addresses = 0;
	struct claim *by_name = ARENA_ARRAY(c->arena, struct claim, s->listener_count), *by_address;

	for (size_t i = 0; i < s->listener_count; i++)
		most += s->listeners[i].address_count;
	by_address = ARENA_ARRAY(c->arena, struct claim, most);
	for (size_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listeners[i];

		if (l->name != NULL)
			by_name[names++] = (struct claim){ l->name, l->name, mark_of_key(list->items[i], "name"), i };
		for (size_t j = 0; j < l->address_count; j++, addresses++)
			by_address[addresses] = (struct claim){ address_canonical(c->arena, &l->addresses[j]),
				l->addresses[j].text, mark_of_key(list->items[i], "address"), addresses };
	}
	report_double_claims(c, by_name, names);
	report_double_claims(c, by_address, addresses);
}

bool
listener_trusts(const struct listener *l, const unsigned char address[16])
{
	for (size_t i = 0; i < l->proxy_protocol_count; i++)
		if (network_contains(&l->proxy_protocol[i], address))
			return true;
	return false;
}
