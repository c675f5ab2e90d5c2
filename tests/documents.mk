# Tests of the readers of documents in src/engine.
# Documents and packages of mail programs; tests/lib/documents.py makes the files they begin with.
WALK = tests/lib/container_walk.c tests/lib/container_walk.h
unit_tests += tests/unit/test_ole2
tests_unit_test_ole2_SOURCES = tests/unit/test_ole2.c $(WALK)
tests_unit_test_ole2_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_tnef
tests_unit_test_tnef_SOURCES = tests/unit/test_tnef.c $(WALK)
tests_unit_test_tnef_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_rtf
tests_unit_test_rtf_SOURCES = tests/unit/test_rtf.c $(WALK)
tests_unit_test_rtf_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_office
tests_unit_test_office_SOURCES = tests/unit/test_office.c $(WALK)
tests_unit_test_office_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_calendar
tests_unit_test_calendar_SOURCES = tests/unit/test_calendar.c $(WALK)
tests_unit_test_calendar_LDADD = $(ENGINE_DEPS)

unit_tests += tests/unit/test_pdf
tests_unit_test_pdf_SOURCES = tests/unit/test_pdf.c $(WALK)
tests_unit_test_pdf_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_cms
tests_unit_test_cms_SOURCES = tests/unit/test_cms.c $(WALK)
tests_unit_test_cms_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_html_files
tests_unit_test_html_files_SOURCES = tests/unit/test_html_files.c $(WALK)
tests_unit_test_html_files_LDADD = $(ENGINE_DEPS)
fuzz_targets += tests/fuzz/fuzz_tnef
tests_fuzz_fuzz_tnef_SOURCES = tests/fuzz/fuzz_tnef.c $(WALK)
tests_fuzz_fuzz_tnef_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_tnef_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_ole2
tests_fuzz_fuzz_ole2_SOURCES = tests/fuzz/fuzz_ole2.c $(WALK)
tests_fuzz_fuzz_ole2_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_ole2_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_vba
tests_fuzz_fuzz_vba_SOURCES = tests/fuzz/fuzz_vba.c
tests_fuzz_fuzz_vba_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_vba_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_rtf
tests_fuzz_fuzz_rtf_SOURCES = tests/fuzz/fuzz_rtf.c $(WALK)
tests_fuzz_fuzz_rtf_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_rtf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_office
tests_fuzz_fuzz_office_SOURCES = tests/fuzz/fuzz_office.c $(WALK)
tests_fuzz_fuzz_office_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_office_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_pdf
tests_fuzz_fuzz_pdf_SOURCES = tests/fuzz/fuzz_pdf.c $(WALK)
tests_fuzz_fuzz_pdf_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_pdf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_cms
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz_cms.c $(WALK)
tests_fuzz_fuzz_cms_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_cms_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_pgp
tests_fuzz_fuzz_pgp_SOURCES = tests/fuzz/fuzz_pgp.c $(WALK)
tests_fuzz_fuzz_pgp_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_pgp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_html_files
tests_fuzz_fuzz_html_files_SOURCES = tests/fuzz/fuzz_html_files.c $(WALK)
tests_fuzz_fuzz_html_files_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_html_files_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_calendar
tests_fuzz_fuzz_calendar_SOURCES = tests/fuzz/fuzz_calendar.c $(WALK)
tests_fuzz_fuzz_calendar_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_calendar_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/calendar.dict

fuzz_targets += tests/fuzz/fuzz_onenote
tests_fuzz_fuzz_onenote_SOURCES = tests/fuzz/fuzz_onenote.c $(WALK)
tests_fuzz_fuzz_onenote_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_onenote_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/onenote.dict
EXTRA_DIST += tests/lib/documents.py \
	tests/fuzz/tnef.dict \
	tests/fuzz/corpus/tnef/cut.dat \
	tests/fuzz/corpus/tnef/winmail.dat \
	tests/fuzz/corpus/tnef/wrong-sum.dat \
	tests/fuzz/ole2.dict \
	tests/fuzz/corpus/ole2/dde.doc \
	tests/fuzz/corpus/ole2/installer.msi \
	tests/fuzz/corpus/ole2/item.msg \
	tests/fuzz/corpus/ole2/link.doc \
	tests/fuzz/corpus/ole2/locked.doc \
	tests/fuzz/corpus/ole2/locked.docx \
	tests/fuzz/corpus/ole2/locked.xls \
	tests/fuzz/corpus/ole2/long.doc \
	tests/fuzz/corpus/ole2/macros.doc \
	tests/fuzz/corpus/ole2/macros.ppt \
	tests/fuzz/corpus/ole2/misplaced.doc \
	tests/fuzz/corpus/ole2/object.doc \
	tests/fuzz/corpus/ole2/old.xls \
	tests/fuzz/corpus/ole2/agile.pptx \
	tests/fuzz/corpus/ole2/agile.xlsx \
	tests/fuzz/corpus/ole2/crypto-api.xls \
	tests/fuzz/corpus/ole2/rc4.xls \
	tests/fuzz/corpus/ole2/secret.xls \
	tests/fuzz/corpus/ole2/secret.xlsx \
	tests/fuzz/corpus/ole2/standard.xlsx \
	tests/fuzz/corpus/ole2/sheet.xls \
	tests/fuzz/corpus/ole2/template.doc \
	tests/fuzz/corpus/ole2/unlisted.doc \
	tests/fuzz/corpus/ole2/xlm.xls \
	tests/fuzz/vba.dict \
	tests/fuzz/corpus/vba/long \
	tests/fuzz/corpus/vba/opening \
	tests/fuzz/corpus/vba/quiet \
	tests/fuzz/rtf.dict \
	tests/fuzz/corpus/rtf/binary.rtf \
	tests/fuzz/corpus/rtf/dde.rtf \
	tests/fuzz/corpus/rtf/link.rtf \
	tests/fuzz/corpus/rtf/local.rtf \
	tests/fuzz/corpus/rtf/object.rtf \
	tests/fuzz/corpus/rtf/odd.rtf \
	tests/fuzz/corpus/rtf/template.rtf \
	tests/fuzz/office.dict \
	tests/fuzz/corpus/office/active \
	tests/fuzz/corpus/office/content \
	tests/fuzz/corpus/office/dde \
	tests/fuzz/corpus/office/field-with-nul \
	tests/fuzz/corpus/office/fields \
	tests/fuzz/corpus/office/flat \
	tests/fuzz/corpus/office/link \
	tests/fuzz/corpus/office/manifest \
	tests/fuzz/corpus/office/simple \
	tests/fuzz/corpus/office/template \
	tests/fuzz/corpus/office/types \
	tests/fuzz/corpus/office/workbook \
	tests/fuzz/pdf.dict \
	tests/fuzz/corpus/pdf/aes-128.pdf \
	tests/fuzz/corpus/pdf/aes-256-old.pdf \
	tests/fuzz/corpus/pdf/aes-256.pdf \
	tests/fuzz/corpus/pdf/attached.pdf \
	tests/fuzz/corpus/pdf/encrypted.pdf \
	tests/fuzz/corpus/pdf/hex.pdf \
	tests/fuzz/corpus/pdf/launch.pdf \
	tests/fuzz/corpus/pdf/links.pdf \
	tests/fuzz/corpus/pdf/objects.pdf \
	tests/fuzz/corpus/pdf/password.pdf \
	tests/fuzz/corpus/pdf/plain.pdf \
	tests/fuzz/corpus/pdf/predicted.pdf \
	tests/fuzz/corpus/pdf/rc4-128.pdf \
	tests/fuzz/corpus/pdf/rc4-40.pdf \
	tests/fuzz/corpus/pdf/script-stream.pdf \
	tests/fuzz/corpus/pdf/script.pdf \
	tests/fuzz/cms.dict \
	tests/fuzz/corpus/cms/compressed.der \
	tests/fuzz/corpus/cms/detached.der \
	tests/fuzz/corpus/cms/encrypted.der \
	tests/fuzz/corpus/cms/signed.ber \
	tests/fuzz/corpus/cms/signed.der \
	tests/fuzz/pgp.dict \
	tests/fuzz/corpus/pgp/armored.asc \
	tests/fuzz/corpus/pgp/clear.asc \
	tests/fuzz/corpus/pgp/encrypted.pgp \
	tests/fuzz/corpus/pgp/literal.pgp \
	tests/fuzz/corpus/pgp/packed.pgp \
	tests/fuzz/corpus/pgp/pieces.pgp \
	tests/fuzz/corpus/calendar/invitation.ics \
	tests/fuzz/corpus/onenote/two.one \
	tests/fuzz/corpus/onenote/cut.one \
	tests/fuzz/html_files.dict \
	tests/fuzz/corpus/html_files/blob.html \
	tests/fuzz/corpus/html_files/counter.html \
	tests/fuzz/corpus/html_files/data.html \
	tests/fuzz/corpus/html_files/handler.svg \
	tests/fuzz/corpus/html_files/percent.html \
	tests/fuzz/corpus/html_files/plain.html
TESTS += tests/documents.py
EXTRA_DIST += tests/documents.py
