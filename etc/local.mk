# Example configuration, rules, man pages, the systemd unit.
#
# A configuration that is there already is never touched; the new one lies in
# $(docdir).
gatepostconfdir = $(sysconfdir)/gatepost
rulesdir = $(pkgdatadir)/rules
dist_rules_DATA = rules/attachments.yaml rules/malformed.yaml rules/spam.yaml rules/viruses.yaml
dist_man_MANS = man/gatepost.1 man/gatepost.yaml.5 man/gatepost-rules.5
doc_DATA = etc/gatepost.yaml

if HAVE_SYSTEMD_UNIT
systemdsystemunit_DATA = etc/gatepost.service etc/gatepost.socket
sysusersdir = $(prefix)/lib/sysusers.d
install-data-hook: install-sysusers
endif

# systemd-sysusers wants the name of the package, with .conf behind it.
install-sysusers:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)'
	$(INSTALL_DATA) '$(top_srcdir)/etc/gatepost.sysusers' '$(DESTDIR)$(sysusersdir)/gatepost.conf'

install-data-local: etc/gatepost.yaml
	$(MKDIR_P) '$(DESTDIR)$(gatepostconfdir)' '$(DESTDIR)$(localstatedir)/lib/gatepost'
	test -e '$(DESTDIR)$(gatepostconfdir)/gatepost.yaml' || \
		$(INSTALL_DATA) etc/gatepost.yaml '$(DESTDIR)$(gatepostconfdir)/gatepost.yaml'

# One that was edited stays, as one that was there before.
uninstall-local:
	if cmp -s etc/gatepost.yaml '$(DESTDIR)$(gatepostconfdir)/gatepost.yaml'; then \
		rm -f '$(DESTDIR)$(gatepostconfdir)/gatepost.yaml'; fi
	test -z '$(sysusersdir)' || rm -f '$(DESTDIR)$(sysusersdir)/gatepost.conf'

EDIT = $(SED) -e 's,@bindir\@,$(bindir),g' -e 's,@pkgdatadir\@,$(pkgdatadir),g' \
	-e 's,@localstatedir\@,$(localstatedir),g'

etc/gatepost.yaml: $(srcdir)/etc/gatepost.yaml.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(EDIT) '$(srcdir)/etc/gatepost.yaml.in' >$@.tmp && mv $@.tmp $@

etc/gatepost.service: $(srcdir)/etc/gatepost.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(EDIT) '$(srcdir)/etc/gatepost.service.in' >$@.tmp && mv $@.tmp $@

.PHONY: install-sysusers
EXTRA_DIST += etc/gatepost.yaml.in etc/gatepost.service.in etc/gatepost.socket etc/gatepost.sysusers
CLEANFILES += etc/gatepost.yaml etc/gatepost.service
