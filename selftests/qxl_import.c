// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of other devices on our planes, and ours with other devices.
 *
 * usage: qxl_import
 *        qxl_import --reference SEED FILE
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <pthread.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "foreign.h"
#include "host.h"
#include "ktap.h"
#include "meminfo.h"
#include "plug.h"
#include "prime.h"

#define WIDTH 640
#define HEIGHT 480
#define CURSOR 64
#define LARGE 4096
#define RACES 200
#define EARLY_MS 300
#define EVENT_MS 5000

/* vgem_drm.h is not among libdrm's headers. */
struct vgem_fence_attach {
	uint32_t handle;
	uint32_t flags; /* 1: of a writer */
	uint32_t out_fence;
	uint32_t pad;
};
struct vgem_fence_signal {
	uint32_t fence;
	uint32_t flags;
};
#define VGEM_FENCE_ATTACH                                        \
	DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_fence_attach)
#define VGEM_FENCE_SIGNAL                                       \
	DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_fence_signal)

static struct card card;
static drmModeModeInfo mode;
static uint64_t bos_before;
static uint64_t dma_bufs_before;

/* What is painted anew after the first picture, and said to be damaged. */
static const struct drm_mode_rect damage[] = {
	{ 3, 5, 130, 77 },
	{ 500, 400, 640, 480 },
};

static void look_around(void)
{
	counter_read(card.path, "bos", &bos_before);
	prime_count(&dma_bufs_before);
}

static void setup(void)
{
	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	look_around();
}

static void check_nothing_left(void)
{
	counters_check_idle(card.path, bos_before);
	prime_check_count(dma_bufs_before);
}

/* Painting ------------------------------------------------------------------------- */

static void paint_damage(const struct picture *picture, uint32_t seed)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(damage); i++)
		pattern_fill(picture, &damage[i], seed + 1 + i);
}

static void begin(const struct foreign *foreign)
{
	int ret = prime_sync(foreign->dma_buf,
			     DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);

	check(!ret, "SYNC_START: %d", ret);
}

static void end(const struct foreign *foreign)
{
	int ret = prime_sync(foreign->dma_buf,
			     DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);

	check(!ret, "SYNC_END: %d", ret);
}

static void paint(const struct foreign *foreign, uint32_t seed)
{
	struct picture picture = dumb_picture(&foreign->pixels);

	begin(foreign);
	pattern_draw(&picture, seed);
	end(foreign);
}

/* Their buffers ---------------------------------------------------------------------- */

static bool frame_of(struct dumb *frame, const struct foreign *foreign)
{
	int ret = prime_frame(frame, card.fd, foreign->dma_buf,
			      &foreign->pixels, DRM_FORMAT_XRGB8888);

	return check(!ret, "a framebuffer of it: %d", ret);
}

static bool show(const struct dumb *frame)
{
	int ret = card_show(&card, &mode, frame->fb, 0, 0, 0);

	return check(!ret, "show: %d", ret);
}

static void check_plain(const char *name, const char *exporter, uint32_t seed)
{
	char picture[64];

	snprintf(picture, sizeof(picture), "import-%s-%s", exporter, name);
	host_check_picture(picture, WIDTH, HEIGHT, "qxl_pattern %u %u %u",
			   WIDTH, HEIGHT, seed);
}

static void check_damaged(const char *exporter, uint32_t seed)
{
	char picture[64];

	snprintf(picture, sizeof(picture), "import-%s-damaged", exporter);
	host_check_picture(picture, WIDTH, HEIGHT, "qxl_import --reference %u",
			   seed);
}

/* Nobody but us has it any more; all of it is drawn anew. */
static void show_without_exporter(const struct dumb *frame,
				  struct foreign *foreign, const char *name,
				  uint32_t seed)
{
	foreign_destroy(foreign);
	card_off(&card);
	if (show(frame))
		check_damaged(name, seed);
}

static void scanout(const void *arg)
{
	const struct exporter *exporter = arg;
	uint32_t seed = 40 + strlen(exporter->name);
	struct foreign foreign;
	struct picture picture;
	struct dumb frame;
	int ret;

	if (!foreign_want(&foreign, exporter, WIDTH, HEIGHT))
		return;
	paint(&foreign, seed);
	if (frame_of(&frame, &foreign) && show(&frame)) {
		check_plain("whole", exporter->name, seed);
		picture = dumb_picture(&foreign.pixels);
		begin(&foreign);
		paint_damage(&picture, seed);
		end(&foreign);
		ret = card_update(&card, frame.fb, damage, ARRAY_SIZE(damage),
				  0, 0);
		check(!ret, "damage: %d", ret);
		check_damaged(exporter->name, seed);
		show_without_exporter(&frame, &foreign, exporter->name, seed);
	}
	card_off(&card);
	dumb_destroy(&frame);
	foreign_destroy(&foreign);
	check_nothing_left();
}

static void pointer(void)
{
	struct picture picture;
	struct foreign foreign;
	drmModeAtomicReq *request;
	struct dumb screen, frame;
	int ret;

	if (!foreign_want(&foreign, &foreign_vgem, CURSOR, CURSOR))
		return;
	picture = dumb_picture(&foreign.pixels);
	pattern_draw(&picture, 9);
	ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);
	check(!ret, "screen: %d", ret);
	ret = prime_frame(&frame, card.fd, foreign.dma_buf, &foreign.pixels,
			  DRM_FORMAT_ARGB8888);
	check(!ret, "a framebuffer of it: %d", ret);
	foreign_destroy(&foreign);
	show(&screen);
	request = drmModeAtomicAlloc();
	card_add_plane(&card, request, &card.cursor, frame.fb, 100, 100, CURSOR,
		       CURSOR);
	ret = card_commit(&card, request, 0, 0);
	drmModeAtomicFree(request);
	if (check(!ret, "pointer: %d", ret))
		host_check_cursor("shown %u %u 0 0", CURSOR, CURSOR);
	card_off(&card);
	dumb_destroy(&frame);
	dumb_destroy(&screen);
	check_nothing_left();
}

/* Fences ------------------------------------------------------------------------------ */

static uint32_t fence_attach(const struct foreign *foreign)
{
	struct vgem_fence_attach args = { .handle = foreign->pixels.handle,
					  .flags = 1 };
	int ret = drmIoctl(foreign->card, VGEM_FENCE_ATTACH, &args);

	check(!ret, "attach a fence: errno %d", errno);
	return args.out_fence;
}

static void fence_signal(const struct foreign *foreign, uint32_t fence)
{
	struct vgem_fence_signal args = { .fence = fence };
	int ret = drmIoctl(foreign->card, VGEM_FENCE_SIGNAL, &args);

	check(!ret, "signal the fence: errno %d", errno);
}

/* The exporter is still drawing when the flip is asked for. */
static void flip_when_drawn(struct foreign *foreign, const struct dumb *frame)
{
	uint32_t fence = fence_attach(foreign);
	struct picture picture = dumb_picture(&foreign->pixels);
	struct card_event event;
	int ret;

	ret = card_update(&card, frame->fb, NULL, 0,
			  DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			  1);
	check(!ret, "flip: %d", ret);
	ret = card_wait_event(&card, &event, EARLY_MS);
	check(ret == -ETIMEDOUT, "before it is drawn: %d", ret);
	pattern_draw(&picture, 21);
	fence_signal(foreign, fence);
	ret = card_wait_event(&card, &event, EVENT_MS);
	check(!ret, "after it is drawn: %d", ret);
	check_plain("fenced", "vgem", 21);
}

static void fence_is_waited_for(void)
{
	struct foreign foreign;
	struct dumb screen, frame;
	int ret;

	if (!foreign_want(&foreign, &foreign_vgem, WIDTH, HEIGHT))
		return;
	paint(&foreign, 20);
	ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);
	if (check(!ret, "screen: %d", ret) && frame_of(&frame, &foreign)) {
		if (show(&screen))
			flip_when_drawn(&foreign, &frame);
		card_off(&card);
		dumb_destroy(&frame);
	}
	dumb_destroy(&screen);
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* Races ---------------------------------------------------------------------------------- */

/* One handle for all threads of a file: whoever closes it takes it from the others. */
static void *come_and_go(void *arg)
{
	const struct foreign *foreign = arg;
	struct dumb frame;

	for (int i = 0; i < RACES; i++) {
		int ret = prime_frame(&frame, card.fd, foreign->dma_buf,
				      &foreign->pixels, DRM_FORMAT_XRGB8888);

		if (!ret)
			dumb_destroy(&frame);
		else
			check(ret == -ENOENT, "round %d: %d", i, ret);
	}
	return NULL;
}

static void come_and_go_at_once(void)
{
	pthread_t threads[4];
	struct foreign foreign;

	if (!foreign_want(&foreign, &foreign_vgem, WIDTH, HEIGHT))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, come_and_go, &foreign);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* Processor access ---------------------------------------------------------------------- */

static int sync_end(const struct foreign *foreign)
{
	return prime_sync(foreign->dma_buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

/* udmabuf ends no access before the first one was begun: ours was. */
static void access_is_announced(void)
{
	struct picture picture;
	struct foreign foreign;
	struct dumb frame;
	int ret;

	if (!foreign_want(&foreign, &foreign_udmabuf, WIDTH, HEIGHT))
		return;
	picture = dumb_picture(&foreign.pixels);
	pattern_draw(&picture, 23);
	if (!sync_end(&foreign)) {
		ktap_skip("udmabuf of this kernel does not tell");
	} else if (frame_of(&frame, &foreign)) {
		ret = sync_end(&foreign);
		check(ret == -EINVAL, "before it is shown: %d", ret);
		show(&frame);
		ret = sync_end(&foreign);
		check(!ret, "after it was shown: %d", ret);
		card_off(&card);
		dumb_destroy(&frame);
	}
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* What cannot be done with them ----------------------------------------------------------- */

static void check_refused(const char *what, unsigned long request, void *args)
{
	int ret = drmIoctl(card.fd, request, args) ? -errno : 0;

	check(ret == -EINVAL, "%s: %d", what, ret);
}

static void check_ioctls(uint32_t handle)
{
	struct drm_qxl_update_area area = { .handle = handle,
					    .right = 1,
					    .bottom = 1 };
	struct drm_qxl_map qxl_map = { .handle = handle };
	struct drm_mode_map_dumb dumb_map = { .handle = handle };

	check_refused("UPDATE_AREA", DRM_IOCTL_QXL_UPDATE_AREA, &area);
	check_refused("QXL_MAP", DRM_IOCTL_QXL_MAP, &qxl_map);
	check_refused("MAP_DUMB", DRM_IOCTL_MODE_MAP_DUMB, &dumb_map);
}

static void check_draw_refused(const char *what, const struct exec_draw *draw)
{
	int ret = exec_send(card.fd, draw, 1);

	check(ret == -EINVAL, "%s: %d", what, ret);
}

/* As pixels, as what is patched, and as the surface. */
static void check_draws(uint32_t handle)
{
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT
	};
	static const struct drm_mode_rect area = { 0, 0, 16, 16 };
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, 16, 16);
	struct surface target, no_surface;
	struct exec_memory memory = {};
	struct exec_draw draw;
	int ret;

	ret = surface_alloc(&target, card.fd, SPICE_SURFACE_FMT_32_xRGB, 64, 64,
			    false);
	if (!ret)
		ret = object_alloc(&memory.object, card.fd, 64 << 10);
	if (check(!ret, "surface and memory: %d", ret)) {
		exec_copy(&draw, &target, &area, 0, 0);
		exec_image_bitmap(&draw, &memory, &memory, &layout, &pixels);
		for (uint32_t i = 0; i < draw.num_relocs; i++) {
			struct exec_draw bad = draw;

			bad.relocs[i].src_handle = handle;
			check_draw_refused("it is read", &bad);
			bad = draw;
			bad.relocs[i].dst_handle = handle;
			check_draw_refused("it is written", &bad);
		}
		no_surface = target;
		no_surface.object.handle = handle;
		exec_fill(&draw, &no_surface, &area, 1);
		check_draw_refused("it is drawn on", &draw);
		exec_fill(&draw, &target, &area, 1);
		ret = exec_send(card.fd, &draw, 1);
		check(!ret, "a draw without it: %d", ret);
	}
	object_destroy(&memory.object);
	object_destroy(&target.object);
	raster_free(&pixels);
}

/* Its place among mappings is what one of ours had, which user space knows. */
static void check_mapping(const struct foreign *foreign, uint32_t *handle)
{
	struct drm_mode_map_dumb map = {};
	struct dumb dumbs[3] = {};
	void *address;
	int ret = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(dumbs); i++)
		ret |= dumb_create(&dumbs[i], card.fd, WIDTH, HEIGHT);
	map.handle = dumbs[1].handle;
	ret |= drmIoctl(card.fd, DRM_IOCTL_MODE_MAP_DUMB, &map);
	check(!ret, "buffers: %d", ret);
	dumb_destroy(&dumbs[1]);
	ret = prime_import(card.fd, foreign->dma_buf, handle);
	check(!ret, "import: %d", ret);
	address = mmap(NULL, foreign->pixels.size, PROT_READ, MAP_SHARED,
		       card.fd, map.offset);
	check(address == MAP_FAILED && errno == EINVAL,
	      "mmap of a guessed place: errno %d", errno);
	if (address != MAP_FAILED)
		munmap(address, foreign->pixels.size);
	dumb_destroy(&dumbs[0]);
	dumb_destroy(&dumbs[2]);
}

static void refused(void)
{
	struct foreign foreign;
	uint32_t handle = 0;
	int again, ret;

	if (!foreign_want(&foreign, &foreign_vgem, WIDTH, HEIGHT))
		return;
	check_mapping(&foreign, &handle);
	check_ioctls(handle);
	check_draws(handle);
	again = prime_export(card.fd, handle);
	check(prime_is_same(again, foreign.dma_buf), "exported again: %d", again);
	close(again);
	ret = prime_import(card.fd, foreign.dma_buf, &foreign.pixels.fb);
	check(!ret && foreign.pixels.fb == handle,
	      "again: %d, handle %u, not %u", ret, foreign.pixels.fb, handle);
	foreign.pixels.fb = 0;
	prime_close_handle(card.fd, handle);
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* Framebuffers that its buffer does not hold. */
static void too_small(void)
{
	struct dumb frame, wrong;
	struct foreign foreign;
	int ret;

	if (!foreign_want(&foreign, &foreign_vgem, WIDTH, HEIGHT))
		return;
	wrong = foreign.pixels;
	wrong.height++;
	ret = prime_frame(&frame, card.fd, foreign.dma_buf, &wrong,
			  DRM_FORMAT_XRGB8888);
	check(ret == -EINVAL, "a row too many: %d", ret);
	wrong = foreign.pixels;
	wrong.pitch += 4;
	ret = prime_frame(&frame, card.fd, foreign.dma_buf, &wrong,
			  DRM_FORMAT_XRGB8888);
	check(ret == -EINVAL, "rows too long: %d", ret);
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* A framebuffer of what its exporter maps for nobody is refused, no more. */
static void without_mapping(void)
{
	struct foreign foreign;
	struct dumb frame;
	uint32_t handle;
	int ret;

	if (!foreign_want(&foreign, &foreign_udmabuf, WIDTH, HEIGHT))
		return;
	ret = prime_import(card.fd, foreign.dma_buf, &handle);
	check(!ret, "import: %d", ret);
	prime_close_handle(card.fd, handle);
	ret = prime_frame(&frame, card.fd, foreign.dma_buf, &foreign.pixels,
			  DRM_FORMAT_XRGB8888);
	if (!ret) {
		dumb_destroy(&frame);
		ktap_skip("udmabuf of this kernel maps for the kernel");
	} else {
		check(ret == -EOPNOTSUPP, "a framebuffer: %d", ret);
	}
	foreign_destroy(&foreign);
	check_nothing_left();
}

/* Our buffers with them -------------------------------------------------------------------- */

static int open_vgem(void)
{
	char path[32];
	int fd = card_open_driver("vgem", 0, path, sizeof(path));

	if (fd < 0)
		ktap_skip("this machine has no vgem");
	return fd;
}

/* One of ours that vgem has. */
struct loan {
	uint32_t handle; /* vgem's */
	int dma_buf;
};

static struct loan lend(int vgem, uint32_t ours)
{
	struct loan loan = { .dma_buf = prime_export(card.fd, ours) };
	int ret = prime_import(vgem, loan.dma_buf, &loan.handle);

	check(!ret, "export %d, import by vgem: %d", loan.dma_buf, ret);
	return loan;
}

static void give_back(int vgem, const struct loan *loan)
{
	prime_close_handle(vgem, loan->handle);
	close(loan->dma_buf);
}

/*
 * The pages of a buffer that nobody has touched are there when vgem wants them:
 * so much memory is not free any more, or most of it when others gave some back.
 */
static void lent_untouched(void)
{
	int vgem = open_vgem(), ret;
	uint64_t before, set = 0;
	struct loan loan;
	struct dumb dumb;
	uint32_t *map;

	if (vgem < 0)
		return;
	ret = dumb_create(&dumb, card.fd, LARGE, LARGE);
	check(!ret, "a buffer: %d", ret);
	before = meminfo_bytes("MemFree");
	loan = lend(vgem, dumb.handle);
	check(meminfo_bytes("MemFree") + dumb.size / 4 * 3 < before,
	      "of %" PRIu64 " bytes %" PRIu64 " are free afterwards", before,
	      meminfo_bytes("MemFree"));
	dumb_close(&dumb);
	map = prime_mmap(loan.dma_buf, dumb.size);
	give_back(vgem, &loan);
	if (check(map, "mmap: errno %d", errno)) {
		for (uint64_t i = 0; i < dumb.size / 4; i++)
			set += map[i] != 0;
		munmap(map, dumb.size);
	}
	check(!set, "%" PRIu64 " words are not zero", set);
	close(vgem);
	check_nothing_left();
}

static void lent_from_vram(void)
{
	int vgem = open_vgem(), ret;
	struct object object;
	struct loan loan;

	if (vgem < 0)
		return;
	ret = object_alloc(&object, card.fd, 256 << 10);
	check(!ret, "ALLOC: %d", ret);
	memset(object.map, 0x77, object.bytes);
	loan = lend(vgem, object.handle);
	counter_check(card.path, "vram_used_bytes", 0);
	check(((uint8_t *)object.map)[object.bytes - 1] == 0x77,
	      "what was written to VRAM");
	give_back(vgem, &loan);
	object_destroy(&object);
	close(vgem);
	check_nothing_left();
}

/* The host's surface goes to memory, with what was drawn, and can come back. */
static void lent_surface(void)
{
	static const struct drm_mode_rect area = { 10, 10, 90, 50 };
	int vgem = open_vgem(), ret;
	struct exec_draw draw;
	struct canvas canvas;
	struct raster seen;
	struct loan loan;
	uint64_t wrong;

	if (vgem < 0)
		return;
	if (!canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, 128,
			   128, false, 1))
		return;
	canvas_fill(&canvas, &area, 0x123456);
	loan = lend(vgem, canvas.surface.object.handle);
	counter_check(card.path, "surface_used_bytes", 0);
	/* Without UPDATE_AREA: it is in memory already. */
	seen = surface_raster(&canvas.surface);
	wrong = raster_differences(&seen, &canvas.want);
	check(!wrong, "%" PRIu64 " pixels differ", wrong);
	exec_fill(&draw, &canvas.surface, &area, 1);
	ret = exec_send(card.fd, &draw, 1);
	check(ret == -EBUSY, "a draw while vgem has it: %d", ret);
	give_back(vgem, &loan);
	close(vgem);
	canvas_fill(&canvas, &area, 0x654321);
	canvas_check(&canvas, "after vgem had it");
	canvas_destroy(&canvas);
	check_nothing_left();
}

/* A surface that is the screen does not leave it for anybody. */
static void lent_screen(void)
{
	int vgem = open_vgem(), dma_buf, ret;
	struct surface surface;
	uint32_t handle = 0, fb = 0;

	if (vgem < 0)
		return;
	ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			    HEIGHT, false);
	if (!ret)
		ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32,
				   surface.stride, surface.object.handle, &fb);
	if (!ret)
		ret = card_show(&card, &mode, fb, 0, 0, 0);
	check(!ret, "show a surface: %d", ret);
	dma_buf = prime_export(card.fd, surface.object.handle);
	ret = prime_import(vgem, dma_buf, &handle);
	check(ret == -EBUSY, "while it is the screen: %d", ret);
	card_off(&card);
	ret = prime_import(vgem, dma_buf, &handle);
	check(!ret, "afterwards: %d", ret);
	close(dma_buf);
	close(vgem);
	drmModeRmFB(card.fd, fb);
	object_destroy(&surface.object);
}

/* Unbinding ---------------------------------------------------------------------------------- */

static void check_card_gone(const struct foreign *foreign)
{
	uint32_t handle;
	int ret = prime_import(card.fd, foreign->dma_buf, &handle);

	check(ret == -ENODEV, "import by the device that is gone: %d", ret);
}

/* Mappings show nothing any more, which is TTM's way; reading them does no harm. */
static void check_readable(int dma_buf, uint64_t bytes)
{
	const volatile uint8_t *map = prime_mmap(dma_buf, bytes);

	if (!check(map, "mmap: errno %d", errno))
		return;
	for (uint64_t i = 0; i < bytes; i += 1024)
		(void)map[i];
	munmap((void *)map, bytes);
}

/* Theirs is on show and vgem has one of ours when the device goes. */
static void unbind(struct foreign *foreign, int vgem, const char *address)
{
	struct picture picture;
	struct dumb ours, frame;
	struct loan loan;
	int ret;

	ret = dumb_frame(&ours, card.fd, WIDTH, HEIGHT);
	if (!check(!ret, "a buffer: %d", ret) || !frame_of(&frame, foreign))
		return;
	picture = dumb_picture(&ours);
	pattern_draw(&picture, 31);
	loan = lend(vgem, ours.handle);
	show(&frame);
	ret = plug_unbind(address);
	check(!ret, "unbind: %d", ret);
	check_card_gone(foreign);
	paint(foreign, 32);
	check_readable(loan.dma_buf, ours.size);
	ret = plug_bind(address);
	check(!ret, "bind: %d", ret);
	foreign_destroy(foreign);
	give_back(vgem, &loan);
	dumb_destroy(&frame);
	dumb_destroy(&ours);
}

/* What an earlier life of the device has exported is another device's. */
static void show_from_before(int dma_buf, const struct dumb *like)
{
	struct dumb frame;
	int ret = prime_frame(&frame, card.fd, dma_buf, like,
			      DRM_FORMAT_XRGB8888);

	if (!check(!ret, "a framebuffer of it: %d", ret))
		return;
	close(dma_buf);
	if (show(&frame))
		check_plain("from-before", "qxl", 33);
	card_off(&card);
	dumb_destroy(&frame);
}

static void device_goes(void)
{
	struct picture picture;
	struct foreign foreign;
	struct dumb before, like;
	int vgem = open_vgem(), dma_buf, ret;
	char address[PLUG_ADDRESS];

	if (vgem < 0 || !foreign_want(&foreign, &foreign_vgem, WIDTH, HEIGHT))
		return;
	card_pci_address(&card, address, sizeof(address));
	ret = dumb_frame(&before, card.fd, WIDTH, HEIGHT);
	check(!ret, "a buffer: %d", ret);
	picture = dumb_picture(&before);
	pattern_draw(&picture, 33);
	dma_buf = prime_export(card.fd, before.handle);
	like = before;
	unbind(&foreign, vgem, address);
	dumb_destroy(&before);
	card_close(&card);
	close(vgem);
	ret = plug_open(&card, address);
	if (ret)
		ktap_bail("the device did not come back: %d", ret);
	counter_read(card.path, "bos", &bos_before);
	show_from_before(dma_buf, &like);
	check_nothing_left();
}

#define SCANOUT(of)                        \
	{                                  \
		.name = "scanout of " #of, \
		.run_with = scanout,       \
		.arg = &foreign_##of,      \
	}

static const struct ktap_case cases[] = {
	SCANOUT(vgem),
	SCANOUT(virtio),
	SCANOUT(qxl),
	SCANOUT(udmabuf),
	SCANOUT(heap),
	{ .name = "pointer of vgem", .run = pointer },
	{ .name = "the exporter's fence is waited for",
	  .run = fence_is_waited_for },
	{ .name = "framebuffers come and go at once",
	  .run = come_and_go_at_once },
	{ .name = "the processor's access is announced",
	  .run = access_is_announced },
	{ .name = "what is refused", .run = refused },
	{ .name = "framebuffers larger than their buffer", .run = too_small },
	{ .name = "an exporter that does not map", .run = without_mapping },
	{ .name = "lent before it was touched", .run = lent_untouched },
	{ .name = "lent from VRAM", .run = lent_from_vram },
	{ .name = "a surface is lent", .run = lent_surface },
	{ .name = "the screen is not lent", .run = lent_screen },
	{ .name = "the device goes", .run = device_goes },
};

static int write_reference(uint32_t seed, const char *path)
{
	struct picture picture = picture_new(WIDTH, HEIGHT);
	int ret;

	pattern_draw(&picture, seed);
	paint_damage(&picture, seed);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[1], "--reference"))
		return write_reference(strtoul(argv[2], NULL, 10), argv[3]);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_close(&card);
	return status;
}
