/* limits and timeouts: each with what holds when nothing is written, and why. */
#include "config.h"

#include "base/limits.h"
#include "conf/keys.h"

#define KIB(n) (UINT64_C(1024) * (n))
#define MIB(n) (KIB(1024) * (n))
#define SECONDS(n) (UINT64_C(1000) * (n))
#define MINUTES(n) (SECONDS(60) * (n))

#define LIMIT(field, kind) KEY(struct limits, field, kind)
#define TIMEOUT(field, value) \
	KEY(struct timeouts, field, duration), .preset = (value), .least = 1, .most = MINUTES(24 * 60)

const struct key limits_keys[] = {
	/* Two descriptors each; some 40 KiB each with TLS on one side is 800 MiB. */
	{ LIMIT(connections, number), .preset = 20000, .least = 1, .most = 1000000 },
	/* A busy office behind one address, but no flood. */
	{ LIMIT(connections_per_client, number), .preset = 100, .least = 1, .most = 1000000 },
	/* RFC 5321 4.5.3.1.4 says 512 and lets extensions add; AUTH adds 12,288
	 * (RFC 4954 4). IMAP clients keep below 8,192 (RFC 7162 4). */
	{ LIMIT(command_line, size), .preset = KIB(16), .least = 512, .most = INPUT_MAX },
	/* RFC 5321 4.5.3.1.6 says 1,000, which too many senders of HTML break;
	 * what passes 64 KiB is refused by other servers too. */
	{ LIMIT(text_line, size), .preset = KIB(64), .most = MIB(1024) },
	/* RFC 5321 4.5.3.1.8 demands 100; this is what servers offer. */
	{ LIMIT(recipients, number), .preset = 1000, .least = 100, .most = 1000000 },
	/* A client that fetches a folder message by message is legitimate. */
	{ LIMIT(commands, number), .preset = 10000, .least = 10, .most = UINT32_MAX },
	/* Harvesting of addresses shows itself by errors; people stop sooner. */
	{ LIMIT(errors, number), .preset = 20, .least = 1, .most = UINT32_MAX },
	/* RFC 5321 4.5.3.1.5 says 512; the challenge of a SASL mechanism may be
	 * as long as a command. */
	{ LIMIT(reply_line, size), .preset = KIB(16), .least = 512, .most = INPUT_MAX },
	/* EHLO of a server with every extension known has about 40. */
	{ LIMIT(reply_lines, number), .preset = 256, .least = 10, .most = 100000 },
	/* Nineteen of twenty messages are smaller and never touch a disk. */
	{ LIMIT(spool_memory, size), .preset = MIB(16), .most = MIB(1024) },
	/* Ten years of mail that was never deleted; some 100 octets each. */
	{ LIMIT(maildrop_messages, number), .preset = 100000, .least = 100, .most = 10000000 },
	/* A thousand messages and more; a client that fetches them in other
	 * sessions finds them judged all the same. */
	{ LIMIT(maildrop_spool, size), .preset = MIB(256), .most = MIB(1024 * 1024) },
	/* What Dovecot reads: a message past it could be shown by nobody. */
	{ LIMIT(message_parts, number), .preset = 10000, .least = 1, .most = 1000000 },
	{ LIMIT(message_depth, number), .preset = 100, .least = 1, .most = 500 },
	/* Some 300 are the most seen in mail that went through many lists. */
	{ LIMIT(message_headers, number), .preset = 10000, .least = 100, .most = 1000000 },
	/* As ClamAV: a source tree in an archive passes, a bomb of files not. */
	{ LIMIT(archive_entries, number), .preset = 10000, .least = 1, .most = 1000000 },
	/* An archive in an archive in a mailed message in an archive is four. */
	{ LIMIT(archive_depth, number), .preset = 8, .least = 1, .most = 32 },
	/* Five times the largest message; a second or two of decompression. */
	{ LIMIT(archive_output, size), .preset = MIB(256), .least = KIB(64), .most = MIB(4096) },
	/* Logs and empty tables reach some 200; deflate ends at 1,032, which
	 * only a bomb comes near. */
	{ LIMIT(archive_ratio, number), .preset = 500, .least = 2, .most = 1000000 },
	/* The largest message, decoded, and what archives and matching need. */
	{ LIMIT(scan_memory, size), .preset = MIB(512), .least = MIB(32), .most = MIB(65536) },
	/* PCRE2's own 10 million are seconds; a rule that needs a tenth of
	 * them on one part is a rule to be mended. */
	{ LIMIT(regex_matches, number), .preset = 1000000, .least = 1000, .most = UINT32_MAX },
	{ LIMIT(regex_depth, number), .preset = 100000, .least = 100, .most = UINT32_MAX },
	{ 0 },
};

const struct key timeouts_keys[] = {
	/* Towards the upstream, RFC 5321 4.5.3.2.1 to .6 in turn. */
	{ TIMEOUT(greeting, MINUTES(5)) },
	{ TIMEOUT(mail, MINUTES(5)) },
	{ TIMEOUT(rcpt, MINUTES(5)) },
	{ TIMEOUT(data_initiation, MINUTES(2)) },
	{ TIMEOUT(data_block, MINUTES(3)) },
	{ TIMEOUT(data_final, MINUTES(10)) },
	/* The RFC names none for EHLO and the rest; as for MAIL. */
	{ TIMEOUT(command, MINUTES(5)) },
	/* RFC 5321 4.5.3.2.7: a server waits at least so long. */
	{ TIMEOUT(client_command, MINUTES(5)) },
	{ TIMEOUT(client_data, MINUTES(5)) },
	/* RFC 1939 3 asks for ten at least. */
	{ TIMEOUT(reader_command, MINUTES(10)) },
	/* RFC 9051 5.4 asks for thirty at least; IDLE is begun anew after 29. */
	{ TIMEOUT(reader_idle, MINUTES(31)) },
	/* 50 MiB at 256 kbit/s are 27 minutes; a drip of octets ends here. */
	{ TIMEOUT(transaction, MINUTES(30)) },
	/* Three round trips and a slow phone. */
	{ TIMEOUT(tls_handshake, SECONDS(30)) },
	/* Well within the ten minutes that a client waits for the final reply. */
	{ TIMEOUT(scan, SECONDS(60)) },
	/* A message under way ends; who idles is told to come again. */
	{ TIMEOUT(drain, SECONDS(60)) },
	{ 0 },
};

#define POP3_TIME(field, value, shortest) \
	KEY(struct pop3_settings, field, duration), .preset = (value), .least = (shortest), .most = MINUTES(10)

const struct key pop3_keys[] = {
	/* Clients wait a minute for STAT; a hundred new messages need a second. */
	{ POP3_TIME(scan_budget, SECONDS(10), 0) },
	/* The least impatient client known gives up after thirty. */
	{ POP3_TIME(patience, SECONDS(20), 1) },
	/* RFC 1939 3: servers wait ten minutes; some less. */
	{ POP3_TIME(keepalive, SECONDS(60), 1) },
	{ 0 },
};
