/* COMPRESS (RFC 4978). gatepost offers it to every client that has logged in, for
 * one that asks for it is far away; and then asks the upstream too where that
 * offers it. Each connection is compressed by itself. */
#include "config.h"

#include "proxy/imap_verbs.h"

/* All behind the upstream's OK is compressed. */
static void
upstream_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	if (r->status == IMAP_OK && !endpoint_deflate(s->ends.server))
		s->hopeless = true;
}

static bool
ask_upstream(struct imap_session *s)
{
	char line[64], tag[IMAP_OWN_TAG_SIZE];
	int len;

	imap_own_tag(s, tag);
	len = snprintf(line, sizeof(line), "%s COMPRESS DEFLATE\r\n", tag);
	return imap_pending_add(s, span_str(tag), IMAP_COMPRESS, true, upstream_answered) &&
	    endpoint_write(s->ends.server, span_of(line, (size_t)len));
}

enum outcome
imap_proceed_compress(struct imap_session *s, const struct imap_command *c)
{
	if (!span_is_nocase(c->arguments, "DEFLATE"))
		return imap_refuse_unit(s, "BAD", "only DEFLATE is known here");
	if (endpoint_deflates(s->ends.client))
		return imap_refuse(s, "NO", "[COMPRESSIONACTIVE] DEFLATE is active");
	imap_answer(s, "OK", "DEFLATE begins");
	imap_forget_unit(s);
	if (!endpoint_deflate(s->ends.client))
		return imap_give_up(s, NULL);
	if ((s->offers & imap_capa_bit(IMAP_CAPA_COMPRESS_DEFLATE)) == 0)
		return imap_goto(s, IMAP_FRONT_READ_COMMAND);
	if (!ask_upstream(s))
		return imap_give_up(s, "out of memory");
	return imap_goto(s, IMAP_FRONT_COMPRESS_UPSTREAM);
}

/* Nothing may be said to the upstream before its answer tells how. */
enum outcome
imap_compress_upstream(struct session *session)
{
	struct imap_session *s = imap_of(session);

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->pending_count > 0)
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}
