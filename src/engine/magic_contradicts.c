/* Whether a declared type or an extension lies about the content. A row of the
 * table is a claim and the kinds that honest mail has under it: programs save
 * documents of one kind under the name of another, pictures change format and
 * keep their name, and mail programs call text what they do not know.
 *
 * What is not in the table claims nothing; plain text and what is not known
 * contradict nothing. */
#include "config.h"

#include "engine/magic_rows.h"

#define TEXTS "text html xml script mail registry shortcut pgp pkcs7 rtf sylk postscript"
#define PICTURES "png jpeg gif webp bmp tiff icon wmf emf media"
#define OFFICE "ole2 zip rtf html xml sylk mail access onenote"

/* Lists of words. A type that ends with a slash stands for all that begin so. */
static const struct claim {
	const char *types, *extensions, *kinds;
} claims[] = {
	{ "image/svg+xml", ".svg", TEXTS " gzip" },
	{ "image/vnd.adobe.photoshop image/vnd.dwg image/x-eps image/vnd.djvu", ".psd .eps", PICTURES " postscript pdf" },
	{ "image/", ".png .jpg .jpeg .jpe .gif .bmp .webp .tif .tiff .ico .emf .wmf", PICTURES },
	{ "audio/ video/", ".mp3 .mp4 .m4a .avi .wav .mov .mpg .mpeg .wma .wmv .ogg .flac", PICTURES " swf" },
	{ "application/pdf application/x-pdf", ".pdf", "pdf postscript" },
	{ "text/rtf application/rtf", ".rtf", OFFICE },
	{ "text/", ".txt .csv .log .htm .html .xhtml .xml .css .ics .vcf .json .md .eml", TEXTS },
	{ "message/", "", TEXTS },
	{ "application/json application/javascript application/xml application/x-javascript", "", TEXTS },
	{ "application/msword application/vnd.ms-excel application/vnd.ms-powerpoint application/vnd.openxmlformats-",
	    ".doc .dot .docx .docm .dotx .xls .xlt .xlsx .xlsm .xlsb .ppt .pps .pptx .pptm .ppsx", OFFICE },
	{ "application/vnd.oasis.", ".odt .ods .odp", "zip xml" },
	{ "application/zip application/x-zip-compressed application/x-zip", ".zip", "zip" },
	{ "application/java-archive", ".jar .apk .xpi", "zip" },
	{ "application/x-7z-compressed", ".7z", "7z" },
	{ "application/vnd.rar application/x-rar-compressed application/x-rar", ".rar", "rar" },
	{ "application/gzip application/x-gzip application/x-tgz", ".gz .tgz", "gzip tar compress" },
	{ "application/x-tar application/x-gtar", ".tar", "tar gzip bzip2 xz zstd compress" },
	{ "application/x-bzip2", ".bz2 .tbz", "bzip2" },
	{ "application/x-xz", ".xz .txz", "xz" },
	{ "application/vnd.ms-cab-compressed", ".cab", "cab" },
	{ "application/x-iso9660-image", ".iso", "iso udf" },
	{ "application/pkcs7-mime application/x-pkcs7-mime application/pkcs7-signature application/x-pkcs7-signature",
	    ".p7m .p7s", "pkcs7 mail" },
	{ "application/pgp-encrypted application/pgp-signature application/pgp-keys", "", TEXTS },
	{ "application/ms-tnef application/vnd.ms-tnef", "", "tnef" },
	{ "application/x-shockwave-flash", ".swf", "swf" },
};

/* Takes the next word of a list. */
static bool
next_word(struct span *list, struct span *word)
{
	while (span_split(list, ' ', word))
		if (word->len > 0)
			return true;
	return false;
}

static bool
has_word(const char *words, struct span wanted)
{
	struct span list = span_str(words), word;

	while (next_word(&list, &word))
		if (span_eq_nocase(word, wanted))
			return true;
	return false;
}

static bool
has_type(const char *types, const char *type)
{
	struct span list = span_str(types), word, whole = span_str(type);

	while (next_word(&list, &word)) {
		char last = word.data[word.len - 1];

		if (span_eq_nocase(word, last == '/' || last == '-' || last == '.' ? span_first(whole, word.len) : whole))
			return true;
	}
	return false;
}

static bool
proves_nothing(const char *magic)
{
	return has_word("text data empty", span_str(magic));
}

bool
magic_contradicts(const char *magic, const char *type, struct span extension)
{
	const struct claim *by_type = NULL, *by_extension = NULL;
	bool extension_fits;

	if (proves_nothing(magic))
		return false;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		if (by_type == NULL && type != NULL && has_type(claims[i].types, type))
			by_type = &claims[i];
		if (by_extension == NULL && extension.len > 0 && has_word(claims[i].extensions, extension))
			by_extension = &claims[i];
	}
	extension_fits = by_extension == NULL || has_word(by_extension->kinds, span_str(magic));
	if (!extension_fits)
		return true;
	/* What a mail program does not know it calls text. */
	if (by_type == NULL || (by_extension != NULL && span_starts_nocase(span_str(type), "text/")))
		return false;
	return !has_word(by_type->kinds, span_str(magic));
}
