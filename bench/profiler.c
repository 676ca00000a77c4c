// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU's TCG: which code a guest with one processor executes between two
 * marks (mark.h), where each piece was entered from, and what it stores to memory of
 * devices. For each operation that was marked it writes
 *
 *   record RUNS
 *   FROM TO INSTRUCTIONS TIMES STORED-BYTES
 *
 * a line for each way into a block of code, by the addresses (hexadecimal) of the blocks;
 * 0 is all of user space.
 *
 * arguments: out=FILE,ram=BYTES
 *
 * BYTES is the guest's memory, which QEMU has in front of all that devices have.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "tcg_plugin.h"

#define EDGES (1u << 18)

struct block {
	uint64_t address;
	size_t insns;
};

/* A way into a block; free when times is 0. */
struct edge {
	uint64_t from;
	uint64_t to;
	uint64_t insns;
	uint64_t times;
	uint64_t stored_bytes;
};

int qemu_plugin_version = TCG_PLUGIN_VERSION;

static FILE *out;
static uint64_t ram_bytes;

static bool active;
static uint64_t runs;
static struct edge edges[EDGES];
static struct edge *last_edge; /* while active; NULL: no block since it is */

/* Marks ------------------------------------------------------------------------- */

static void on_begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	active = true;
	last_edge = NULL;
	runs++;
}

static void on_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	active = false;
}

static void on_forget(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	memset(edges, 0, sizeof(edges));
	runs = 0;
}

static void on_record(unsigned int cpu, void *data)
{
	fprintf(out, "record %" PRIu64 "\n", runs);
	for (struct edge *edge = edges; edge < edges + EDGES; edge++) {
		if (edge->times)
			fprintf(out,
				"%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64
				" %" PRIu64 "\n",
				edge->from, edge->to, edge->insns, edge->times,
				edge->stored_bytes);
	}
	fflush(out);
	on_forget(cpu, data);
}

/* The number of the mark that @insn is; 0 when it is none. */
static uint8_t mark_of(const struct qemu_plugin_insn *insn)
{
	const char *bytes = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != 7 || memcmp(bytes, MARK_OPCODE, 3) ||
	    memcmp(bytes + 4, MARK_TAG, 3))
		return 0;
	return (uint8_t)bytes[3];
}

static void watch_mark(struct qemu_plugin_insn *insn)
{
	static void (*const marks[MARKS])(unsigned int cpu, void *data) = {
		on_begin, on_end, on_forget, on_record
	};
	uint8_t mark = mark_of(insn);

	if (mark && mark <= MARKS)
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, marks[mark - 1], TCG_PLUGIN_NO_REGISTERS, NULL);
}

/* Execution and stores ------------------------------------------------------------ */

static struct edge *find_edge(uint64_t from, uint64_t to)
{
	uint64_t hash = (from * 31 + to) * 0x9e3779b97f4a7c15u;

	for (uint32_t i = 0; i < EDGES; i++) {
		struct edge *edge = &edges[((hash >> 40) + i) % EDGES];

		if (!edge->times || (edge->from == from && edge->to == to))
			return edge;
	}
	fprintf(stderr, "profiler: more than %u ways into blocks\n", EDGES);
	exit(1);
}

static void on_block(unsigned int cpu, void *data)
{
	const struct block *block = data;
	uint64_t from = last_edge ? last_edge->to : 0;

	(void)cpu;
	if (!active)
		return;
	last_edge = find_edge(from, block->address);
	last_edge->from = from;
	last_edge->to = block->address;
	last_edge->insns += block->insns;
	last_edge->times++;
}

/* QEMU 7.2 asks about loads, too, of instructions that do both, as those of strings do. */
static void on_access(unsigned int cpu, uint32_t info, uint64_t address,
		      void *data)
{
	const struct qemu_plugin_hwaddr *where;

	(void)cpu;
	(void)data;
	if (!active || !last_edge || !qemu_plugin_mem_is_store(info))
		return;
	where = qemu_plugin_get_hwaddr(info, address);
	if (where && !qemu_plugin_hwaddr_is_io(where) &&
	    qemu_plugin_hwaddr_phys_addr(where) >= ram_bytes)
		last_edge->stored_bytes += 1u
					   << qemu_plugin_mem_size_shift(info);
}

/* 0 for what is in the lower half of addresses, which processes have for themselves. */
static uint64_t kernel_address(uint64_t address)
{
	return address >> 63 ? address : 0;
}

/* Blocks may be executed for as long as QEMU runs: they are never freed. */
static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = malloc(sizeof(*block));
	size_t insns = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (!block)
		abort();
	block->address = kernel_address(
		qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)));
	block->insns = insns;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block,
					     TCG_PLUGIN_NO_REGISTERS, block);
	for (size_t i = 0; i < insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		watch_mark(insn);
		qemu_plugin_register_vcpu_mem_cb(insn, on_access,
						 TCG_PLUGIN_NO_REGISTERS,
						 TCG_PLUGIN_STORES, NULL);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "ram=", 4))
			ram_bytes = strtoull(argv[i] + 4, NULL, 0);
	}
	if (!out || !ram_bytes) {
		fprintf(stderr, "profiler: usage: out=FILE,ram=BYTES\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
