# imgpipe. `make help` lists the targets.
#
# Each variant (release, asan, tsan, fuzz) has its own tree build/VARIANT and
# shares no object with another. A tree is laid out as an installation is:
# bin/imgpipe finds ../lib/imgpipe/pixels.so beside it.

VERSION := 0.1.0
VARIANT ?= release
B := build/$(VARIANT)

PREFIX ?= /usr/local
DESTDIR ?=

# V=1 shows the commands.
Q := $(if $(V),,@)
SUBMAKE = $(MAKE) --no-print-directory -j$(shell nproc)

# --- Debian packages, named here and nowhere else -----------------------------

# To build and run. The font is what a watermark is drawn with.
DEPS_BUILD := gcc make pkg-config libc6-dev libvips-dev libpango1.0-dev \
	libexif-dev libheif-dev libde265-dev libdav1d-dev libaom-dev \
	zlib1g-dev libjpeg-dev libwebp-dev libsqlite3-dev libssl-dev libglib2.0-dev \
	libcurl4-openssl-dev libexpat1-dev libpcre2-dev libjansson-dev libsodium-dev \
	fonts-dejavu-core
# To test: judges that share no code with imgpipe.
DEPS_CHECK := libcriterion-dev python3 libimage-exiftool-perl \
	libjpeg-turbo-progs pngcheck libvips-tools webp gifsicle libtiff-tools \
	libheif-examples libavif-bin ffmpeg imagemagick sqlite3 man-db time \
	libarchive-tools openssl dcmtk python3-pydicom \
	libgdcm-tools dicom3tools
# To test against a real store: Ceph's, in memory.
DEPS_S3 := ceph-mon ceph-osd ceph-common radosgw curl faketime
# For the developers' targets: lint, format, asan, tsan, fuzz, bench.
DEPS_DEV := clang clang-format cppcheck valgrind libclang-rt-dev \
	exiv2 jpegoptim mat2 strace

# --- Flags ---------------------------------------------------------------------

PKGS := libexif zlib libjpeg libwebp sqlite3 libcrypto glib-2.0 expat \
	libpcre2-8 jansson libsodium
PKGS_HTTP := libcurl libssl
PKGS_PIXELS := vips pangocairo libheif libde265 dav1d aom

# A row of a table may end where the rest of it is 0.
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla \
	-Wno-missing-field-initializers
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -DIMP_VERSION='"$(VERSION)"' -Ilib \
	-fPIC -fvisibility=hidden -g $(WARN)
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
HARDEN_LD := -Wl,-z,relro,-z,now -Wl,--as-needed

ifeq ($(VARIANT),release)
VARIANT_CFLAGS := -O2 $(HARDEN)
else ifeq ($(VARIANT),asan)
VARIANT_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
else ifeq ($(VARIANT),tsan)
VARIANT_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=thread
else ifeq ($(VARIANT),fuzz)
CC := clang
VARIANT_CFLAGS := -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
else
$(error VARIANT=$(VARIANT): want release, asan, tsan or fuzz)
endif

# Looked up only when something is compiled: `make deps` runs without them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
VIPS_CFLAGS = $(eval VIPS_CFLAGS := $$(shell pkg-config --cflags $(PKGS_PIXELS)))$(VIPS_CFLAGS)
VIPS_LIBS = $(eval VIPS_LIBS := $$(shell pkg-config --libs $(PKGS_PIXELS)))$(VIPS_LIBS)
HTTP_CFLAGS = $(eval HTTP_CFLAGS := $$(shell pkg-config --cflags $(PKGS_HTTP)))$(HTTP_CFLAGS)
HTTP_LIBS = $(eval HTTP_LIBS := $$(shell pkg-config --libs $(PKGS_HTTP)))$(HTTP_LIBS)
CRITERION_LIBS = $(eval CRITERION_LIBS := $$(shell pkg-config --libs criterion))$(CRITERION_LIBS)

ALL_CFLAGS = $(BASE_CFLAGS) $(VARIANT_CFLAGS) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie $(HARDEN_LD) $(VARIANT_CFLAGS) $(LDFLAGS)
LINK = $(Q)echo "  link  $@" && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(MORE_LIBS) -pthread -ldl -lm
LINK_SO = $(Q)echo "  link  $@" && $(CC) -shared $(HARDEN_LD) $(VARIANT_CFLAGS) $(LDFLAGS) -o $@ $^

# --- What is built from what: wildcards, so that a new file needs no line --------

LIB_SRC := $(wildcard lib/*/*.c)
PIXELS_SRC := $(wildcard lib/mark/vips/*.c)
HTTP_SRC := $(wildcard lib/net/curl/*.c)
CLI_SRC := $(wildcard cli/*.c)
UNIT_MODULES := $(notdir $(wildcard tests/unit/*))
STRESS_SRC := $(wildcard tests/stress/*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
JUDGE_SRC := $(wildcard tests/judge/*.c)
TELLER_SRC := $(wildcard tests/lib/tell_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
SHIM_SRC := $(wildcard tests/fault/*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB := $(B)/obj/libimgpipe.a
BIN := $(B)/bin/imgpipe
PIXELS := $(B)/lib/imgpipe/pixels.so
HTTP := $(B)/lib/imgpipe/http.so
UNITS := $(UNIT_MODULES:%=$(B)/bin/unit-%)
STRESSES := $(patsubst tests/stress/%.c,$(B)/bin/stress-%,$(STRESS_SRC))
BENCHES := $(patsubst tests/bench/%.c,$(B)/bin/%,$(BENCH_SRC))
JUDGES := $(patsubst tests/judge/%.c,$(B)/bin/%,$(JUDGE_SRC))
TELLERS := $(patsubst tests/lib/%.c,$(B)/bin/%,$(TELLER_SRC))
SHIM := $(B)/lib/fault-shim.so
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/bin/%,$(FUZZ_SRC))

.PHONY: all check check-s3 demo deps install uninstall lint format asan tsan \
	fuzz bench torture clean help build-all run-check run-check-s3 run-asan \
	run-tsan run-fuzz run-bench
.DEFAULT_GOAL := all
.SECONDARY:

all: $(BIN) $(PIXELS) $(HTTP) ## build imgpipe

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/lib/mark/vips/%.o: ALL_CFLAGS += $(VIPS_CFLAGS)
$(B)/obj/lib/net/curl/%.o: ALL_CFLAGS += $(HTTP_CFLAGS)

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BIN): $(call obj,$(CLI_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(LINK)

# Loaded when they are needed. All that decodes pixels: libvips and what it
# brings take 80 ms to load. All that speaks HTTP: libcurl takes 4 ms, and the
# rest of the program 2.5.
$(PIXELS): $(call obj,$(PIXELS_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(LINK_SO) $(VIPS_LIBS) $(PKG_LIBS) -pthread -lm

$(HTTP): $(call obj,$(HTTP_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(LINK_SO) $(HTTP_LIBS) $(PKG_LIBS) -pthread -lm

define UNIT_RULE
$(B)/bin/unit-$(1): $(call obj,$(wildcard tests/unit/$(1)/*.c)) $(LIB)
	@mkdir -p $$(@D)
	$$(LINK) $$(CRITERION_LIBS)
endef
$(foreach m,$(UNIT_MODULES),$(eval $(call UNIT_RULE,$(m))))

$(B)/bin/stress-%: $(B)/obj/tests/stress/%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK)

$(B)/bin/judge_%: $(B)/obj/tests/judge/judge_%.o
	@mkdir -p $(@D)
	$(LINK)

# What a part of the library says, for a judge to compare.
$(B)/bin/tell_%: $(B)/obj/tests/lib/tell_%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK)

# Put before imgpipe by LD_PRELOAD, so it stays free of the sanitizers.
$(SHIM): VARIANT_CFLAGS := -O2
$(SHIM): $(call obj,$(SHIM_SRC))
	@mkdir -p $(@D)
	$(Q)echo "  link  $@" && $(CC) -shared $(LDFLAGS) -o $@ $^ -ldl -pthread

# A contestant, which uses libvips itself.
$(B)/obj/tests/bench/bench_vips.o: ALL_CFLAGS += $(VIPS_CFLAGS)
$(B)/bin/bench_vips: MORE_LIBS = $(VIPS_LIBS)

$(B)/bin/bench_%: $(B)/obj/tests/bench/bench_%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK)

# Preloaded by a bench.
$(B)/lib/nosync.so: tests/bench/preload/nosync.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) -shared -o $@ $<

# The codec alone of the pixel library, and libwebp's demultiplexer as a judge.
$(B)/bin/fuzz_webp_mark: $(B)/obj/lib/mark/vips/codec_webp.o
$(B)/bin/fuzz_webp_mark: MORE_LIBS = -lwebpdemux

$(B)/bin/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(LIB)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- Setting up -------------------------------------------------------------------

# $(call install_deps,PACKAGES): apt-get only if something is missing.
define install_deps
	@missing=$$(for p in $(1); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
			grep -q 'ok installed' || echo $$p; done); \
	[ -z "$$missing" ] && exit 0; \
	echo "installing:" $$missing; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get -qq update && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends $$missing >/dev/null
endef

deps: ## install every Debian package that a target here needs (check-s3: its own)
	$(call install_deps,$(DEPS_BUILD) $(DEPS_CHECK) $(DEPS_DEV))

deps-build:
	$(call install_deps,$(DEPS_BUILD))

deps-check:
	$(call install_deps,$(DEPS_BUILD) $(DEPS_CHECK))

# --- Running ------------------------------------------------------------------------

demo: deps-build ## set up, build, run the main job on samples/uploads
	@$(SUBMAKE) all
	@samples/demo.sh $(BIN)

check: deps-check ## set up, build, pass all tests
	@$(SUBMAKE) run-check

build-all: all $(UNITS) $(STRESSES) $(JUDGES) $(TELLERS) $(SHIM)

# AddressSanitizer must abort: a test program that Criterion forked would
# otherwise count a leak as passed.
SAN_ENV := ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:intercept_tls_get_addr=0:allocator_may_return_null=1 \
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	UBSAN_OPTIONS=print_stacktrace=1

check-s3: deps-check ## all tests that need an S3 store, against a Ceph gateway
	$(call install_deps,$(DEPS_S3))
	@$(SUBMAKE) run-check-s3

run-check-s3: all
	@tests/s3.sh $(B)

run-check: build-all
	@tests/run.sh $(B)

asan: deps ## all tests under AddressSanitizer and UBSan
	@$(SAN_ENV) $(SUBMAKE) VARIANT=asan run-check

tsan: deps ## stress programs under ThreadSanitizer and DRD
	@$(SUBMAKE) VARIANT=tsan run-tsan
	@$(SUBMAKE) VARIANT=release run-drd

run-tsan: $(STRESSES)
	@tests/stress.sh $(B) tsan

run-drd: $(STRESSES)
	@tests/stress.sh $(B) drd

fuzz: deps ## each fuzz target for a minute (FUZZ_SECONDS=60)
	@$(SUBMAKE) VARIANT=fuzz run-fuzz

run-fuzz: $(FUZZERS) $(PIXELS)
	@tests/fuzz.sh $(B)

torture: deps ## every kill and every fault in full, in all targets
	@$(SUBMAKE) VARIANT=release build-all
	@tests/torture.sh build/release

bench: deps ## measure against copying and against other tools
	@$(SUBMAKE) VARIANT=release run-bench

run-bench: all $(BENCHES) $(B)/lib/nosync.so
	@tests/bench.sh $(B)

lint: deps ## format, warnings of gcc and clang, cppcheck, module order, man page
	@$(SUBMAKE) all
	@tests/lint.sh $(B) \
		'$(filter-out -DIMP_VERSION%,$(BASE_CFLAGS)) $(HARDEN) -O2' '$(PKGS) $(PKGS_PIXELS) $(PKGS_HTTP)'

format: ## rewrite the sources as .clang-format says
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

# --- Installing -----------------------------------------------------------------------

install: all ## into DESTDIR and PREFIX (default /usr/local)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/imgpipe
	for so in $(PIXELS) $(HTTP); do \
		install -D -m 644 $$so $(DESTDIR)$(PREFIX)/lib/imgpipe/$${so##*/}; \
	done
	for page in man/*.[1-9]; do \
		install -D -m 644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/imgpipe
	rm -f $(patsubst %,$(DESTDIR)$(PREFIX)/lib/imgpipe/%,$(notdir $(PIXELS) $(HTTP)))
	-rmdir $(DESTDIR)$(PREFIX)/lib/imgpipe
	for page in man/*.[1-9]; do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14
