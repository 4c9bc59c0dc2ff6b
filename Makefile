# SPDX-License-Identifier: Apache-2.0
# tolltap: what every LLM token on this host costs.
#
#   make            build/tolltap, build/tolltap-dev          make check   no root: unit, corpus, lint, sanitizers
#   make test       check + live + vm (root)                  make live    root: real BPF, real clients (live-all: more)
#   make demo       dependencies, build, the main job         make vm      other kernels in QEMU
#   make bench      what a probe and a byte cost              make fuzz    60 s per parser
# V=1 shows the commands. Everything generated goes to build/.

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PREFIX ?= /usr/local
ARCH ?= $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
VERSION := 0.1.0
B := build
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

PKGS := libbpf libelf libprotobuf-c libnghttp2 zlib libbrotlidec libzstd libcurl libcrypto sqlite3 jansson
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wpointer-arith -Wvla \
	-Wno-unused-parameter -Wno-missing-field-initializers
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -DTOLLTAP_VERSION='"$(VERSION)"' -Iuser -I. -I$(B)/gen
CFLAGS ?= -O2 -g
STD := -std=gnu11 -fno-strict-aliasing -fstack-protector-strong -fPIE $(WARN)
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

SRC := $(sort $(wildcard user/*.c user/*/*.c))
MAINS := user/main.c user/main_dev.c
LIB_SRC := $(filter-out $(MAINS),$(SRC))
BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
CARDS := $(sort $(wildcard ratecards/*.json))
PROTO := $(sort $(wildcard user/sink/proto/opentelemetry/proto/*/v1/*.proto \
	user/sink/proto/opentelemetry/proto/collector/*/v1/*.proto))
UNIT := $(sort $(wildcard tests/unit/*.c tests/unit/*/*.c))
FUZZ := $(sort $(wildcard tests/fuzz/fuzz_*.c))

GEN_SKEL := $(B)/gen/tolltap.skel.h
GEN_CARDS := $(B)/gen/cards_data.c
GEN_PROTO := $(patsubst user/sink/proto/%.proto,$(B)/gen/%.pb-c.c,$(PROTO))
GEN := $(GEN_SKEL) $(GEN_CARDS) $(GEN_PROTO)

# One object tree per way of building: rel (gcc), asan (clang), fuzz (clang + coverage).
obj = $(patsubst %.c,$(B)/$(1)/%.o,$(filter-out $(B)/%,$(2))) $(patsubst $(B)/%.c,$(B)/$(1)/%.o,$(filter $(B)/%,$(2)))
LIB_ALL := $(LIB_SRC) $(GEN_CARDS) $(GEN_PROTO)

.PHONY: all check check-programs unit test live live-all vm bench fuzz lint install uninstall clean deps demo corpus docs bpf-arm64 mutants
all: $(B)/tolltap $(B)/tolltap-dev

# --- generated -------------------------------------------------------------------------------------------------------
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -I. -Ibpf

define bpf_rules
$(B)/bpf/$(1)/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $$(@D)
	$$(call say,BPF,$$@)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(1) -Ivmlinux/$(1) -MMD -MP -MT $$@ -MF $$@.d -c $$< -o $$@
$(B)/bpf/$(1)/tolltap.bpf.o: $(patsubst bpf/%.bpf.c,$(B)/bpf/$(1)/%.bpf.o,$(BPF_SRC))
	$$(call say,LINK,$$@)$(BPFTOOL) gen object $$@ $$^
endef
$(eval $(call bpf_rules,x86))
$(eval $(call bpf_rules,arm64))
bpf-arm64: $(B)/bpf/arm64/tolltap.bpf.o

$(GEN_SKEL): $(B)/bpf/$(ARCH)/tolltap.bpf.o
	@mkdir -p $(@D)
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name tolltap_bpf >$@.tmp && mv $@.tmp $@

$(GEN_CARDS): $(CARDS) tests/lint/embed-cards
	@mkdir -p $(@D)
	$(call say,CARDS,$@)tests/lint/embed-cards $(CARDS) >$@.tmp && mv $@.tmp $@

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h: user/sink/proto/%.proto
	@mkdir -p $(@D)
	$(call say,PROTO,$<)protoc-c --proto_path=user/sink/proto --c_out=$(B)/gen $<

# --- objects ---------------------------------------------------------------------------------------------------------
define compile_rules
$(B)/$(1)/gen/%.o: $(B)/gen/%.c | $(GEN)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$(2) $$(CPPFLAGS) $$(PKG_CFLAGS) -std=gnu11 -fPIE $(3) -w -c $$< -o $$@
$(B)/$(1)/%.o: %.c | $(GEN)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$(2) $$(CPPFLAGS) $$(PKG_CFLAGS) $$(STD) $(3) -Itests/unit -MMD -MP -c $$< -o $$@
endef
$(eval $(call compile_rules,rel,$(CC),$(CFLAGS)))
$(eval $(call compile_rules,asan,$(CLANG),-O1 -g $(SAN)))
$(eval $(call compile_rules,fuzz,$(CLANG),-O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping $(SAN)))

$(B)/%/libtolltap.a:
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $(filter %.o,$^)
$(foreach v,rel asan fuzz,$(eval $(B)/$(v)/libtolltap.a: $(call obj,$(v),$(LIB_ALL))))

$(B)/tolltap: $(B)/rel/user/main.o $(B)/rel/libtolltap.a
	$(call say,LD,$@)$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $^ $(LDFLAGS) $(PKG_LIBS) -o $@
$(B)/tolltap-dev: $(B)/rel/user/main_dev.o $(B)/rel/libtolltap.a
	$(call say,LD,$@)$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $^ $(LDFLAGS) $(PKG_LIBS) -o $@
$(B)/asan/tolltap-dev: $(B)/asan/user/main_dev.o $(B)/asan/libtolltap.a
	$(call say,LD,$@)$(CLANG) $(SAN) $^ $(LDFLAGS) $(PKG_LIBS) -o $@

# --- tests -----------------------------------------------------------------------------------------------------------
# tests/unit/ROOM/test_X.c is one program; tests/unit/ROOM/X.c without the prefix is shared by all.
UNIT_MAIN := $(filter tests/unit/%,$(foreach f,$(UNIT),$(if $(filter test_%,$(notdir $(f))),$(f))))
UNIT_LIB := $(filter-out $(UNIT_MAIN),$(UNIT))
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_MAIN))
$(B)/unit/%: $(B)/asan/tests/unit/%.o $(call obj,asan,$(UNIT_LIB)) $(B)/asan/libtolltap.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CLANG) $(SAN) $^ $(LDFLAGS) -lcmocka $(PKG_LIBS) -o $@
# these make every allocation fail once
$(B)/unit/%/test_alloc: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
$(B)/fuzz/bin/%: $(B)/fuzz/tests/fuzz/%.o $(B)/fuzz/libtolltap.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CLANG) -fsanitize=fuzzer -fprofile-instr-generate $(SAN) $^ $(LDFLAGS) $(PKG_LIBS) -o $@
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/fuzz/bin/%,$(FUZZ))

unit: $(UNIT_BIN)
	$(Q)tests/run-unit $(UNIT_BIN)
corpus: all $(B)/asan/tolltap-dev
	$(Q)tests/run-corpus
# all that check runs, so that -j builds it
check-programs: all bpf-arm64 $(B)/asan/tolltap-dev $(UNIT_BIN) $(FUZZ_BIN)
check: check-programs unit lint
	$(Q)tests/run-docs
	$(Q)tests/run-fuzz --replay $(FUZZ_BIN)
	$(Q)tests/fuzz/planted/run
	$(Q)tests/run-corpus
live: all
	$(Q)tests/live/run
live-all: all
	$(Q)tests/install-deps --wide
	$(Q)tests/live/run -m "wide or not wide"
vm: all
	$(Q)tests/vm/run
test: check live vm
fuzz: $(FUZZ_BIN)
	$(Q)tests/run-fuzz $(FUZZ_BIN)
bench: all
	$(Q)tests/bench/run
lint:
	$(Q)tests/lint/run
mutants: all
	$(Q)tests/run-mutants

# --- people ----------------------------------------------------------------------------------------------------------
deps:
	$(Q)tests/install-deps
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/live/demo
install: all
	install -D -m 755 $(B)/tolltap $(DESTDIR)$(PREFIX)/bin/tolltap
	install -D -m 644 docs/tolltap.1 $(DESTDIR)$(PREFIX)/share/man/man1/tolltap.1
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tolltap $(DESTDIR)$(PREFIX)/share/man/man1/tolltap.1
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.DELETE_ON_ERROR:
.SECONDARY:
