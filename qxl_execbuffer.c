// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_QXL_EXECBUFFER: commands of user space.
 *
 * All commands of a call are copied, looked up, reserved and checked before the
 * first one is given to the host: either all are, each once, or none. Every
 * wait that a signal can end comes before that, too. The core copies what the
 * host will read, so nothing that user space can still write is in the host's
 * hands, and BOs with data need no fence. Surfaces need none either: the host
 * works in order, and their memory is busy until the fence of the destroy
 * command, which they carry from their creation on (qxl_surface.c).
 */
#include <linux/dma-resv.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

/* Xorg sends one command a call. */
#define QXL_MAX_COMMANDS 1024

/* When others hold what would have to be evicted, they are about to let go. */
#define QXL_EXEC_ATTEMPTS 8

/* What stands for the command where a handle is expected. */
#define QXL_COMMAND_HANDLE 0

/* One command; relocations and pieces are parts of the call's arrays. */
struct exec_command {
	u8 bytes[QXL_MAX_COMMAND_BYTES];
	struct qxl_command command;
	struct qxl_piece *pieces;
	struct qxl_draw draw;
};

struct exec_entry {
	struct list_head head;         /* in one of the call's three lists */
	struct ttm_buffer_object *tbo; /* counted as a qxl_bo */
	u32 handle;
};

/*
 * One call. bos and entries are about the same BOs, by index. All arrays are in one
 * block, where commands are the first: Xorg's calls are small, and most of their
 * work would be allocations.
 */
struct exec {
	struct qxl_device *qdev;
	struct drm_file *file;
	u32 num_commands;
	u32 num_relocs;
	u32 num_bos;
	struct exec_command *commands;
	struct qxl_reloc *relocs;
	struct qxl_piece *pieces;
	struct qxl_exec_bo *bos;
	struct exec_entry *entries;
	u32 *slots; /* by hash of a handle: index of its BO and one; 0: free */
	u32 num_slots; /* a power of two, of which at most half are taken */
	u32 seed;      /* of the hash, so that no client can choose its order */
	struct list_head waiting; /* not reserved yet */
	struct list_head reserved;
	struct list_head duplicates; /* reserved by another handle */
	struct ww_acquire_ctx ticket;
};

static struct qxl_bo *entry_bo(const struct exec *exec, u32 index)
{
	return to_qxl_bo(exec->entries[index].tbo);
}

/* Copying in ---------------------------------------------------------------- */

static int check_sizes(const struct drm_qxl_command *command)
{
	if (command->command_size > QXL_MAX_COMMAND_BYTES ||
	    command->relocs_num > QXL_MAX_RELOCS)
		return -EINVAL;
	return 0;
}

/* The slot with @handle's BO, or the free one where that belongs. */
static u32 *slot_of(struct exec *exec, u32 handle)
{
	u32 i = jhash_1word(handle, exec->seed);

	for (;; i++) {
		u32 *slot = &exec->slots[i & (exec->num_slots - 1)];

		if (!*slot || exec->entries[*slot - 1].handle == handle)
			return slot;
	}
}

/* A handle's BO, looked up once in a call. */
static int find_bo(struct exec *exec, u32 handle, u32 *index)
{
	u32 *slot = slot_of(exec, handle);
	struct qxl_bo *bo;

	if (*slot) {
		*index = *slot - 1;
		return 0;
	}
	bo = qxl_bo_lookup(exec->file, handle);
	if (!bo)
		return -ENOENT;
	if (qxl_bo_is_imported(bo)) {
		qxl_bo_put(bo);
		return -EINVAL;
	}
	*index = exec->num_bos++;
	*slot = exec->num_bos;
	exec->entries[*index].tbo = &bo->tbo;
	exec->entries[*index].handle = handle;
	exec->bos[*index].surface = bo->surface;
	list_add_tail(&exec->entries[*index].head, &exec->waiting);
	return 0;
}

static int copy_reloc(struct exec *exec, const struct drm_qxl_reloc *from,
		      struct qxl_reloc *to)
{
	int ret;

	if (from->reloc_type != QXL_RELOC_TYPE_BO &&
	    from->reloc_type != QXL_RELOC_TYPE_SURF)
		return -EINVAL;
	to->surface = from->reloc_type == QXL_RELOC_TYPE_SURF;
	to->dst_offset = from->dst_offset;
	to->src_offset = from->src_offset;
	ret = find_bo(exec, from->src_handle, &to->src);
	if (ret)
		return ret;
	to->dst = QXL_NO_BO;
	if (from->dst_handle == QXL_COMMAND_HANDLE)
		return 0;
	return find_bo(exec, from->dst_handle, &to->dst);
}

static int copy_relocs(struct exec *exec, u64 user, u32 count)
{
	const struct drm_qxl_reloc __user *from = u64_to_user_ptr(user);
	struct drm_qxl_reloc reloc;
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		if (copy_from_user(&reloc, from + i, sizeof(reloc)))
			return -EFAULT;
		ret = copy_reloc(exec, &reloc,
				 &exec->relocs[exec->num_relocs + i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int copy_command(struct exec *exec, const struct drm_qxl_command *from,
			struct exec_command *to)
{
	int ret;

	if (copy_from_user(to->bytes, u64_to_user_ptr(from->command),
			   from->command_size))
		return -EFAULT;
	ret = copy_relocs(exec, from->relocs, from->relocs_num);
	if (ret)
		return ret;
	to->command.type = from->type;
	to->command.bytes = to->bytes;
	to->command.size = from->command_size;
	to->command.relocs = &exec->relocs[exec->num_relocs];
	to->command.num_relocs = from->relocs_num;
	to->pieces = &exec->pieces[exec->num_relocs];
	exec->num_relocs += from->relocs_num;
	return 0;
}

static int copy_commands(struct exec *exec, const struct drm_qxl_command *from)
{
	u32 i;
	int ret;

	for (i = 0; i < exec->num_commands; i++) {
		ret = copy_command(exec, &from[i], &exec->commands[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* An array in @block, of which *@used bytes are others'. */
static void *place(u8 *block, size_t *used, size_t count, size_t size)
{
	size_t at = *used;

	*used += ALIGN(count * size, sizeof(u64));
	return block ? block + at : NULL;
}

/* Room for all relocations, and for two BOs of each. How many bytes that are. */
static size_t lay_out(struct exec *exec, u32 relocs, u8 *block)
{
	u32 bos = 2 * relocs;
	size_t used = 0;

	exec->commands = place(block, &used, exec->num_commands,
			       sizeof(*exec->commands));
	exec->relocs = place(block, &used, relocs, sizeof(*exec->relocs));
	exec->pieces = place(block, &used, relocs, sizeof(*exec->pieces));
	exec->bos = place(block, &used, bos, sizeof(*exec->bos));
	exec->entries = place(block, &used, bos, sizeof(*exec->entries));
	exec->num_slots = roundup_pow_of_two(2 * bos + 1);
	exec->slots = place(block, &used, exec->num_slots, sizeof(u32));
	return used;
}

static int allocate(struct exec *exec, u32 relocs)
{
	void *block = kvzalloc(lay_out(exec, relocs, NULL), GFP_KERNEL_ACCOUNT);

	if (!block)
		return -ENOMEM;
	lay_out(exec, relocs, block);
	return 0;
}

static void release(struct exec *exec)
{
	u32 i;

	for (i = 0; i < exec->num_bos; i++)
		qxl_bo_put(entry_bo(exec, i));
	kvfree(exec->commands);
}

/* Reserving ----------------------------------------------------------------- */

static void unreserve_all(struct exec *exec)
{
	struct exec_entry *entry;

	list_for_each_entry(entry, &exec->reserved, head)
		ttm_bo_unreserve(entry->tbo);
	list_splice_tail_init(&exec->reserved, &exec->waiting);
	list_splice_tail_init(&exec->duplicates, &exec->waiting);
}

static int reserve(struct exec *exec, struct exec_entry *entry)
{
	struct dma_resv *resv = entry->tbo->base.resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, &exec->ticket);
	if (ret == -EALREADY) {
		list_move_tail(&entry->head, &exec->duplicates);
		return 0;
	}
	if (ret == -EDEADLK) {
		unreserve_all(exec);
		ret = dma_resv_lock_slow_interruptible(resv, &exec->ticket);
	}
	if (!ret)
		list_move_tail(&entry->head, &exec->reserved);
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

/*
 * TTM's own way to do this, ttm_eu_reserve_buffers(), wants memory for a fence
 * of each BO, and when there is none leaves that BO locked for ever.
 */
static int reserve_all(struct exec *exec)
{
	int ret;

	ww_acquire_init(&exec->ticket, &reservation_ww_class);
	while (!list_empty(&exec->waiting)) {
		ret = reserve(exec, list_first_entry(&exec->waiting,
						     struct exec_entry, head));
		if (!ret)
			continue;
		unreserve_all(exec);
		ww_acquire_fini(&exec->ticket);
		return ret;
	}
	return 0;
}

/* Checking ------------------------------------------------------------------ */

static int map_data(struct exec *exec)
{
	u32 i;
	int ret;

	for (i = 0; i < exec->num_bos; i++) {
		struct qxl_bo *bo = entry_bo(exec, i);

		if (bo->surface.width)
			continue;
		ret = qxl_bo_map(bo);
		if (ret)
			return ret;
		exec->bos[i].data = bo->map.vaddr;
		exec->bos[i].bytes = bo->tbo.base.size;
	}
	return 0;
}

static int parse(struct exec *exec)
{
	u32 i;
	int ret;

	for (i = 0; i < exec->num_commands; i++) {
		struct exec_command *command = &exec->commands[i];

		ret = qxl_core_parse_draw(&command->command, exec->bos,
					  exec->num_bos, command->pieces,
					  &command->draw);
		if (ret) {
			drm_dbg_driver(&exec->qdev->ddev,
				       "command %u of %u is refused: %d\n", i,
				       exec->num_commands, ret);
			return ret;
		}
	}
	return 0;
}

/* Every BO with a size is a surface that some relocation named. */
static int ensure_surfaces(struct exec *exec)
{
	u32 i;
	int ret;

	for (i = 0; i < exec->num_bos; i++) {
		struct qxl_bo *bo = entry_bo(exec, i);

		if (!bo->surface.width)
			continue;
		ret = qxl_surface_ensure(bo);
		if (ret)
			return ret;
		/* Stays while the reservation and a reference are held. */
		exec->bos[i].surface_id = READ_ONCE(bo->surface_id);
	}
	return 0;
}

static int prepare(struct exec *exec)
{
	int ret;

	ret = map_data(exec);
	if (!ret)
		ret = parse(exec);
	if (!ret)
		ret = ensure_surfaces(exec);
	return ret;
}

/* Executing ----------------------------------------------------------------- */

/* From here on nothing is interruptible: no command is given twice. */
static int execute(struct exec *exec)
{
	struct qxl_core *core = exec->qdev->core;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < exec->num_commands; i++) {
		ret = qxl_core_execute_draw(core, &exec->commands[i].draw,
					    exec->bos, exec->num_bos);
		cond_resched();
	}
	qxl_core_execute_end(core);
	return ret;
}

static int attempt(struct exec *exec, bool *executed)
{
	int ret;

	ret = reserve_all(exec);
	if (ret)
		return ret;
	ret = prepare(exec);
	if (!ret) {
		*executed = true;
		ret = execute(exec);
	}
	unreserve_all(exec);
	ww_acquire_fini(&exec->ticket);
	return ret;
}

/* Nothing in here waits for user space's memory: unplugging waits for it. */
static int run(struct exec *exec)
{
	bool executed = false;
	int tries, idx, ret;

	if (!drm_dev_enter(&exec->qdev->ddev, &idx))
		return -ENODEV;
	for (tries = 0; tries < QXL_EXEC_ATTEMPTS; tries++) {
		ret = attempt(exec, &executed);
		if (executed || (ret != -ENOMEM && ret != -EBUSY))
			break;
		cond_resched();
	}
	drm_dev_exit(idx);
	return ret;
}

static int exec_commands(struct exec *exec, const struct drm_qxl_command *from)
{
	u32 relocs = 0, i;
	int ret;

	for (i = 0; i < exec->num_commands; i++) {
		ret = check_sizes(&from[i]);
		if (ret)
			return ret;
		relocs += from[i].relocs_num;
	}
	exec->seed = get_random_u32();
	INIT_LIST_HEAD(&exec->waiting);
	INIT_LIST_HEAD(&exec->reserved);
	INIT_LIST_HEAD(&exec->duplicates);
	ret = allocate(exec, relocs);
	if (!ret)
		ret = copy_commands(exec, from);
	if (!ret)
		ret = run(exec);
	release(exec);
	return ret;
}

int qxl_ioctl_execbuffer(struct drm_device *ddev, void *data,
			 struct drm_file *file)
{
	const struct drm_qxl_execbuffer *args = data;
	struct exec exec = { .qdev = to_qxl(ddev),
			     .file = file,
			     .num_commands = args->commands_num };
	struct drm_qxl_command *commands;
	int ret;

	if (args->flags || args->commands_num > QXL_MAX_COMMANDS)
		return -EINVAL;
	if (!args->commands_num)
		return 0;
	commands =
		vmemdup_user(u64_to_user_ptr(args->commands),
			     array_size(args->commands_num, sizeof(*commands)));
	if (IS_ERR(commands))
		return PTR_ERR(commands);
	ret = exec_commands(&exec, commands);
	kvfree(commands);
	return ret;
}
