// SPDX-License-Identifier: GPL-2.0-only
// The primary surface and the monitors config.
#include <algorithm>

#include "rig.h"

namespace {

class Primary : public fake::CoreTest {};

TEST_F(Primary, HasTheSizeAskedFor)
{
	start(640, 480);
	EXPECT_EQ(device->primary().width, 640u);
	EXPECT_EQ(device->primary().height, 480u);
	EXPECT_EQ(device->primary().stride, 640 * 4);
}

TEST_F(Primary, IsBlackWhateverTheMemoryHeld)
{
	ASSERT_EQ(create(), 0);
	std::fill_n(device->ram_memory(), config.vgamem_bytes, 0xaa);
	ASSERT_EQ(qxl_core_start(core), 0);
	ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
	expect_picture(std::vector<uint32_t>(64 * 64, 0));
}

TEST_F(Primary, SameSizeIsNoWork)
{
	start(640, 480);
	device->clear_stats();
	ASSERT_EQ(qxl_core_set_primary(core, 640, 480), 0);
	EXPECT_TRUE(device->stats().port_writes.empty());
}

TEST_F(Primary, AnotherSizeDestroysTheOldOneFirst)
{
	start(640, 480);
	device->clear_stats();
	ASSERT_EQ(qxl_core_set_primary(core, 800, 600), 0);
	EXPECT_EQ(device->stats().port_writes[QXL_IO_DESTROY_PRIMARY_ASYNC], 1u);
	EXPECT_EQ(device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC], 1u);
	EXPECT_EQ(device->primary().width, 800u);
}

TEST_F(Primary, SmallestAndLargest)
{
	start(1, 1);
	// 4 MiB exactly.
	EXPECT_EQ(qxl_core_set_primary(core, 1024, 1024), 0);
	EXPECT_EQ(device->primary().height, 1024u);
}

TEST_F(Primary, TooLargeIsRefusedAndTheOldOneStays)
{
	start(640, 480);
	for (auto [width, height] : std::initializer_list<
		     std::pair<uint32_t, uint32_t>>{{1024, 1025},
						    {0, 480},
						    {640, 0},
						    {65536, 65536},
						    {0x40000000, 4},
						    {~0u, ~0u}})
		EXPECT_EQ(qxl_core_set_primary(core, width, height), -EINVAL);
	EXPECT_EQ(device->primary().width, 640u);
	EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
}

TEST_F(Primary, ANewSizeGivesBackWhatTheHostHeld)
{
	start(64, 64);
	device->hold_last = 1000;
	for (int i = 0; i < 40; i++)
		ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
	ASSERT_EQ(qxl_core_set_primary(core, 96, 64), 0);
	device->flush_releases();
	pump();
	EXPECT_EQ(counters().in_flight, 0u);
}

// PEER-DEFECTS 15: a timeout is an error, in bounded time, and the device is
// lost.
TEST_F(Primary, CreateThatIsNeverAnswered)
{
	ASSERT_EQ(create(), 0);
	ASSERT_EQ(qxl_core_start(core), 0);
	device->bad.never_answers_async = true;
	const uint64_t before = kernel.now_ms();
	EXPECT_EQ(qxl_core_set_primary(core, 64, 64), -EIO);
	EXPECT_GE(kernel.now_ms() - before, 40000u);
	EXPECT_LE(kernel.now_ms() - before, 45000u);
	EXPECT_EQ(counters().lost, 1u);
	EXPECT_FALSE(kernel.log().empty());
	// And from now on at once.
	const uint64_t lost_at = kernel.now_ms();
	EXPECT_EQ(qxl_core_set_primary(core, 64, 64), -EIO);
	EXPECT_EQ(kernel.now_ms(), lost_at);
}

TEST_F(Primary, ComesBackAfterAReset)
{
	start(64, 64);
	device->bad.never_answers_async = true;
	EXPECT_EQ(qxl_core_set_primary(core, 96, 64), -EIO);
	device->bad.never_answers_async = false;
	ASSERT_EQ(qxl_core_start(core), 0);
	ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
	EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
}

class Monitors : public fake::CoreTest {};

TEST_F(Monitors, OneHead)
{
	start(640, 480);
	const qxl_head head = {0, 0, 640, 480};
	ASSERT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
	ASSERT_EQ(device->monitors().size(), 1u);
	EXPECT_EQ(device->monitors()[0].width, 640u);
	EXPECT_EQ(device->monitors()[0].height, 480u);
	EXPECT_EQ(device->monitors()[0].id, 0u);
}

TEST_F(Monitors, OnlyTheLitOnesAndTheyKeepTheirNumbers)
{
	start(640, 480);
	const qxl_head all[] = {{0, 0, 320, 480},
				{0, 0, 0, 0},
				{320, 0, 320, 480},
				{0, 0, 0, 0}};
	ASSERT_EQ(qxl_core_set_monitors(core, all, 4), 0);
	const auto shown = device->monitors();
	ASSERT_EQ(shown.size(), 2u);
	EXPECT_EQ(shown[0].id, 0u);
	EXPECT_EQ(shown[1].id, 2u);
	EXPECT_EQ(shown[1].x, 320u);
	EXPECT_GE(device->monitors_max_allowed(), 2);
}

TEST_F(Monitors, NoneLitIsRefused)
{
	start(640, 480);
	const qxl_head off = {};
	EXPECT_EQ(qxl_core_set_monitors(core, &off, 1), -EINVAL);
	EXPECT_EQ(qxl_core_set_monitors(core, &off, 0), -EINVAL);
}

TEST_F(Monitors, MoreThanTheDeviceHas)
{
	start(640, 480);
	std::vector<qxl_head> many(QXL_MAX_HEADS + 1, {0, 0, 64, 64});
	EXPECT_EQ(qxl_core_set_monitors(core, many.data(), 5), -EINVAL);
	EXPECT_EQ(qxl_core_set_monitors(core, many.data(), QXL_MAX_HEADS + 1),
		  -EINVAL);
	EXPECT_EQ(qxl_core_set_monitors(core, many.data(), 4), 0);
}

TEST_F(Monitors, NeverAnswered)
{
	start(640, 480);
	const qxl_head head = {0, 0, 640, 480};
	device->bad.never_answers_async = true;
	EXPECT_EQ(qxl_core_set_monitors(core, &head, 1), -EIO);
}

} // namespace
