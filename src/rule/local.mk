noinst_LIBRARIES += src/librule.a
src_librule_a_SOURCES = \
	src/rule/author.c src/rule/author.h \
	src/rule/characters.c src/rule/characters.h \
	src/rule/comparison.c src/rule/comparison.h \
	src/rule/compile.h \
	src/rule/cond_attachment.c \
	src/rule/cond_clamd.c \
	src/rule/cond_envelope.c \
	src/rule/cond_header.c \
	src/rule/cond_logic.c \
	src/rule/cond_message.c \
	src/rule/cond_signature.c \
	src/rule/cond_text.c \
	src/rule/cond_uri.c \
	src/rule/condition.c src/rule/condition.h \
	src/rule/confusables.c src/rule/confusables.h \
	src/rule/css.c src/rule/css.h \
	src/rule/css_colour.c \
	src/rule/css_sheet.c \
	src/rule/database.c src/rule/database.h \
	src/rule/domain.c src/rule/domain.h \
	src/rule/domain_file.c \
	src/rule/evaluate.c src/rule/evaluate.h \
	src/rule/facts.c src/rule/facts.h \
	src/rule/facts_container.c \
	src/rule/facts_database.c \
	src/rule/facts_item.c \
	src/rule/facts_nested.c \
	src/rule/facts_link.c \
	src/rule/facts_text.c \
	src/rule/fold.c src/rule/fold.h \
	src/rule/hiding.c src/rule/hiding.h \
	src/rule/html.c src/rule/html.h \
	src/rule/html_elements.c src/rule/html_elements.h \
	src/rule/html_links.c src/rule/html_links.h \
	src/rule/html_views.c \
	src/rule/item_names.c \
	src/rule/pattern.c src/rule/pattern.h src/rule/preferences.h \
	src/rule/rule_order.c \
	src/rule/rule_read.c \
	src/rule/rule_reply.c \
	src/rule/rule_scratch.c \
	src/rule/ruleset.c src/rule/ruleset.h \
	src/rule/uri.c src/rule/uri.h \
	src/rule/uri_target.c \
	src/rule/value.c \
	src/rule/volume_name.c src/rule/volume_name.h
