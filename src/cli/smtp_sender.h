/* Delivers one message to an upstream by SMTP or LMTP, as it is. */
#ifndef CLI_SMTP_SENDER_H
#define CLI_SMTP_SENDER_H

#include "base/arena.h"
#include "conf/settings.h"
#include "io/tls.h"

struct smtp_delivery {
	const struct settings *settings;
	size_t upstream;
	struct tls_client *tls;      /* of the upstream */
	bool lmtp;
	struct span sender;          /* without <>; empty = the null reverse-path */
	struct span parameters;      /* of MAIL, as they were given */
	const struct span *recipients, *recipient_parameters;
	size_t recipient_count;      /* at least 1 */
	struct span message;
	/* Called when all but the message's end is under way: only when it returns
	 * true is the end sent, and from then on the message may be delivered. */
	bool (*before_end)(void *context);
	void *context;
};

enum smtp_outcome {
	SMTP_NOT_SENT,  /* nobody has it, surely */
	SMTP_SENT,      /* the upstream answered for each recipient; see `taken` */
	SMTP_MAYBE_SENT /* its end was sent, and there is no answer */
};

struct smtp_sent {
	enum smtp_outcome outcome;
	bool *taken;      /* by recipient: the upstream has it for that one */
	struct span text; /* the upstream's word, of refusals the last; or why it came to nothing; one line */
};

/* Waits as long as the settings' timeouts say. A recipient that is refused does not
 * keep the message from the others. A parameter is passed on
 * where the upstream offers its extension; what the message cannot do without
 * must be offered. The result lives in the arena. */
void smtp_send(const struct smtp_delivery *delivery, struct arena *a, struct smtp_sent *sent);

#endif
