/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the profiler uses of the interface to QEMU's TCG plugins, version 1 (QEMU 4.2
 * to 8.2). Debian 12 has QEMU 7.2, and no package with its header.
 */
#ifndef TCG_PLUGIN_H
#define TCG_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCG_PLUGIN_VERSION 1

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

/* Whether a callback reads the processor's registers: none does. */
enum tcg_plugin_registers { TCG_PLUGIN_NO_REGISTERS };
enum tcg_plugin_access { TCG_PLUGIN_STORES = 2 };

/* Exported by the plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(
	struct qemu_plugin_tb *tb,
	void (*executed)(unsigned int cpu, void *data),
	enum tcg_plugin_registers registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(
	struct qemu_plugin_insn *insn,
	void (*executed)(unsigned int cpu, void *data),
	enum tcg_plugin_registers registers, void *data);
void qemu_plugin_register_vcpu_mem_cb(
	struct qemu_plugin_insn *insn,
	void (*accessed)(unsigned int cpu, uint32_t info, uint64_t address,
			 void *data),
	enum tcg_plugin_registers registers, enum tcg_plugin_access access,
	void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

/* Only inside of an access's callback. */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info,
						  uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);
bool qemu_plugin_mem_is_store(uint32_t info);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);

#endif
