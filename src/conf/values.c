/* The kinds of value that stand for themselves, and the lists of them. */
#include "config.h"

#include "conf/address.h"
#include "conf/keys.h"

#include <openssl/ssl.h>

enum {
	/* A name that resolves to many addresses is one address here. */
	ADDRESSES_MAX = 100,
	SHA256_DIGITS = 64,
};

static void
preset_u64(const struct key *key, void *object)
{
	*(uint64_t *)key_field(key, object) = key->preset;
}

/* The number goes to its field also when it is out of range: the settings are
 * not used then, and further checks have something to look at. */
static void
check_range(struct conf *c, const struct key *key, const struct yaml *value, uint64_t number, const char *unit)
{
	if (number < key->least || number > key->most)
		report_add(c->report, value->mark, "expected from %ju to %ju%s", (uintmax_t)key->least,
		    (uintmax_t)key->most, unit);
}

static void
read_number(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	uint64_t *number = key_field(key, object);

	if (yaml_number(value, number, c->report))
		check_range(c, key, value, *number, "");
}

static void
read_size(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	uint64_t *size = key_field(key, object);

	if (yaml_size(value, size, c->report))
		check_range(c, key, value, *size, " octets");
}

static void
read_duration(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	uint64_t *millis = key_field(key, object);

	if (yaml_duration(value, millis, c->report))
		check_range(c, key, value, *millis, " ms");
}

static void
preset_count(const struct key *key, void *object)
{
	*(size_t *)key_field(key, object) = (size_t)key->preset;
}

static void
read_count(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	uint64_t number;

	if (!yaml_number(value, &number, c->report))
		return;
	check_range(c, key, value, number, "");
	*(size_t *)key_field(key, object) = (size_t)number;
}

static void
read_decimal(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	yaml_decimal(value, key_field(key, object), c->report);
}

static void
preset_boolean(const struct key *key, void *object)
{
	*(bool *)key_field(key, object) = key->preset != 0;
}

static void
read_boolean(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	yaml_bool(value, key_field(key, object), c->report);
}

/* Every enum here is an int to the compiler, which says so below. */
static void
preset_choice(const struct key *key, void *object)
{
	*(int *)key_field(key, object) = (int)key->preset;
}

static void
read_choice(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	_Static_assert(sizeof(enum verdict) == sizeof(int) && sizeof(enum protocol) == sizeof(int),
	    "choices are stored as int");
	yaml_choice(value, key->choices, key_field(key, object), c->report);
}

static void
read_text(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	const char *text;

	if (!yaml_string(value, &text, c->report))
		return;
	if (text[0] == '\0')
		report_add(c->report, value->mark, "must not be empty");
	*(const char **)key_field(key, object) = text;
}

/* Text that goes into a header or a reply, where a line end would begin
 * another one. */
static void
read_line(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	const char *text;

	if (!yaml_string(value, &text, c->report))
		return;
	if (strlen(text) > key->most)
		report_add(c->report, value->mark, "longer than %ju octets", (uintmax_t)key->most);
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			report_add(c->report, value->mark, "must not hold a control character");
			break;
		}
	}
	*(const char **)key_field(key, object) = text[0] != '\0' ? text : NULL;
}

/* A name or an address literal, as EHLO has it (RFC 5321 4.1.3). */
static void
read_host(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	const char *text;

	if (!yaml_string(value, &text, c->report))
		return;
	for (const char *p = text; *p != '\0'; p++) {
		if (!ascii_is_alnum(*p) && strchr(".-_:[]", *p) == NULL) {
			report_add(c->report, value->mark, "not the name of a host");
			return;
		}
	}
	if (text[0] == '\0' || strlen(text) > 255)
		report_add(c->report, value->mark, "a host's name has from 1 to 255 letters");
	*(const char **)key_field(key, object) = text;
}

/* Without slashes at its end: who makes the folder tells it by its name from those above it. */
static bool
get_path(struct conf *c, const struct yaml *value, const char **out)
{
	struct span text;

	if (!yaml_string(value, out, c->report))
		return false;
	text = span_str(*out);
	if (text.len == 0) {
		report_add(c->report, value->mark, "must not be empty");
		return false;
	}
	while (text.len > 1 && text.data[text.len - 1] == '/')
		text.len--;
	*out = path_resolve(c->arena, c->folder, arena_strndup(c->arena, text));
	return true;
}

static void
read_path(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	get_path(c, value, key_field(key, object));
}

/* Each item of the list, or the single value, through get(). */
static void
read_strings(struct conf *c, const struct key *key, const struct yaml *value, void *object,
    bool (*get)(struct conf *c, const struct yaml *value, const char **out))
{
	struct strings *list = key_field(key, object);
	struct yaml *single = (struct yaml *)value, *const *items;
	size_t count = yaml_list(&single, &items);

	list->items = ARENA_ARRAY(c->arena, const char *, count);
	for (size_t i = 0; i < count; i++)
		if (get(c, items[i], &list->items[list->count]))
			list->count++;
}

static void
read_paths(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	if (!node_is_empty(value))
		read_strings(c, key, value, object, get_path);
}

/* RFC 5321 4.1.1.1: ehlo-keyword. In upper case. */
static bool
get_keyword(struct conf *c, const struct yaml *value, const char **out)
{
	const char *text;
	char *upper;

	if (!yaml_string(value, &text, c->report))
		return false;
	*out = upper = arena_strdup(c->arena, text);
	for (char *p = upper; *p != '\0'; p++) {
		if (!ascii_is_alnum(*p) && (*p != '-' || p == upper)) {
			report_add(c->report, value->mark, "not a keyword of EHLO");
			return false;
		}
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	}
	if (upper[0] == '\0')
		report_add(c->report, value->mark, "must not be empty");
	return upper[0] != '\0';
}

static void
read_keywords(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	read_strings(c, key, value, object, get_keyword);
}

/* As openssl x509 -fingerprint prints it, or without colons. */
static bool
get_fingerprint(struct conf *c, const struct yaml *value, const char **out)
{
	const char *text;
	char *digits, *end;
	bool ok = true;

	if (!yaml_string(value, &text, c->report))
		return false;
	*out = digits = end = arena_strdup(c->arena, text);
	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		ok = ok && (ascii_is_digit(*text) || (ascii_lower(*text) >= 'a' && ascii_lower(*text) <= 'f'));
		*end++ = ascii_lower(*text);
	}
	*end = '\0';
	if (ok && end - digits == SHA256_DIGITS)
		return true;
	report_add(c->report, value->mark, "expected the SHA-256 of a certificate, %d hexadecimal digits", SHA256_DIGITS);
	return false;
}

static void
read_fingerprints(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	read_strings(c, key, value, object, get_fingerprint);
}

/* A pattern of addresses or names, held against many texts. */
static bool
get_pattern(struct conf *c, const struct yaml *value, const char **out)
{
	if (!yaml_string(value, out, c->report))
		return false;
	if ((*out)[0] != '\0' && strlen(*out) <= USER_PATTERN_MAX)
		return true;
	report_add(c->report, value->mark, "an address, a name or a pattern has from 1 to %d octets", USER_PATTERN_MAX);
	return false;
}

static void
read_patterns(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	if (value->kind == YAML_SEQUENCE && value->count > key->most)
		report_add(c->report, value->mark, "more than %ju", (uintmax_t)key->most);
	else if (!node_is_empty(value))
		read_strings(c, key, value, object, get_pattern);
}

static bool
read_address(struct conf *c, const struct yaml *value, struct address *out)
{
	const char *text, *wrong;

	if (!yaml_string(value, &text, c->report))
		return false;
	wrong = address_parse(c->arena, c->folder, text, out);
	if (wrong != NULL)
		report_add(c->report, value->mark, "\"" YAML_SHOWN "\": %s", text, wrong);
	return wrong == NULL;
}

static void
read_addresses(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	size_t *counted = (size_t *)((char *)object + key->count);
	struct yaml *single = (struct yaml *)value, *const *items;
	size_t count = yaml_list(&single, &items);
	struct address *list;

	if (count == 0 || count > ADDRESSES_MAX) {
		report_add(c->report, value->mark, "expected from one to %d addresses", ADDRESSES_MAX);
		return;
	}
	list = ARENA_ARRAY(c->arena, struct address, count);
	for (size_t i = 0; i < count; i++)
		if (read_address(c, items[i], &list[*counted]))
			++*counted;
	*(struct address **)key_field(key, object) = list;
}

static void
read_networks(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	size_t *counted = (size_t *)((char *)object + key->count);
	struct yaml *single = (struct yaml *)value, *const *items;
	size_t count = yaml_list(&single, &items);
	struct network *list = ARENA_ARRAY(c->arena, struct network, count);

	for (size_t i = 0; i < count; i++) {
		const char *text;

		if (!yaml_string(items[i], &text, c->report))
			continue;
		if (network_parse(span_str(text), &list[*counted]))
			++*counted;
		else
			report_add(c->report, items[i]->mark,
			    "expected a network as 10.0.0.0/8 or 2001:db8::/32, no bit set behind the prefix");
	}
	*(struct network **)key_field(key, object) = list;
}

static void
preset_int(const struct key *key, void *object)
{
	*(int *)key_field(key, object) = (int)key->preset;
}

static void
read_tls_version(struct conf *c, const struct key *key, const struct yaml *value, void *object)
{
	static const char *const names[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL };
	static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };
	int index;

	if (yaml_choice(value, names, &index, c->report))
		*(int *)key_field(key, object) = versions[index];
}

const struct kind kind_number = { "number", read_number, preset_u64 };
const struct kind kind_size = { "size", read_size, preset_u64 };
const struct kind kind_duration = { "time", read_duration, preset_u64 };
const struct kind kind_count = { "number", read_count, preset_count };
const struct kind kind_decimal = { "number", read_decimal, NULL };
const struct kind kind_boolean = { "boolean", read_boolean, preset_boolean };
const struct kind kind_choice = { "choice", read_choice, preset_choice };
const struct kind kind_text = { "text", read_text, NULL };
const struct kind kind_line = { "text", read_line, NULL };
const struct kind kind_host = { "host name", read_host, NULL };
const struct kind kind_path = { "path", read_path, NULL };
const struct kind kind_paths = { "paths", read_paths, NULL };
const struct kind kind_keywords = { "keywords", read_keywords, NULL };
const struct kind kind_patterns = { "patterns", read_patterns, NULL };
const struct kind kind_fingerprints = { "fingerprints", read_fingerprints, NULL };
const struct kind kind_addresses = { "addresses", read_addresses, NULL };
const struct kind kind_networks = { "networks", read_networks, NULL };
const struct kind kind_tls_version = { "TLS version", read_tls_version, preset_int };
