noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES = \
	src/engine/archive.c \
	src/engine/archive.h \
	src/engine/archive_compressed.c \
	src/engine/archive_formats.c \
	src/engine/archive_rar.c \
	src/engine/archive_reading.h \
	src/engine/archive_tar.c \
	src/engine/archive_zip.c \
	src/engine/calendar.c \
	src/engine/calendar.h \
	src/engine/clamav.c \
	src/engine/clamav.h \
	src/engine/clamav_allow.c \
	src/engine/clamav_body.c \
	src/engine/clamav_compare.c \
	src/engine/clamav_db.h \
	src/engine/clamav_expression.c \
	src/engine/clamav_hash.c \
	src/engine/clamav_html.c \
	src/engine/clamav_logical.c \
	src/engine/clamav_member.c \
	src/engine/clamav_offset.c \
	src/engine/clamav_pcre.c \
	src/engine/clamav_regex.c \
	src/engine/clamav_scan.c \
	src/engine/clamav_text.c \
	src/engine/clamav_type.c \
	src/engine/cms.c \
	src/engine/cms.h \
	src/engine/container.c \
	src/engine/container.h \
	src/engine/crypt.c \
	src/engine/crypt.h \
	src/engine/digest.c \
	src/engine/digest_set.c \
	src/engine/digest_set.h \
	src/engine/document.c \
	src/engine/document.h \
	src/engine/executable.c \
	src/engine/executable.h \
	src/engine/grams.c \
	src/engine/grams.h \
	src/engine/html_entities.c \
	src/engine/html_entities.h \
	src/engine/html_files.c \
	src/engine/html_files.h \
	src/engine/html_reference.c \
	src/engine/html_reference.h \
	src/engine/literals.h \
	src/engine/lzfu.c \
	src/engine/lzfu.h \
	src/engine/magic.c \
	src/engine/magic.h \
	src/engine/magic_all.c \
	src/engine/magic_contradicts.c \
	src/engine/magic_rows.h \
	src/engine/magic_text.c \
	src/engine/office.c \
	src/engine/office.h \
	src/engine/office97.c \
	src/engine/office97.h \
	src/engine/office_crypt.c \
	src/engine/office_crypt.h \
	src/engine/office_xml.c \
	src/engine/ole1.c \
	src/engine/ole1.h \
	src/engine/ole2.c \
	src/engine/ole2.h \
	src/engine/ole2_read.c \
	src/engine/onenote.c \
	src/engine/onenote.h \
	src/engine/pdf.c \
	src/engine/pdf.h \
	src/engine/pdf_crypt.c \
	src/engine/pdf_crypt.h \
	src/engine/pdf_filter.c \
	src/engine/pdf_filter.h \
	src/engine/pdf_object.c \
	src/engine/pdf_object.h \
	src/engine/pdf_resolve.c \
	src/engine/pdf_resolve.h \
	src/engine/pdf_token.c \
	src/engine/pdf_token.h \
	src/engine/pgp.c \
	src/engine/regex.c \
	src/engine/regex_literal.c \
	src/engine/regex_literal.h \
	src/engine/regex_run.h \
	src/engine/regex_wider.c \
	src/engine/regex_wider.h \
	src/engine/rtf.c \
	src/engine/rtf.h \
	src/engine/script_strings.c \
	src/engine/script_strings.h \
	src/engine/signature.c \
	src/engine/signature.h \
	src/engine/signature_anchor.c \
	src/engine/signature_match.c \
	src/engine/signature_parse.c \
	src/engine/signature_pattern.h \
	src/engine/textset.c \
	src/engine/textset.h \
	src/engine/tnef.c \
	src/engine/tnef.h \
	src/engine/vba.c \
	src/engine/vba.h \
	src/engine/word_field.c \
	src/engine/word_field.h \
	src/engine/xml_tags.c \
	src/engine/xml_tags.h \
	src/engine/wider_set.h \
	src/engine/zip_layout.c \
	src/engine/zip_layout.h \
	src/engine/zip_record.c \
	src/engine/zip_record.h
if HAVE_HYPERSCAN
src_libengine_a_SOURCES += src/engine/literals_hs.c src/engine/wider_set_hs.c
else
src_libengine_a_SOURCES += src/engine/literals_ac.c src/engine/wider_set_none.c
endif
EXTRA_DIST += src/engine/literals_hs.c src/engine/literals_ac.c src/engine/wider_set_hs.c src/engine/wider_set_none.c
if HAVE_YARA
src_libengine_a_SOURCES += src/engine/yara.c src/engine/yara.h
else
src_libengine_a_SOURCES += src/engine/yara_none.c src/engine/yara.h
endif
EXTRA_DIST += src/engine/yara.c src/engine/yara_none.c
