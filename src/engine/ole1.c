/* OLE 1 objects: a version, a format, the class, and two names that a link
 * uses, then the native data of the class. The class "Package" holds a file:
 * its label, the path it came from, the path it is unpacked to, and its bytes.
 * A package is told under the last component of each of the three. */
#include "config.h"

#include "engine/ole1.h"

enum {
	FORMAT_LINK = 1,
	FORMAT_EMBEDDED = 2,
	PATH_MAX_HERE = 4096, /* longer strings are none */
	CLASS_MAX = 64,       /* of the class in the name of its data */
};

struct package {
	struct span names[3];
	struct span content;
};

/* Up to a NUL, which is consumed. */
static bool
take_string(struct span *in, struct span *out)
{
	size_t end = span_find_byte(span_first(*in, PATH_MAX_HERE), '\0');

	if (end == SIZE_MAX)
		return false;
	*out = span_first(*in, end);
	*in = span_from(*in, end + 1);
	return true;
}

/* A length, and as many octets with a NUL at their end. */
static bool
take_counted(struct span *in, struct span *out)
{
	uint32_t len = le32(*in, 0);

	if (in->len < 4 || len > in->len - 4)
		return false;
	*out = span_sub(*in, 4, len);
	*in = span_from(*in, 4 + (size_t)len);
	if (out->len > 0 && out->data[out->len - 1] == '\0')
		out->len--;
	return true;
}

/* After the label and the path stand two numbers, the second of which says
 * that a path to unpack to follows. */
static bool
package_parse(struct span in, struct package *p)
{
	*p = (struct package){ .content = SPAN_NONE };
	if (le16(in, 0) != 2)
		return false;
	in = span_from(in, 2);
	if (!take_string(&in, &p->names[0]) || !take_string(&in, &p->names[1]))
		return false;
	in = span_from(in, 4);
	if (!take_counted(&in, &p->names[2]) || in.len < 4)
		return false;
	p->content = span_sub(in, 4, le32(in, 0));
	return p->content.len > 0;
}

static struct span
last_component(struct span path)
{
	size_t start = path.len;

	while (start > 0 && path.data[start - 1] != '\\' && path.data[start - 1] != '/')
		start--;
	return span_from(path, start);
}

static void
tell_package(struct document *d, const struct package *p)
{
	struct span told[3];
	size_t count = 0;

	for (size_t i = 0; i < 3; i++) {
		struct span name = last_component(p->names[i]);
		bool known = name.len == 0;

		for (size_t k = 0; k < count; k++)
			known |= span_eq(told[k], name);
		if (!known)
			told[count++] = name;
	}
	if (count == 0)
		told[count++] = SPAN_LITERAL("package");
	for (size_t i = 0; i < count; i++)
		document_tell(d, told[i], p->content);
}

/* What is no package is called after the class that reads it: "Equation.3.bin". */
static void
tell_native(struct document *d, struct span class_name, struct span data)
{
	struct package p;

	if (package_parse(data, &p))
		tell_package(d, &p);
	else if (data.len > 0)
		document_tell(d, span_str(arena_printf(d->arena, "%.*s.bin", SPAN_ARG(span_first(class_name, CLASS_MAX)))), data);
}

void
ole1_native_stream(struct document *d, struct span data)
{
	document_trait(d, TRAIT_EMBEDDED_OBJECT);
	tell_native(d, SPAN_LITERAL("object"), span_from(data, 4));
}

/* A link's topic is the file it shows. */
static void
tell_link(struct document *d, struct span topic)
{
	if (!target_is_remote(topic))
		return;
	document_trait(d, TRAIT_EXTERNAL_TEMPLATE);
	document_uri(d, topic);
}

void
ole1_object(struct document *d, struct span data)
{
	uint32_t format = le32(data, 4);
	struct span in = span_from(data, 8), class_name, topic, item;

	document_trait(d, TRAIT_EMBEDDED_OBJECT);
	if ((format != FORMAT_LINK && format != FORMAT_EMBEDDED) || !take_counted(&in, &class_name) ||
	    !take_counted(&in, &topic) || !take_counted(&in, &item)) {
		document_tell(d, SPAN_LITERAL("object.bin"), data);
		return;
	}
	tell_link(d, topic);
	if (format == FORMAT_EMBEDDED && in.len > 4) {
		if (le32(in, 0) > in.len - 4)
			document_damaged(d);
		tell_native(d, class_name.len > 0 ? class_name : SPAN_LITERAL("object"), span_sub(in, 4, le32(in, 0)));
	}
}
