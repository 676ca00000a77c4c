// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_QXL_EXECBUFFER at its limits: the longest chain of chunks, the
 * largest call, arguments where memory ends, more than the device has room for.
 */
#include <errno.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "ktap.h"

#define WIDTH 64
#define HEIGHT 48
#define MIB (1u << 20)
#define RELOCS_MAX (EXEC_RELOCS - 1)
#define COMMANDS_MAX 1024

static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };

static struct card card;
static uint64_t bos_before;

static void setup(void)
{
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
}

static bool canvas_of(struct canvas *canvas, uint32_t seed)
{
	return canvas_create(canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			     HEIGHT, false, seed);
}

static bool memory_create(struct exec_memory *memory, size_t bytes)
{
	int ret = object_alloc(&memory->object, card.fd, bytes);

	memory->used = 0;
	return check(!ret, "ALLOC of %zu bytes: %d", bytes, ret);
}

static struct exec_draw *draws_new(uint32_t count)
{
	struct exec_draw *draws = malloc(count * sizeof(*draws));

	if (!draws)
		ktap_bail("no memory for %u draws", count);
	return draws;
}

/* Chunks -------------------------------------------------------------------------- */

static size_t put_chunk(struct exec_memory *memory, const uint8_t *bytes,
			uint32_t count)
{
	size_t at = exec_take(memory, sizeof(QXLDataChunk) + count);
	uint8_t *place = (uint8_t *)memory->object.map + at;
	QXLDataChunk chunk = { .data_size = count };

	memcpy(place, &chunk, sizeof(chunk));
	memcpy(place + sizeof(chunk), bytes, count);
	return at;
}

/*
 * @pixels, packed, in @count chunks that know their next only: a relocation
 * each, and one each for target and image. The chunk in the middle is empty.
 */
static void copy_in_chunks(struct exec_draw *draw, const struct surface *target,
			   struct exec_memory *memory,
			   const struct raster *pixels, uint32_t count)
{
	static const struct exec_bitmap direct = {
		.format = SPICE_BITMAP_FMT_32BIT, .direct = true
	};
	uint32_t handle = memory->object.handle;
	uint32_t bytes = pixels->stride * pixels->height, done = 0;
	struct drm_qxl_reloc *data;
	QXLImage *image;
	size_t last = 0;

	exec_copy(draw, target, &all, 0, 0);
	image = (QXLImage *)((uint8_t *)memory->object.map + memory->used);
	exec_image_bitmap(draw, memory, memory, &direct, pixels);
	image->bitmap.flags = QXL_BITMAP_TOP_DOWN;
	data = &draw->relocs[draw->num_relocs - 1];
	for (uint32_t i = 0; i < count; i++) {
		uint32_t part = i == count / 2 ? 0 : bytes / count;
		size_t at;

		if (i == count - 1)
			part = bytes - done;
		at = put_chunk(memory, pixels->top + done, part);
		done += part;
		if (!i)
			data->src_offset = at;
		else
			exec_address(draw, handle,
				     last + offsetof(QXLDataChunk, next_chunk),
				     handle, at);
		last = at;
	}
}

static void longest_chain(void)
{
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	struct exec_memory memory = {};
	struct canvas canvas = {};
	struct exec_draw draw;
	int ret;

	raster_noise(&pixels, 1);
	if (canvas_of(&canvas, 2) && memory_create(&memory, MIB)) {
		copy_in_chunks(&draw, &canvas.surface, &memory, &pixels,
			       RELOCS_MAX - 1);
		check(draw.num_relocs == RELOCS_MAX + 1, "%u relocations",
		      draw.num_relocs);
		ret = exec_send(card.fd, &draw, 1);
		check(ret == -EINVAL, "a chunk too many: %d", ret);
		canvas_check(&canvas, "a chunk too many");
		memory.used = 0;
		copy_in_chunks(&draw, &canvas.surface, &memory, &pixels,
			       RELOCS_MAX - 2);
		ret = exec_send(card.fd, &draw, 1);
		check(!ret, "%u relocations: %d", draw.num_relocs, ret);
		raster_copy(&canvas.want, &all, &pixels, 0, 0);
		canvas_check(&canvas, "the longest chain");
	}
	canvas_destroy(&canvas);
	object_destroy(&memory.object);
	raster_free(&pixels);
}

/* Calls --------------------------------------------------------------------------- */

/* Each command the longest chain, on a canvas in turn. */
static void largest_call(void)
{
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	struct exec_draw *draws = draws_new(COMMANDS_MAX + 1);
	struct exec_memory memory = {};
	struct canvas canvas = {};
	int ret;

	raster_noise(&pixels, 3);
	if (canvas_of(&canvas, 4) && memory_create(&memory, MIB)) {
		for (uint32_t i = 0; i <= COMMANDS_MAX; i++) {
			memory.used = 0;
			copy_in_chunks(&draws[i], &canvas.surface, &memory,
				       &pixels, RELOCS_MAX - 2);
		}
		ret = exec_send(card.fd, draws, COMMANDS_MAX + 1);
		check(ret == -EINVAL, "a command too many: %d", ret);
		canvas_check(&canvas, "a command too many");
		ret = exec_send(card.fd, draws, COMMANDS_MAX);
		check(!ret, "the largest call: %d", ret);
		raster_copy(&canvas.want, &all, &pixels, 0, 0);
		canvas_check(&canvas, "the largest call");
	}
	canvas_destroy(&canvas);
	object_destroy(&memory.object);
	raster_free(&pixels);
	free(draws);
}

/*
 * Two pages, of which the second is none: a copy of @bytes that ends at the first's
 * end, or @over bytes further on.
 */
static void *at_the_edge(uint8_t *pages, const void *bytes, size_t count,
			 size_t over)
{
	uint8_t *place = pages + getpagesize() - count + over;

	memcpy(place, bytes, count - over);
	return place;
}

/* Which of the three arguments of a call reaches over the edge, and by how much. */
static int send_at_the_edge(uint8_t *pages, const struct exec_draw *draw,
			    unsigned int which, size_t over)
{
	struct drm_qxl_command command = exec_command(draw);
	struct drm_qxl_execbuffer args = { .commands_num = 1,
					   .commands = (uintptr_t)&command };
	const uint8_t *body = (const uint8_t *)&draw->drawable +
			      sizeof(QXLReleaseInfo);

	if (which == 0)
		args.commands = (uintptr_t)at_the_edge(pages, &command,
						       sizeof(command), over);
	if (which == 1)
		command.command = (uintptr_t)at_the_edge(
			pages, body, EXEC_COMMAND_BYTES, over);
	if (which == 2)
		command.relocs = (uintptr_t)at_the_edge(
			pages, draw->relocs, sizeof(draw->relocs[0]), over);
	return drmIoctl(card.fd, DRM_IOCTL_QXL_EXECBUFFER, &args) ? -errno : 0;
}

static void where_memory_ends(void)
{
	static const char *const names[] = { "commands", "command",
					     "relocations" };
	size_t page = getpagesize();
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct canvas canvas = {};
	struct exec_draw draw;

	if (pages == MAP_FAILED || munmap(pages + page, page))
		ktap_bail("mmap: errno %d", errno);
	if (canvas_of(&canvas, 5)) {
		exec_fill(&draw, &canvas.surface, &all, 0x13579b);
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			int ret = send_at_the_edge(pages, &draw, i, 1);

			check(ret == -EFAULT, "%s over the edge: %d", names[i],
			      ret);
		}
		canvas_check(&canvas, "over the edge");
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			int ret = send_at_the_edge(pages, &draw, i, 0);

			check(!ret, "%s up to the edge: %d", names[i], ret);
		}
		raster_fill(&canvas.want, &all, 0x13579b);
		canvas_check(&canvas, "up to the edge");
	}
	canvas_destroy(&canvas);
	munmap(pages, page);
}

/* Too much ------------------------------------------------------------------------ */

static uint32_t surface_ids(void)
{
	struct drm_qxl_getparam args = { .param = QXL_PARAM_NUM_SURFACES };

	return drmIoctl(card.fd, DRM_IOCTL_QXL_GETPARAM, &args) ? 0 : args.value;
}

/* From the second half to the first, so that a command has two. */
static int send_copies(const struct surface *surfaces, uint32_t pairs)
{
	static const struct drm_mode_rect area = { 0, 0, 4, 4 };
	struct exec_draw *draws = draws_new(pairs);
	struct exec_memory memory = {};
	int ret = object_alloc(&memory.object, card.fd, MIB);

	for (uint32_t i = 0; i < pairs && !ret; i++) {
		exec_copy(&draws[i], &surfaces[i], &area, 0, 0);
		exec_image_surface(&draws[i], &memory,
				   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
				   &surfaces[pairs + i]);
	}
	if (!ret)
		ret = exec_send(card.fd, draws, pairs);
	object_destroy(&memory.object);
	free(draws);
	return ret;
}

static void more_ids_than_there_are(void)
{
	uint32_t pairs = surface_ids() / 2 + 8, count = 0;
	struct surface *surfaces = calloc(2 * pairs, sizeof(*surfaces));
	int ret;

	for (; count < 2 * pairs; count++)
		if (surface_alloc(&surfaces[count], card.fd,
				  SPICE_SURFACE_FMT_32_xRGB, 8, 8, false))
			break;
	check(count == 2 * pairs, "only %u surfaces", count);
	ret = send_copies(surfaces, count / 2);
	check(ret == -ENOSPC, "%u surfaces in a call: %d", count, ret);
	ret = send_copies(surfaces, count / 4);
	check(!ret, "%u surfaces in a call: %d", count / 2, ret);
	for (uint32_t i = 0; i < count; i++)
		object_destroy(&surfaces[i].object);
	free(surfaces);
	counter_check(card.path, "surfaces", 0);
}

static void fill_surfaces(struct exec_draw *draws,
			  const struct surface *surfaces, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		exec_fill(&draws[i], &surfaces[i], &all, i);
}

static void more_memory_than_there_is(void)
{
	enum { MOST = 80, SIDE = 1024 };
	static struct surface surfaces[MOST];
	struct exec_draw *draws = draws_new(MOST);
	uint32_t wanted, count = 0;
	uint64_t room = 0;
	int ret;

	counter_read(card.path, "surface_bytes", &room);
	wanted = room / (4 * MIB) + 2;
	if (wanted > MOST) {
		ktap_skip("%" PRIu64 " MiB are more than this fills", room / MIB);
		wanted = 0;
	}
	for (; count < wanted; count++)
		if (surface_alloc(&surfaces[count], card.fd,
				  SPICE_SURFACE_FMT_32_xRGB, SIDE, SIDE, false))
			break;
	check(count == wanted, "only %u surfaces", count);
	fill_surfaces(draws, surfaces, count);
	if (count) {
		ret = exec_send(card.fd, draws, count);
		check(ret == -ENOMEM, "%u surfaces in a call: %d", count, ret);
		ret = exec_send(card.fd, draws, count / 2);
		check(!ret, "%u surfaces in a call: %d", count / 2, ret);
	}
	for (uint32_t i = 0; i < count; i++)
		object_destroy(&surfaces[i].object);
	free(draws);
	counter_check(card.path, "surfaces", 0);
}

/* A row of the image, of which the first pixels are wanted, in front of it a fill. */
static void row_longer_than_the_arena(void)
{
	static const struct drm_mode_rect area = { 0, 0, WIDTH, 1 };
	static const struct exec_bitmap direct = {
		.format = SPICE_BITMAP_FMT_32BIT, .direct = true
	};
	struct exec_draw *draws = draws_new(2);
	struct exec_memory memory = {};
	struct canvas canvas = {};
	struct raster row = {};
	uint64_t room = 0;
	int ret;

	counter_read(card.path, "upload_bytes", &room);
	row = raster_new(SPICE_SURFACE_FMT_32_xRGB, room / 3 / 4 + 1, 1);
	raster_noise(&row, 6);
	if (canvas_of(&canvas, 7) && memory_create(&memory, row.stride + 4096)) {
		exec_fill(&draws[0], &canvas.surface, &all, 0xfedcba);
		exec_copy(&draws[1], &canvas.surface, &area, 0, 0);
		exec_image_bitmap(&draws[1], &memory, &memory, &direct, &row);
		ret = exec_send(card.fd, draws, 2);
		if (!ret) {
			raster_fill(&canvas.want, &all, 0xfedcba);
			raster_copy(&canvas.want, &area, &row, 0, 0);
		}
		canvas_check(&canvas, ret ? "refused" : "drawn");
		ktap_note("a row of %u pixels: %d", row.width, ret);
	}
	canvas_destroy(&canvas);
	object_destroy(&memory.object);
	raster_free(&row);
	free(draws);
}

static void nothing_is_left(void)
{
	counters_check_idle(card.path, bos_before);
}

static const struct ktap_case cases[] = {
	{ .name = "the longest chain of chunks", .run = longest_chain },
	{ .name = "the largest call", .run = largest_call },
	{ .name = "where memory ends", .run = where_memory_ends },
	{ .name = "more surfaces than ids in a call",
	  .run = more_ids_than_there_are },
	{ .name = "more surface memory than there is in a call",
	  .run = more_memory_than_there_is },
	{ .name = "a row longer than the upload arena",
	  .run = row_longer_than_the_arena },
	{ .name = "nothing is left", .run = nothing_is_left },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
