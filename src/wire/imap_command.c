/* IMAP commands: the front of their first line.
 *
 * What a verb's arguments are is asked by those who act on them, with a cursor; those of
 * a command that only passes are the server's affair. */
#include "config.h"

#include "wire/imap_command.h"

#include "wire/sasl.h"

enum arguments {
	NONE,
	SOME,
	WITH_UID, /* some, and "UID " may stand before the verb */
	ONLY_UID, /* some behind "UID ", none without */
};

static const struct verb {
	const char *name;
	enum arguments arguments;
} verbs[IMAP_VERBS] = {
	[IMAP_UNKNOWN] = { "unknown", SOME }, [IMAP_CAPABILITY] = { "CAPABILITY", NONE },
	[IMAP_NOOP] = { "NOOP", NONE }, [IMAP_LOGOUT] = { "LOGOUT", NONE }, [IMAP_STARTTLS] = { "STARTTLS", NONE },
	[IMAP_AUTHENTICATE] = { "AUTHENTICATE", SOME }, [IMAP_LOGIN] = { "LOGIN", SOME },
	[IMAP_ENABLE] = { "ENABLE", SOME }, [IMAP_SELECT] = { "SELECT", SOME }, [IMAP_EXAMINE] = { "EXAMINE", SOME },
	[IMAP_CREATE] = { "CREATE", SOME }, [IMAP_DELETE] = { "DELETE", SOME }, [IMAP_RENAME] = { "RENAME", SOME },
	[IMAP_SUBSCRIBE] = { "SUBSCRIBE", SOME }, [IMAP_UNSUBSCRIBE] = { "UNSUBSCRIBE", SOME },
	[IMAP_LIST] = { "LIST", SOME }, [IMAP_LSUB] = { "LSUB", SOME }, [IMAP_NAMESPACE] = { "NAMESPACE", NONE },
	[IMAP_STATUS] = { "STATUS", SOME }, [IMAP_APPEND] = { "APPEND", SOME }, [IMAP_IDLE] = { "IDLE", NONE },
	[IMAP_CHECK] = { "CHECK", NONE }, [IMAP_CLOSE] = { "CLOSE", NONE }, [IMAP_UNSELECT] = { "UNSELECT", NONE },
	[IMAP_EXPUNGE] = { "EXPUNGE", ONLY_UID }, [IMAP_SEARCH] = { "SEARCH", WITH_UID },
	[IMAP_FETCH] = { "FETCH", WITH_UID }, [IMAP_STORE] = { "STORE", WITH_UID },
	[IMAP_COPY] = { "COPY", WITH_UID }, [IMAP_MOVE] = { "MOVE", WITH_UID },
	[IMAP_ID] = { "ID", SOME }, [IMAP_SORT] = { "SORT", WITH_UID },
	[IMAP_THREAD] = { "THREAD", WITH_UID }, [IMAP_GETQUOTA] = { "GETQUOTA", SOME },
	[IMAP_GETQUOTAROOT] = { "GETQUOTAROOT", SOME }, [IMAP_SETQUOTA] = { "SETQUOTA", SOME },
	[IMAP_GETACL] = { "GETACL", SOME }, [IMAP_SETACL] = { "SETACL", SOME },
	[IMAP_DELETEACL] = { "DELETEACL", SOME }, [IMAP_LISTRIGHTS] = { "LISTRIGHTS", SOME },
	[IMAP_MYRIGHTS] = { "MYRIGHTS", SOME },
	[IMAP_GETMETADATA] = { "GETMETADATA", SOME }, [IMAP_SETMETADATA] = { "SETMETADATA", SOME },
	[IMAP_COMPRESS] = { "COMPRESS", SOME }, [IMAP_XLIST] = { "XLIST", SOME },
};

const char *
imap_verb_name(enum imap_verb verb)
{
	return verbs[verb].name;
}

static enum imap_verb
find_verb(struct span word)
{
	for (enum imap_verb verb = IMAP_UNKNOWN + 1; verb < IMAP_VERBS; verb++)
		if (span_is_nocase(word, verbs[verb].name))
			return verb;
	return IMAP_UNKNOWN;
}

/* The verb, and "UID " before it. */
static bool
take_verb(struct imap_cursor *cursor, struct imap_command *c)
{
	if (!imap_take_atom(cursor, &c->name))
		return false;
	if (span_is_nocase(c->name, "UID")) {
		c->uid = true;
		if (!imap_take_space(cursor) || !imap_take_atom(cursor, &c->name))
			return false;
	}
	c->verb = find_verb(c->name);
	if (c->uid && verbs[c->verb].arguments != WITH_UID && verbs[c->verb].arguments != ONLY_UID)
		c->verb = IMAP_UNKNOWN;
	return true;
}

static bool
has_arguments(const struct imap_command *c)
{
	enum arguments arguments = verbs[c->verb].arguments;

	return arguments == SOME || arguments == WITH_UID || (arguments == ONLY_UID && c->uid);
}

const char *
imap_command_parse(struct span text, struct imap_command *c)
{
	struct imap_cursor cursor = imap_cursor(text);

	*c = (struct imap_command){ .verb = IMAP_UNKNOWN };
	if (!imap_take_tag(&cursor, &c->tag))
		return "a command begins with its tag";
	if (!imap_sees(&cursor, ' ')) {
		c->tag = cursor.rest.len > 0 ? SPAN_NONE : c->tag;
		return "a tag and a command are required";
	}
	if (!imap_take_space(&cursor) || !take_verb(&cursor, c))
		return "a command is required";
	if (c->verb == IMAP_UNKNOWN)
		return "unknown command";
	if (!has_arguments(c))
		return imap_at_end(&cursor) ? NULL : "syntax: no argument is allowed";
	if (!imap_take_space(&cursor))
		return "syntax: arguments are required";
	c->arguments = cursor.rest;
	return NULL;
}

const char *
imap_login_parse(struct span arguments, struct arena *a, struct span *user, struct span *password)
{
	struct imap_cursor c = imap_cursor(arguments);

	if (imap_take_astring(&c, a, user) && imap_take_space(&c) && imap_take_astring(&c, a, password) &&
	    imap_at_end(&c))
		return NULL;
	return "syntax: LOGIN user password";
}

const char *
imap_authenticate_parse(struct span arguments, struct span *mechanism, bool *has_response, struct span *response)
{
	size_t len = span_find_byte(arguments, ' ');

	*mechanism = span_first(arguments, len);
	*has_response = len != SIZE_MAX;
	*response = *has_response ? span_from(arguments, len + 1) : SPAN_NONE;
	if (!sasl_is_mechanism(*mechanism) || !sasl_is_response(*response) || (*has_response && response->len == 0))
		return "syntax: AUTHENTICATE mechanism [initial-response]";
	return NULL;
}
