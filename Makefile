# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BUILD ?= build
MOUNT ?= /mnt/maps
# The one place of the version: the changelog of the package.
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' scripts/debian/changelog)
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
Q := $(if $(V),,@)

# How it is compiled. SANITIZE=address,undefined and WERROR=1 are for the checks.

OPTIMIZE := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
ifdef SANITIZE
OPTIMIZE := -O1 -DSANITIZED -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
# As shared libraries, gcc's two share no log: what a daemon's ubsan says would be lost.
RUNTIME := $(if $(findstring clang,$(CC))$(findstring thread,$(SANITIZE)),,-static-libasan -static-libubsan)
endif
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wvla
FLAGS := -std=gnu11 -g -pthread -fPIE $(OPTIMIZE) $(WARNINGS) $(if $(WERROR),-Werror)
FLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(CPPFLAGS) $(CFLAGS)
LINK := $(CC) -pthread -pie $(OPTIMIZE) $(RUNTIME) -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS = $(shell pkg-config --libs fuse3 libbpf libxxhash libseccomp libcap-ng)
BPF_FLAGS = -target bpf -mcpu=v3 -O2 -g -Wall -I. -I/usr/include/$(shell gcc -print-multiarch) $(BPF_CFLAGS)

LIB := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard lib/*.c)))
FS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out fs/main.c,$(wildcard fs/*.c)))

# Tests. Unit tests meet a fake in place of lib/sys.o; the contract suite meets both.

T := $(BUILD)/tests
UNIT := $(patsubst tests/unit/%.c,$T/%,$(wildcard tests/unit/test_*.c))
FAILURES := $(filter $T/test_failures%,$(UNIT))
THREADS := $(patsubst tests/unit/%.c,$T/%,$(shell grep -lE 'pthread|handoff|bulk|park|stream' tests/unit/test_*.c))
KERNEL := $(patsubst tests/unit/%.c,$T/%_kernel,$(wildcard tests/unit/test_contract.c))
HELPERS := $(notdir $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))
FAKE := $(patsubst %.c,$T/unit/%.o,$(HELPERS))
REAL := $(patsubst %.c,$T/kernel/%.o,$(filter-out fake_sys.c,$(HELPERS)))
LIVE := $(wildcard tests/live/*.bats)
LIVE_BPF := $(patsubst tests/live/%.c,$T/%.o,$(wildcard tests/live/*.bpf.c))
LIVE_C := $(patsubst tests/live/%.c,$T/%,$(filter-out %.bpf.c,$(wildcard tests/live/*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$T/%,$(wildcard tests/fuzz/fuzz_*.c))
SOAK := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/soak/*.c))
PROMISES := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/fuzz/fuzz_% tests/fuzz/fuse_%,$(wildcard tests/fuzz/*.c)))
FUZZ_FUSE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/fuse_*.c))
BENCH_C := $(patsubst tests/bench/%.c,$T/%,$(wildcard tests/bench/*.c))

.PHONY: all tests fuzzers benches run demo stop install uninstall deb check check-asan check-tsan check-threads \
	soak fuzz bench lint format deps deps-check clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BUILD)/bpfmapfs ## build build/bpfmapfs (CC=clang BUILD=build/clang for another)

tests: all $(UNIT) $(KERNEL) $(LIVE_BPF) $(LIVE_C) $T/mixed $(BUILD)/demo.bpf.o ## build everything the tests need

fuzzers: $(FUZZ)

benches: $(BENCH_C)

run: deps ## build and mount at /mnt/maps (MOUNT=DIR, OPTS='-o ro' for the daemon)
	$(Q)$(MAKE) all
	$(Q)scripts/run

demo: ## a tour of two minutes: a firewall for XDP, and its maps as files (DEMO_PAUSE=SECONDS)
	$(Q)scripts/deps build demo
	$(Q)$(MAKE) all $(BUILD)/demo.bpf.o
	$(Q)scripts/demo

stop: ## unmount what make run has mounted
	$(Q)scripts/stop

install: ## install below PREFIX=/usr/local (DESTDIR=DIR, sbindir= mandir= unitdir= ... for others)
	$(Q)test -x $(BUILD)/bpfmapfs || scripts/deps build
	$(Q)$(MAKE) all
	$(Q)scripts/install install

uninstall: ## remove what make install has installed
	$(Q)scripts/install uninstall

deb: ## build a Debian package, build/bpfmapfs_VERSION_ARCH.deb
	$(Q)scripts/deps build deb
	$(Q)scripts/deb

# Not for check-asan: the fuzzers have sanitizers of their own.
MINUTE = $(MAKE) fuzz FUZZ_S=7 FUZZ_SEED=1

check: deps-check ## run all tests, and the fuzzers for a minute (TESTS='name ...' for some tests)
	$(Q)$(MAKE) tests
	$(Q)scripts/check $(UNIT) $(KERNEL) $(LIVE)
	$(Q)$(if $(TESTS)$(SANITIZE),,$(MINUTE))

check-asan: ## the tests with address and undefined behaviour sanitizers
	$(Q)$(MAKE) check BUILD=build/asan SANITIZE=address,undefined

check-tsan: ## unit tests that have threads, and a mixed load, with the thread sanitizer
	$(Q)$(MAKE) check-threads BUILD=build/tsan SANITIZE=thread

check-threads: deps-check
	$(Q)$(MAKE) all $(THREADS) $T/mixed
	$(Q)scripts/check $(THREADS) tests/live/mixed.bats

soak: ## twenty processes doing everything for SOAK_S=600 seconds (SOAK_P=20, SOAK_SEED=N)
	$(Q)$(MAKE) all $T/mixed
	$(Q)scripts/soak

fuzz: ## feed random input to the parsers (FUZZ_S=60 seconds each, TESTS='name ...' for some)
	$(Q)scripts/deps build fuzz
	$(Q)$(MAKE) fuzzers BUILD=build/fuzz CC=$(CLANG) SANITIZE=fuzzer-no-link,address,undefined
	$(Q)scripts/fuzz

bench: ## measure, beside what others do, for minutes (BENCH='name ...' for some, N=1000000 entries)
	$(Q)scripts/deps build bench
	$(Q)$(MAKE) all benches
	$(Q)scripts/bench

lint: deps-check ## check format, scripts, include order, sizes, banned calls
	$(Q)scripts/lint

format: deps-check ## let clang-format rewrite the sources
	$(Q)find fs lib scripts tests -name '*.[ch]' -exec clang-format -i {} +

deps: ## install what building and running need
	$(Q)scripts/deps build

deps-check: ## install what the checks need as well
	$(Q)scripts/deps build demo deb check

clean: ## remove build/
	rm -rf build $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

run demo stop install deb check check-threads soak bench: export BUILD := $(BUILD)
run stop: export MOUNT := $(MOUNT)
run: export OPTS := $(OPTS)
check check-threads soak: export SANITIZE := $(SANITIZE)
check check-threads fuzz: export TESTS := $(TESTS)
soak: export SOAK_S := $(SOAK_S)
soak: export SOAK_P := $(SOAK_P)
check check-threads soak: export SOAK_SEED := $(SOAK_SEED)
fuzz: export FUZZ_S := $(FUZZ_S)
fuzz: export FUZZ_SEED := $(FUZZ_SEED)
bench: export BENCH := $(BENCH)
bench: export N := $(N)

# Files that change when the flags or the set of sources do.

define record
@mkdir -p $(@D); echo '$1' | cmp -s - $@ || echo '$1' > $@
endef

$(BUILD)/.flags: FORCE
	$(call record,$(CC) $(FLAGS) $(LINK))

$(BUILD)/.sources: FORCE
	$(call record,$(LIB) $(FS) $(HELPERS))

$(BUILD)/lib/mapiter.o: INCLUDES = -I$(BUILD)
$(BUILD)/lib/mapiter.o: $(BUILD)/lib/mapiter.skel.h
$(BUILD)/fs/%.o $T/%.o: INCLUDES = $(shell pkg-config --cflags fuse3)
$(BUILD)/fs/main.o: INCLUDES = $(shell pkg-config --cflags fuse3) -DVERSION='"$(VERSION)"'
$(BUILD)/fs/main.o: scripts/debian/changelog

define compile
$(if $(Q),@echo '  CC  $@')
@mkdir -p $(@D)
$(Q)$(CC) $(FLAGS) $(INCLUDES) $1 -MMD -MP -c -o $@ $<
endef

define archive
$(if $(Q),@echo '  AR  $@')
@mkdir -p $(@D) && rm -f $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef

define link
$(if $(Q),@echo '  LD  $@')
$(Q)$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $1 $(LIBS)
endef

$(BUILD)/%.o: %.c $(BUILD)/.flags
	$(call compile)

$T/kernel/%.o: tests/unit/%.c $(BUILD)/.flags
	$(call compile,-DREAL_KERNEL)

define compile_bpf
$(if $(Q),@echo '  BPF $@')
@mkdir -p $(@D)
$(Q)$(CLANG) $(BPF_FLAGS) $1 -MMD -MP -c -o $@ $<
endef

$T/%.bpf.o: tests/live/%.bpf.c $(BUILD)/.flags
	$(call compile_bpf)

$(BUILD)/demo.bpf.o: scripts/demo.bpf.c $(BUILD)/.flags
	$(call compile_bpf)

$(BUILD)/lib/%.bpf.o: lib/%.bpf.c $(BUILD)/.flags
	$(call compile_bpf,-ffreestanding)

$(BUILD)/lib/%.skel.h: $(BUILD)/lib/%.bpf.o
	$(if $(Q),@echo '  GEN $@')
	$(Q)PATH="$$PATH:/usr/sbin" bpftool gen skeleton $< >$@

$(BUILD)/libbpfmaps.a: $(LIB) $(BUILD)/.sources
	$(call archive)

$(BUILD)/libfs.a: $(FS) $(BUILD)/.sources
	$(call archive)

$T/libfake.a: $(FAKE) $(BUILD)/.sources
	$(call archive)

$T/libreal.a: $(REAL) $(BUILD)/.sources
	$(call archive)

$(BUILD)/bpfmapfs: $(BUILD)/fs/main.o $(BUILD)/libfs.a $(BUILD)/libbpfmaps.a
	$(call link)

$(filter-out $(FAILURES),$(UNIT)): $T/%: $T/unit/%.o $(filter-out %/lib/sys.o,$(LIB)) $(BUILD)/libfs.a $T/libfake.a
	$(call link,-lcmocka)

# lib and fs, in which malloc is called failing_malloc, and so on for each of fail_calls.c.
$T/failing.calls: $T/unit/fail_calls.o
	$(Q)nm -g --defined-only $< | sed -n 's/.* T failing_\(.*\)/\1 failing_\1/p' >$@

$T/libfailing.a: $(filter-out %/lib/sys.o,$(LIB)) $(FS) $(BUILD)/.sources $T/failing.calls
	$(call archive)
	$(Q)objcopy --redefine-syms=$T/failing.calls $@

$(FAILURES): $T/%: $T/unit/%.o $T/libfailing.a $T/libfake.a
	$(call link,-lcmocka)

$(KERNEL): $T/%_kernel: $T/kernel/%.o $(LIB) $(BUILD)/libfs.a $T/libreal.a
	$(call link,-lcmocka)

$(LIVE_C): $T/%: $T/live/%.o $(BUILD)/libbpfmaps.a
	$(call link)

$T/mixed: $(SOAK)
	$(call link)

$T/fuzz_mounts: NEEDS := -Wl,--wrap=fopen64
$(filter-out %/fuzz_fuse,$(FUZZ)): $T/%: $T/fuzz/%.o $(PROMISES) $(BUILD)/libbpfmaps.a
	$(call link,-fsanitize=fuzzer $(NEEDS))

# Requests come to the whole of fs over the fake kernel, and to the clock of fuse_clock.c.
$T/fuzz_fuse: NEEDS := -Wl,--wrap=clock_gettime,--wrap=time,--wrap=nanosleep,--wrap=pthread_cond_timedwait
$T/fuzz_fuse: NEEDS += -Wl,--wrap=fopen64,--wrap=opendir -lcmocka -fsanitize=fuzzer
$T/fuzz_fuse: $T/fuzz/fuzz_fuse.o $(FUZZ_FUSE) $(PROMISES) $(filter-out %/lib/sys.o,$(LIB)) \
		$(BUILD)/libfs.a $T/libfake.a
	$(call link,$(NEEDS))

$T/bench_codec: NEEDS := -ljson-c -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(BENCH_C): $T/%: $T/bench/%.o $(BUILD)/libbpfmaps.a
	$(call link,$(NEEDS))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
