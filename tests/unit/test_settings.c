/* gatepost.yaml: what each key becomes, what holds without it, and what is
 * said of a wrong one. */
#include "config.h"

#include "conf_helper.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

/* The least there is, and what a test adds to it. */
#define LISTENER "listeners: [ { name: mx, protocol: smtp, address: '127.0.0.1:2525', upstream: mta, policy: p } ]\n"
#define UPSTREAM "upstreams: { mta: { address: '127.0.0.1:25' } }\n"
#define POLICY "policies: { p: {} }\n"
#define LEAST LISTENER UPSTREAM POLICY

/* In the C library's place: 0, or how the only account there is cannot be looked up. */
static int look_up_error;

struct passwd *
getpwnam(const char *name)
{
	static struct passwd gatepost;

	errno = look_up_error;
	return look_up_error == 0 && strcmp(name, "gatepost") == 0 ? &gatepost : NULL;
}

static void
test_the_least(void **state)
{
	const struct settings *s = conf_settings(*state, LEAST);
	const struct listener *l = s->listeners;

	assert_int_equal(s->listener_count, 1);
	assert_string_equal(l->name, "mx");
	assert_int_equal(l->protocol, PROTOCOL_SMTP);
	assert_int_equal(l->address_count, 1);
	assert_string_equal(l->addresses[0].host, "127.0.0.1");
	assert_int_equal(l->upstream, 0);
	assert_int_equal(l->policy, 0);
	assert_int_equal(l->tls.mode, TLS_NONE);
	assert_int_equal(l->bare_newlines, BARE_NEWLINES_REJECT);
	assert_int_equal(s->upstreams[0].tls.mode, TLS_NONE);
	assert_int_equal(s->upstreams[0].tls.verify, VERIFY_FULL);
	assert_int_equal(s->upstreams[0].connect_timeout, 10000);
	assert_string_equal(s->policies[0].name, "p");
	assert_int_equal(s->policies[0].max_message_size, 50 << 20);
	assert_int_equal(s->policies[0].on_failure, FAILURE_DEFER);
	assert_int_equal(s->policies[0].layout, LAYOUT_PRESERVE);
	assert_true(s->policies[0].notice_names);
	assert_null(s->policies[0].subject_prefix);
}

static void
test_what_holds_without_a_word(void **state)
{
	const struct settings *s = conf_settings(*state, LEAST);

	assert_int_equal(s->limits.connections, 20000);
	assert_int_equal(s->limits.recipients, 1000);
	assert_int_equal(s->limits.text_line, 65536);
	assert_int_equal(s->timeouts.greeting, 300000);
	assert_int_equal(s->timeouts.data_final, 600000);
	assert_int_equal(s->timeouts.scan, 60000);
	assert_string_equal(s->spool_path, "/var/tmp");
	assert_non_null(strstr(s->quarantine_path, "/lib/gatepost/quarantine"));
	assert_int_equal(s->quarantine_keep_for, UINT64_C(30) * 24 * 60 * 60 * 1000);
	assert_int_equal(s->quarantine_keep_size, UINT64_C(10) << 30);
	assert_int_equal(s->quarantine_upstream, SIZE_MAX);
	assert_non_null(strstr(s->control_path, "/run/gatepost/control"));
	assert_true(strlen(s->hostname) > 0);
	assert_null(s->group);
	assert_int_equal(s->proxies, 0);
	assert_int_equal(s->log_target, LOG_TARGET_STDERR);
	assert_int_equal(s->log_format, LOG_FORMAT_LOGFMT);
	assert_int_equal(s->log_level, LOG_LEVEL_INFO);
}

static void
test_a_full_listener(void **state)
{
	const struct settings *s = conf_settings(*state,
	    "listeners:\n"
	    "  - name: out\n"
	    "    protocol: smtp\n"
	    "    address: ['*:587', 'unix:submission']\n"
	    "    upstream: mta\n"
	    "    policy: p\n"
	    "    tls:\n"
	    "      mode: starttls\n"
	    "      required: yes\n"
	    "      certificate: tls/cert.pem\n"
	    "      key: /keys/key.pem\n"
	    "      certificates: [ { certificate: b.pem, key: b.key } ]\n"
	    "      min_version: TLSv1.1\n"
	    "      max_version: TLSv1.3\n"
	    "      ciphers: HIGH\n"
	    "      ciphersuites: TLS_AES_256_GCM_SHA384\n"
	    "    proxy_protocol: [10.0.0.0/8, '::1']\n"
	    "    bare_newlines: normalise\n"
	    "    hide: [chunking, XCLIENT]\n" UPSTREAM POLICY);
	const struct listener *l = s->listeners;

	assert_int_equal(l->address_count, 2);
	assert_string_equal(l->addresses[1].path, "/etc/gatepost/submission");
	assert_int_equal(l->tls.mode, TLS_STARTTLS);
	assert_true(l->tls.required);
	assert_int_equal(l->tls.certificate_count, 2);
	assert_string_equal(l->tls.certificates[0].certificate, "/etc/gatepost/tls/cert.pem");
	assert_string_equal(l->tls.certificates[0].key, "/keys/key.pem");
	assert_string_equal(l->tls.certificates[1].key, "/etc/gatepost/b.key");
	assert_int_equal(l->tls.min_version, TLS1_1_VERSION);
	assert_int_equal(l->tls.max_version, TLS1_3_VERSION);
	assert_string_equal(l->tls.ciphers, "HIGH");
	assert_string_equal(l->tls.ciphersuites, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(l->proxy_protocol_count, 2);
	assert_int_equal(l->proxy_protocol[0].bits, 104);
	assert_int_equal(l->bare_newlines, BARE_NEWLINES_NORMALISE);
	assert_int_equal(l->hide.count, 2);
	assert_string_equal(l->hide.items[0], "CHUNKING");
}

static void
test_a_full_upstream(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LISTENER POLICY
	    "upstreams:\n"
	    "  spare: { address: 'unix:/run/lmtp' }\n"
	    "  mta:\n"
	    "    address: [a.example.org:465, '[2001:db8::1]:465']\n"
	    "    tls:\n"
	    "      mode: implicit\n"
	    "      verify: fingerprint\n"
	    "      fingerprint: '00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff'\n"
	    "      server_name: mail.example.org\n"
	    "      certificate: client.pem\n"
	    "      key: client.key\n"
	    "      min_version: TLSv1.3\n"
	    "    proxy_protocol: v2\n"
	    "    xclient: true\n"
	    "    connect_timeout: 1500ms\n"
	    "    rest: 2m\n");
	const struct upstream *u = &s->upstreams[1];

	assert_int_equal(s->listeners[0].upstream, 1);
	assert_int_equal(u->address_count, 2);
	assert_string_equal(u->addresses[1].host, "2001:db8::1");
	assert_int_equal(u->tls.mode, TLS_IMPLICIT);
	assert_int_equal(u->tls.verify, VERIFY_FINGERPRINT);
	assert_int_equal(u->tls.fingerprints.count, 1);
	assert_string_equal(u->tls.fingerprints.items[0],
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	assert_string_equal(u->tls.server_name, "mail.example.org");
	assert_string_equal(u->tls.certificate, "/etc/gatepost/client.pem");
	assert_int_equal(u->tls.min_version, TLS1_3_VERSION);
	assert_int_equal(u->proxy_protocol, PROXY_HEADER_V2);
	assert_true(u->xclient);
	assert_int_equal(u->connect_timeout, 1500);
	assert_int_equal(u->rest, 120000);
}

static void
test_a_full_policy(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LISTENER UPSTREAM
	    "policies:\n"
	    "  p:\n"
	    "    rules: [a.yaml, /r/b.yaml]\n"
	    "    thresholds: [ { score: 15, then: reject }, { score: -1.5, then: tag } ]\n"
	    "    subject_prefix: '[SPAM] '\n"
	    "    max_message_size: 10 MB\n"
	    "    on_failure: reject\n"
	    "    layout: rewrite\n"
	    "    notice_names: false\n");
	const struct policy_settings *p = s->policies;

	assert_int_equal(p->rules.count, 2);
	assert_string_equal(p->rules.items[0], "/etc/gatepost/a.yaml");
	assert_string_equal(p->rules.items[1], "/r/b.yaml");
	assert_int_equal(p->rules_mark.line, 5);
	assert_int_equal(p->threshold_count, 2);
	assert_true(p->thresholds[0].score == -1.5 && p->thresholds[1].score == 15);
	assert_int_equal(p->thresholds[0].then, VERDICT_TAG);
	assert_int_equal(p->thresholds[1].then, VERDICT_REJECT);
	assert_string_equal(p->subject_prefix, "[SPAM] ");
	assert_int_equal(p->max_message_size, 10000000);
	assert_int_equal(p->on_failure, FAILURE_REJECT);
	assert_int_equal(p->layout, LAYOUT_REWRITE);
	assert_false(p->notice_names);
}

static void
test_the_rest(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LEAST "quarantine: { path: q//, keep_for: 0, keep_size: 5MiB, release_upstream: mta }\n"
	          "spool: { path: /spool }\n"
	          "control: { path: c }\n"
	          "run: { user: u, group: g, proxies: 2, scanners: 3 }\n"
	          "log: { target: syslog, format: json, level: debug }\n"
	          "hostname: mx.example.org\n"
	          "limits: { connections: 7, text_line: 0 }\n"
	          "timeouts: { scan: 250ms }\n");

	assert_string_equal(s->quarantine_path, "/etc/gatepost/q");
	assert_int_equal(s->quarantine_keep_for, 0);
	assert_int_equal(s->quarantine_keep_size, 5 << 20);
	assert_string_equal(s->upstreams[s->quarantine_upstream].name, "mta");
	assert_string_equal(s->spool_path, "/spool");
	assert_string_equal(s->control_path, "/etc/gatepost/c");
	assert_string_equal(s->user, "u");
	assert_string_equal(s->group, "g");
	assert_int_equal(s->proxies, 2);
	assert_int_equal(s->scanners, 3);
	assert_int_equal(s->log_target, LOG_TARGET_SYSLOG);
	assert_int_equal(s->log_format, LOG_FORMAT_JSON);
	assert_int_equal(s->log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(s->hostname, "mx.example.org");
	assert_int_equal(s->limits.connections, 7);
	assert_int_equal(s->limits.connections_per_client, 100);
	assert_int_equal(s->limits.text_line, 0);
	assert_int_equal(s->timeouts.scan, 250);
}

static void
test_empty_sections(void **state)
{
	const struct settings *s = conf_settings(*state, LEAST "users:\nlimits:\nrun:\nlog: {}\n");

	assert_int_equal(s->user_count, 0);
	assert_int_equal(s->limits.connections, 20000);
	assert_int_equal(s->log_level, LOG_LEVEL_INFO);
}

static void
test_interception(void **state)
{
	const struct settings *s = conf_settings(*state,
	    "listeners: [ { name: a, protocol: smtp, address: '*:25', intercept: tproxy, policy: p } ]\n" POLICY);

	assert_int_equal(s->listeners[0].intercept, INTERCEPT_TPROXY);
	assert_int_equal(s->listeners[0].upstream, SIZE_MAX);
	conf_settings_fail(*state,
	    "listeners: [ { name: a, protocol: smtp, address: 'unix:/x', intercept: redirect, policy: p } ]\n" POLICY,
	    "t:1:50: connections to a UNIX socket have no original destination to intercept\n");
}

static size_t
policy_for(const struct settings *s, struct span user)
{
	const struct user_settings *own = settings_user(s, user);

	return own != NULL ? own->policy : SIZE_MAX;
}

static void
test_policies_of_users(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LISTENER UPSTREAM "policies: { p: {}, q: {}, r: {} }\n"
	                      "users:\n"
	                      "  - { match: sales@example.org, policy: q }\n"
	                      "  - { match: '*@*.example.org', policy: r }\n"
	                      "  - { match: 'b?b', policy: q }\n"
	                      "  - { match: 'sales*', policy: p }\n");

	assert_int_equal(policy_for(s, SPAN_LITERAL("sales@example.org")), 1);
	assert_int_equal(policy_for(s, SPAN_LITERAL("SALES@Example.ORG")), 1);
	assert_int_equal(policy_for(s, SPAN_LITERAL("x@a.example.org")), 2);
	assert_int_equal(policy_for(s, SPAN_LITERAL("x@example.org")), SIZE_MAX);
	assert_int_equal(policy_for(s, SPAN_LITERAL("bob")), 1);
	assert_int_equal(policy_for(s, SPAN_LITERAL("boob")), SIZE_MAX);
	assert_int_equal(policy_for(s, SPAN_LITERAL("sales@elsewhere.example")), 0);
	assert_int_equal(policy_for(s, SPAN_LITERAL("")), SIZE_MAX);
}

static void
assert_strings(const struct strings *list, const char *first, const char *second)
{
	assert_int_equal(list->count, second != NULL ? 2 : 1);
	assert_string_equal(list->items[0], first);
	if (second != NULL)
		assert_string_equal(list->items[1], second);
}

static void
test_settings_of_users(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LISTENER "upstreams: { mta: { address: '127.0.0.1:25' }, store: { address: '127.0.0.1:110' } }\n"
	             "policies: { p: { spam: hide } }\n"
	             "user_directory: users\n"
	             "users:\n"
	             "  - match: anna\n"
	             "    upstream: store\n"
	             "    thresholds: [ { score: 8, then: reject }, { score: 3, then: tag } ]\n"
	             "    subject_prefix: \"\"\n"
	             "    spam: tag\n"
	             "    allow: [ '*@partner.example', friend@example.net ]\n"
	             "    deny: '*@casino.example'\n"
	             "    rules_off: [ LOTTERY, 'URL_*' ]\n"
	             "  - { match: bob, subject_prefix: '[JUNK] ', spam: hide, thresholds: [] }\n"
	             "  - { match: carl, thresholds: , allow: }\n");
	const struct user_settings *anna = settings_user(s, SPAN_LITERAL("Anna"));
	const struct user_settings *bob = settings_user(s, SPAN_LITERAL("bob"));
	const struct user_settings *carl = settings_user(s, SPAN_LITERAL("carl"));

	assert_string_equal(s->user_directory, "/etc/gatepost/users");
	assert_int_equal(s->policies[0].spam, SPAM_SHOWN_HIDDEN);
	assert_int_equal(anna->policy, SIZE_MAX);
	assert_int_equal(anna->upstream, 1);
	assert_true(anna->has_thresholds);
	assert_int_equal(anna->threshold_count, 2);
	assert_int_equal(anna->thresholds[0].then, VERDICT_TAG);
	assert_string_equal(anna->subject_prefix, "");
	assert_true(anna->has_spam && anna->spam == SPAM_SHOWN_TAGGED);
	assert_strings(&anna->allow, "*@partner.example", "friend@example.net");
	assert_strings(&anna->deny, "*@casino.example", NULL);
	assert_strings(&anna->rules_off, "LOTTERY", "URL_*");
	assert_false(user_settings_plain(anna));
	assert_int_equal(bob->upstream, SIZE_MAX);
	assert_string_equal(bob->subject_prefix, "[JUNK] ");
	assert_true(bob->has_spam && bob->spam == SPAM_SHOWN_HIDDEN);
	assert_true(bob->has_thresholds && bob->threshold_count == 0);
	assert_false(carl->has_thresholds || carl->has_spam || carl->subject_prefix != NULL);
	assert_true(user_settings_plain(carl));
	assert_true(settings_routes_users(s));
}

static void
test_nothing_of_users(void **state)
{
	const struct settings *s = conf_settings(*state, LEAST "users: [ { match: '*', policy: p, spam: hide } ]\n");

	assert_null(s->user_directory);
	assert_int_equal(s->policies[0].spam, SPAM_SHOWN_TAGGED);
	assert_false(settings_routes_users(s));
	assert_true(user_settings_plain(settings_user(s, SPAN_LITERAL("x"))));
}

static void
test_bounds_of_users(void **state)
{
	struct conf_fixture *f = *state;
	char *item = arena_alloc(f->arena, USER_PATTERN_MAX + 1);
	const char *list = "", *many = "";

	memset(item, 'a', USER_PATTERN_MAX);
	conf_settings_fail(f,
	    LEAST "users:\n"
	          "- { match: x, upstream: y, spam: maybe, allow: [ '' ], thresholds: [ { score: 1, then: strip } ] }\n"
	          "- { match: x, thresholds: [ { score: 1, then: tag }, { score: 1, then: reject } ], deny: [ [] ] }\n",
	    "t:5:25: no upstream is named \"y\"\n"
	    "t:5:34: unknown value \"maybe\" (one of: tag, hide, move)\n"
	    "t:5:50: an address, a name or a pattern has from 1 to 254 octets\n"
	    "t:5:88: unknown value \"strip\" (one of: tag, quarantine, discard, defer, reject)\n"
	    "t:6:27: the score 1 is here twice\n"
	    "t:6:92: expected a text, not a list\n");
	conf_settings_fail(f, arena_printf(f->arena, LEAST "users:\n- { match: x, deny: %sa }\n", item),
	    "t:5:21: an address, a name or a pattern has from 1 to 254 octets\n");
	for (size_t i = 0; i < 259; i++)
		list = arena_printf(f->arena, "%s%s, ", list, item);
	conf_settings_fail(f, arena_printf(f->arena, LEAST "users:\n- { match: x, deny: [ %s ] }\n", list),
	    "t:5:3: \"allow\", \"deny\" and \"rules_off\" have more than 65536 octets together\n");
	for (size_t i = 0; i <= USER_LIST_MAX; i++)
		many = arena_printf(f->arena, "%sa, ", many);
	conf_settings_fail(f, arena_printf(f->arena, LEAST "users:\n- { match: x, deny: [ %s ] }\n", many),
	    "t:5:21: more than 1000\n");
}

static void
test_patterns_are_not_slow(void **state)
{
	const struct settings *s = conf_settings(*state,
	    LEAST "users: [ { match: '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b', policy: p } ]\n");
	char text[1000];

	memset(text, 'a', sizeof(text));
	assert_int_equal(policy_for(s, span_of(text, sizeof(text))), SIZE_MAX);
	text[sizeof(text) - 1] = 'B';
	assert_int_equal(policy_for(s, span_of(text, sizeof(text))), 0);
}

static void
test_all_errors_at_once(void **state)
{
	conf_settings_fail(*state,
	    "listners: []\n"
	    "listeners:\n"
	    "  - name: mx\n"
	    "    protocol: stmp\n"
	    "    adress: 127.0.0.1:25\n"
	    "    upstream: mtaa\n"
	    "    policy: inbund\n"
	    "  - nme\n"
	    "upstreams:\n"
	    "  mta: { address: '*:25' }\n"
	    "  'm t a': { address: 'localhost:25', xclient: 1 }\n"
	    "policies:\n"
	    "  inbound: { thresholds: { score: 5 }, on_failure: drop }\n"
	    "timeouts: { scan: 5w }\n",
	    "t:1:1: unknown key \"listners\", did you mean \"listeners\"?\n"
	    "t:3:5: \"address\" is missing\n"
	    "t:4:15: unknown value \"stmp\", did you mean \"smtp\"? (one of: smtp, lmtp, pop3, imap)\n"
	    "t:5:5: unknown key \"adress\", did you mean \"address\"?\n"
	    "t:6:15: no upstream is named \"mtaa\", did you mean \"mta\"?\n"
	    "t:7:13: no policy is named \"inbund\", did you mean \"inbound\"?\n"
	    "t:8:5: expected a mapping of keys and values\n"
	    "t:10:19: an upstream has an address of its own, not \"*\"\n"
	    "t:11:3: a name is made of letters, digits, \".\", \"_\" and \"-\", at most 64\n"
	    "t:11:48: expected true or false, not \"1\"\n"
	    "t:13:26: expected a list (\"- …\")\n"
	    "t:13:52: unknown value \"drop\" (one of: defer, accept, reject)\n"
	    "t:14:19: expected a time as 30s or 5m (ms, s, m, h, d), not \"5w\"\n");
}

static void
test_something_must_listen(void **state)
{
	conf_settings_fail(*state, "", "t:1:1: \"listeners\" is missing\n");
	conf_settings_fail(*state, "listeners:\n", "t:1:11: at least one listener is needed\n");
	conf_settings_fail(*state, "listeners: []\n", "t:1:12: at least one listener is needed\n");
	conf_settings_fail(*state, "just words\n", "t:1:1: expected a mapping of keys and values\n");
	conf_settings_fail(*state, "listeners: [ { name: a, protocol: pop3, address: '*:1' } ]\n",
	    "t:1:14: \"policy\" is missing\n"
	    "t:1:14: \"upstream\" is missing\n");
}

#define TWO(first, second) \
	"listeners:\n" \
	"  - { name: a, protocol: smtp, upstream: mta, policy: p, address: " first " }\n" \
	"  - { name: b, protocol: smtp, upstream: mta, policy: p, address: " second " }\n" UPSTREAM POLICY

static void
test_one_listener_for_an_address(void **state)
{
	conf_settings(*state, TWO("'127.0.0.1:25'", "'127.0.0.1:26'"));
	conf_settings_fail(*state, TWO("['[::1]:25', '*:25']", "'[0::0:1]:25'"),
	    "t:3:67: \"[0::0:1]:25\" is already taken in line 2\n");
	conf_settings_fail(*state, TWO("'unix:/x'", "['*:1', 'unix:/x', '*:1']"),
	    "t:3:67: \"*:1\" is already taken in line 3\n"
	    "t:3:67: \"unix:/x\" is already taken in line 2\n");
	conf_settings_fail(*state,
	    "listeners:\n"
	    "  - { name: a, protocol: smtp, upstream: mta, policy: p, address: '*:1' }\n"
	    "  - { name: a, protocol: smtp, upstream: mta, policy: p, address: '*:2' }\n" UPSTREAM POLICY,
	    "t:3:13: \"a\" is already taken in line 2\n");
}

#define WITH_TLS(tls) \
	"listeners: [ { name: a, protocol: imap, address: '*:1', upstream: mta, policy: p, tls: " tls " } ]\n" UPSTREAM POLICY

static void
test_tls_of_listeners(void **state)
{
	conf_settings(*state, WITH_TLS("{ mode: implicit, certificates: [ { certificate: c, key: k } ] }"));
	conf_settings(*state, WITH_TLS("{ mode: none }"));
	conf_settings_fail(*state, WITH_TLS("{}"), "t:1:88: \"mode\" is missing\n");
	conf_settings_fail(*state, WITH_TLS(""), "t:1:89: expected a mapping of keys and values\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: starttls }"),
	    "t:1:88: \"mode: starttls\" needs a certificate and its key\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: implicit }"),
	    "t:1:88: \"mode: implicit\" needs a certificate and its key\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: implicit, certificate: c }"),
	    "t:1:88: \"certificate\" and \"key\" go together\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: implicit, certificates: [ { certificate: c } ] }"),
	    "t:1:122: \"key\" is missing\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: none, required: true }"),
	    "t:1:112: \"required\" needs \"mode: starttls\"\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: none, min_version: TLSv1.3, max_version: TLSv1.2 }"),
	    "t:1:137: below \"min_version\"\n");
	conf_settings_fail(*state, WITH_TLS("{ mode: none, min_version: SSLv3 }"),
	    "t:1:115: unknown value \"SSLv3\" (one of: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3)\n");
}

#define UPSTREAM_TLS(address, tls) LISTENER POLICY "upstreams: { mta: { address: " address ", tls: " tls " } }\n"

static void
test_tls_of_upstreams(void **state)
{
	conf_settings(*state, UPSTREAM_TLS("'unix:/x'", "{ mode: starttls, server_name: a.example }"));
	conf_settings_fail(*state, UPSTREAM_TLS("'unix:/x'", "{ mode: starttls }"),
	    "t:3:30: \"verify: full\" over a UNIX socket needs \"server_name\"\n");
	conf_settings_fail(*state, UPSTREAM_TLS("'a:1'", "{ mode: starttls, verify: fingerprint }"),
	    "t:3:68: \"verify: fingerprint\" needs a \"fingerprint\"\n");
	conf_settings_fail(*state, UPSTREAM_TLS("'a:1'", "{ mode: starttls, verify: fingerprint, fingerprint: 00ff }"),
	    "t:3:94: expected the SHA-256 of a certificate, 64 hexadecimal digits\n");
	conf_settings_fail(*state,
	    UPSTREAM_TLS("'a:1'", "{ mode: starttls, fingerprint: "
	                          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff, ca: x }"),
	    "t:3:73: \"fingerprint\" is not looked at without \"verify: fingerprint\"\n");
	conf_settings_fail(*state, UPSTREAM_TLS("'a:1'", "{ mode: starttls, verify: none, ca: x }"),
	    "t:3:78: \"ca\" is not looked at without \"verify: full\"\n");
	conf_settings_fail(*state, UPSTREAM_TLS("'a:1'", "{ mode: starttls, key: x }"),
	    "t:3:42: \"certificate\" and \"key\" go together\n");
}

static void
test_values_out_of_range(void **state)
{
	conf_settings_fail(*state, LEAST "limits: { connections: 0 }\n", "t:4:24: expected from 1 to 1000000\n");
	conf_settings_fail(*state, LEAST "limits: { command_line: 100 }\n",
	    "t:4:25: expected from 512 to 131072 octets\n");
	conf_settings_fail(*state, LEAST "timeouts: { mail: 0 }\n", "t:4:19: expected from 1 to 86400000 ms\n");
	conf_settings_fail(*state, LEAST "run: { scanners: 1000 }\n", "t:4:18: expected from 0 to 256\n");
	conf_settings_fail(*state, LEAST "hostname: a b\n", "t:4:11: not the name of a host\n");
	conf_settings_fail(*state, LEAST "hostname: ''\n", "t:4:11: a host's name has from 1 to 255 letters\n");
	conf_settings_fail(*state, LEAST "quarantine: { path: '' }\n", "t:4:21: must not be empty\n");
	conf_settings_fail(*state, LISTENER UPSTREAM "policies: { p: { subject_prefix: \"a\\r\\nX: y\" } }\n",
	    "t:3:34: must not hold a control character\n");
	conf_settings_fail(*state,
	    LISTENER UPSTREAM "policies: { p: { thresholds: [ { score: 5, then: tag }, { score: 5.0, then: reject } ] } }\n",
	    "t:3:30: the score 5 is here twice\n");
}

#define TOLD_BY_XCLIENT "upstreams: { mta: { address: '127.0.0.1:25' }, x: { address: '127.0.0.1:26', xclient: true } }\n" POLICY

static void
test_readers_have_no_xclient(void **state)
{
	conf_settings(*state,
	    "listeners: [ { name: a, protocol: lmtp, address: '*:1', upstream: x, policy: p } ]\n" TOLD_BY_XCLIENT);
	conf_settings_fail(*state,
	    "listeners: [ { name: a, protocol: imap, address: '*:1', upstream: x, policy: p } ]\n" TOLD_BY_XCLIENT,
	    "t:1:67: POP3 and IMAP have no \"xclient\", which this upstream says; they have \"proxy_protocol\"\n");
	conf_settings_fail(*state, LISTENER "users: [ { match: a, upstream: x } ]\n" TOLD_BY_XCLIENT,
	    "t:2:32: POP3 and IMAP have no \"xclient\", which this upstream says; they have \"proxy_protocol\"\n");
}

static void
test_hides_only_keywords(void **state)
{
	conf_settings_fail(*state,
	    "listeners: [ { name: a, protocol: imap, address: '*:1', upstream: mta, policy: p, hide: [X] } ]\n" UPSTREAM POLICY,
	    "t:1:89: only smtp, lmtp and pop3 have keywords to hide\n");
	conf_settings_fail(*state,
	    "listeners: [ { name: a, protocol: smtp, address: '*:1', upstream: mta, policy: p, hide: ['A B', -C] } ]\n"
	    UPSTREAM POLICY,
	    "t:1:90: not a keyword of EHLO\nt:1:97: not a keyword of EHLO\n");
}

/* Also when it is named by a relative path, and the process moves later. */
static void
test_paths_begin_at_the_file(void **state)
{
	struct conf_fixture *f = *state;
	char folder[] = "/tmp/gatepost-settings-XXXXXX";
	const struct settings *s;
	FILE *file;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	file = fopen("gatepost.yaml", "w");
	assert_non_null(file);
	fputs(LEAST "quarantine: { path: q }\n", file);
	fclose(file);
	s = settings_read(f->arena, "gatepost.yaml", &f->report);
	assert_non_null(s);
	assert_string_equal(s->file, "gatepost.yaml");
	assert_string_equal(s->quarantine_path, arena_printf(f->arena, "%s/q", folder));
	unlink("gatepost.yaml");
	assert_null(settings_read(f->arena, "gatepost.yaml", &f->report));
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

static void
test_the_account(void **state)
{
	assert_string_equal(conf_settings(*state, LEAST)->user, "gatepost");
	look_up_error = ENOENT;
	assert_string_equal(conf_settings(*state, LEAST)->user, "nobody");
	look_up_error = ENOMEM;
	assert_string_equal(conf_settings(*state, LEAST "run: { user: u }\n")->user, "u");
	conf_settings_fail(*state, LEAST, "t:0:0: the account gatepost cannot be looked up: Cannot allocate memory\n");
	look_up_error = EMFILE;
	conf_settings_fail(*state, LEAST "run: {}\n", "t:0:0: the account gatepost cannot be looked up: Too many open files\n");
	look_up_error = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_least),
		TEST(test_what_holds_without_a_word),
		TEST(test_a_full_listener),
		TEST(test_a_full_upstream),
		TEST(test_a_full_policy),
		TEST(test_the_rest),
		TEST(test_empty_sections),
		TEST(test_interception),
		TEST(test_policies_of_users),
		TEST(test_settings_of_users),
		TEST(test_nothing_of_users),
		TEST(test_bounds_of_users),
		TEST(test_patterns_are_not_slow),
		TEST(test_all_errors_at_once),
		TEST(test_something_must_listen),
		TEST(test_one_listener_for_an_address),
		TEST(test_tls_of_listeners),
		TEST(test_tls_of_upstreams),
		TEST(test_values_out_of_range),
		TEST(test_readers_have_no_xclient),
		TEST(test_hides_only_keywords),
		TEST(test_paths_begin_at_the_file),
		TEST(test_the_account),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
