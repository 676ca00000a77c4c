// SPDX-License-Identifier: GPL-2.0-only
#include "canvas.h"

#include <inttypes.h>

#include "ktap.h"

bool canvas_create(struct canvas *canvas, int fd, uint32_t format,
		   uint32_t width, uint32_t height, bool bottom_up,
		   uint32_t seed)
{
	int ret = surface_alloc(&canvas->surface, fd, format, width, height,
				bottom_up);
	struct raster raster;

	canvas->want = (struct raster){};
	if (!check(!ret, "surface of %ux%u, format %u: %d", width, height,
		   format, ret))
		return false;
	canvas->want = raster_new(format, width, height);
	raster_noise(&canvas->want, seed);
	raster = surface_raster(&canvas->surface);
	raster_noise(&raster, seed);
	return true;
}

void canvas_destroy(struct canvas *canvas)
{
	object_destroy(&canvas->surface.object);
	raster_free(&canvas->want);
}

void canvas_close(struct canvas *canvas)
{
	object_destroy(&canvas->surface.object);
}

bool canvas_check(const struct canvas *canvas, const char *what)
{
	struct raster raster = surface_raster(&canvas->surface);
	int ret = surface_update(&canvas->surface);
	uint64_t differences;

	if (!check(!ret, "%s: UPDATE_AREA: %d", what, ret))
		return false;
	differences = raster_differences(&raster, &canvas->want);
	return check(!differences, "%s: %" PRIu64 " of %ux%u pixels differ",
		     what, differences, raster.width, raster.height);
}

void canvas_fill(struct canvas *canvas, const struct drm_mode_rect *area,
		 uint32_t pixel)
{
	struct exec_draw draw;
	int ret;

	exec_fill(&draw, &canvas->surface, area, pixel);
	ret = exec_send(canvas->surface.object.fd, &draw, 1);
	check(!ret, "fill: %d", ret);
	raster_fill(&canvas->want, area, pixel);
}

void canvas_copy(struct canvas *to, const struct drm_mode_rect *area,
		 const struct canvas *from, int32_t x, int32_t y,
		 struct exec_memory *memory)
{
	struct exec_draw draw;
	int ret;

	exec_copy(&draw, &to->surface, area, x, y);
	exec_image_surface(&draw, memory,
			   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
			   &from->surface);
	ret = exec_send(to->surface.object.fd, &draw, 1);
	check(!ret, "copy of a surface: %d", ret);
	raster_copy(&to->want, area, &from->want, x, y);
}

void canvas_copy_bits(struct canvas *canvas, const struct drm_mode_rect *area,
		      int32_t x, int32_t y)
{
	struct exec_draw draw;
	int ret;

	exec_copy_bits(&draw, &canvas->surface, area, x, y);
	ret = exec_send(canvas->surface.object.fd, &draw, 1);
	check(!ret, "copy bits: %d", ret);
	raster_copy(&canvas->want, area, &canvas->want, x, y);
}
