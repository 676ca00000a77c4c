// SPDX-License-Identifier: GPL-2.0-only
// Drawing on the host's picture of surface 0. As late as SPICE may: when the
// command is released or somebody looks, so that memory reused too early shows.
#include <algorithm>
#include <cstring>

#include "device.h"

namespace fake {
namespace {

QXLRect intersect(const QXLRect &a, const QXLRect &b)
{
	// The plus makes values: no references into packed structures.
	return {std::max(+a.top, +b.top), std::max(+a.left, +b.left),
		std::min(+a.bottom, +b.bottom), std::min(+a.right, +b.right)};
}

} // namespace

void FakeDevice::render_rect(const Drawing &drawing, const QXLRect &area)
{
	const int width = (int)primary_.width;
	const int dx = drawing.source.left - drawing.bbox.left;
	const int dy = drawing.source.top - drawing.bbox.top;
	const std::vector<uint32_t> before =
		drawing.type == QXL_COPY_BITS ? picture_
					      : std::vector<uint32_t>{};

	for (int y = area.top; y < area.bottom; y++)
		for (int x = area.left; x < area.right; x++) {
			uint32_t pixel = drawing.color;

			if (drawing.type == QXL_DRAW_COPY)
				memcpy(&pixel,
				       drawing.rows[(size_t)(y + dy)] +
					       (size_t)(x + dx) * 4,
				       4);
			else if (drawing.type == QXL_COPY_BITS)
				pixel = before.at((size_t)((y + dy) * width +
							   x + dx));
			picture_[(size_t)(y * width + x)] = pixel & 0xffffff;
		}
}

void FakeDevice::render(Held &held)
{
	if (!held.drawing || picture_.empty())
		return;
	check_unchanged(held);
	for (const QXLRect &clip : held.drawing->clips)
		render_rect(*held.drawing, intersect(clip, held.drawing->bbox));
	held.drawing.reset();
}

void FakeDevice::render_pending()
{
	for (Held &held : held_)
		render(held);
}

} // namespace fake
