// SPDX-License-Identifier: GPL-2.0-only
// The fakes notice what they are there to notice.
#include <thread>

#include "rig.h"

namespace {

class Fakes : public fake::KernelTest {
      protected:
	void expect_one(const std::string &part)
	{
		const auto found = forgive();

		ASSERT_EQ(found.size(), 1u) << part;
		EXPECT_NE(found[0].find(part), std::string::npos) << found[0];
	}
};

TEST_F(Fakes, RecursiveLock)
{
	qxl_k_mutex *mutex = qxl_k_mutex_create();

	qxl_k_mutex_lock(mutex);
	qxl_k_mutex_lock(mutex);
	expect_one("recursively");
	qxl_k_mutex_unlock(mutex);
	qxl_k_mutex_unlock(mutex);
	qxl_k_mutex_destroy(mutex);
}

TEST_F(Fakes, UnlockByAStranger)
{
	qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);

	qxl_k_spinlock_lock(lock);
	std::thread([&] { qxl_k_spinlock_unlock(lock); }).join();
	expect_one("does not hold");
	qxl_k_spinlock_unlock(lock);
	qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, SleepingUnderASpinlock)
{
	qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
	qxl_k_event *event = qxl_k_event_create();

	qxl_k_spinlock_lock(lock);
	qxl_k_free(qxl_k_alloc(8));
	expect_one("alloc");
	qxl_k_event_wait(event, 0, 10);
	expect_one("event_wait");
	qxl_k_mutex_destroy(qxl_k_mutex_create());
	expect_one("mutex_create");
	qxl_k_spinlock_unlock(lock);
	qxl_k_idr_preload();
	qxl_k_free(qxl_k_alloc(8));
	expect_one("alloc");
	qxl_k_idr_preload_end();
	qxl_k_event_destroy(event);
	qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, LockOrderAndInterrupts)
{
	qxl_k_spinlock *outer = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
	qxl_k_spinlock *inner = qxl_k_spinlock_create(QXL_K_LOCK_SURFACE_IDS);

	qxl_k_spinlock_lock(inner);
	qxl_k_spinlock_lock(outer);
	expect_one("taken inside");
	qxl_k_spinlock_unlock(outer);
	qxl_k_spinlock_unlock(inner);
	{
		fake::IrqSection irq;
		qxl_k_spinlock_lock(outer);
		expect_one("interrupt handler");
		qxl_k_spinlock_unlock(outer);
	}
	qxl_k_spinlock_destroy(outer);
	qxl_k_spinlock_destroy(inner);
}

TEST_F(Fakes, Leaks)
{
	void *memory = qxl_k_alloc(8);
	qxl_k_mutex *mutex = qxl_k_mutex_create();

	kernel.check_nothing_left();
	expect_one("1 allocations, 0 events, 0 idrs, 1 mutexes");
	qxl_k_free(memory);
	qxl_k_mutex_destroy(mutex);
}

TEST_F(Fakes, HeldLockAtTheEnd)
{
	qxl_k_mutex *mutex = qxl_k_mutex_create();

	qxl_k_mutex_lock(mutex);
	qxl_k_mutex_destroy(mutex);
	expect_one("destroyed while held");
	kernel.reset();
}

TEST_F(Fakes, FailTheNth)
{
	kernel.fail_allocation_at(2);
	void *one = qxl_k_alloc(8), *two = qxl_k_alloc(8),
	     *three = qxl_k_alloc(8);
	EXPECT_NE(one, nullptr);
	EXPECT_EQ(two, nullptr);
	EXPECT_NE(three, nullptr);
	EXPECT_TRUE(kernel.allocation_failed());
	qxl_k_free(one);
	qxl_k_free(three);
}

TEST_F(Fakes, FenceTwice)
{
	qxl_fence fence;

	qxl_k_fence_signal(&fence, 0);
	qxl_k_fence_signal(&fence, 0);
	expect_one("twice");
}

TEST_F(Fakes, IdrRules)
{
	qxl_k_idr *idr = qxl_k_idr_create();
	qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
	int x;

	EXPECT_EQ(qxl_k_idr_find(idr, 1), nullptr);
	expect_one("no lock held");
	qxl_k_idr_preload();
	qxl_k_spinlock_lock(lock);
	EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 1);
	EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 2);
	qxl_k_idr_remove(idr, 1);
	EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 3); // cyclic
	EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 1);
	EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), -ENOSPC);
	qxl_k_idr_replace(idr, 2, &x);
	EXPECT_EQ(qxl_k_idr_find(idr, 2), &x);
	EXPECT_EQ(qxl_k_idr_find(idr, 3), nullptr);
	qxl_k_idr_remove(idr, 9);
	expect_one("not reserved");
	for (uint32_t id : {1, 2, 3})
		qxl_k_idr_remove(idr, id);
	qxl_k_spinlock_unlock(lock);
	qxl_k_idr_preload_end();
	qxl_k_idr_destroy(idr);
	qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, WaitingMovesTheClock)
{
	qxl_k_event *event = qxl_k_event_create();
	const uint64_t before = qxl_k_time_ms();

	EXPECT_FALSE(qxl_k_event_wait(event, 0, 40000));
	EXPECT_EQ(qxl_k_time_ms(), before + 40000);
	qxl_k_event_signal(event);
	EXPECT_TRUE(qxl_k_event_wait(event, 0, 40000));
	EXPECT_EQ(qxl_k_time_ms(), before + 40000);
	qxl_k_event_destroy(event);
}

TEST_F(Fakes, PromotionNeedsTheLock)
{
	qxl_bo bo;

	EXPECT_TRUE(qxl_k_bo_get_unless_zero(&bo));
	expect_one("no spinlock");
}

// The device: each rule, broken by hand.
class Rules : public fake::KernelTest {
      protected:
	static constexpr uint64_t draw_at = 8 << 20;

	void SetUp() override
	{
		KernelTest::SetUp();
		ram().int_mask = 0x2f;
		ram().mem_slot = {device.ram_base, device.ram_base + (15 << 20)};
		write(QXL_IO_MEMSLOT_ADD, 1);
		ram().create_surface = {.width = 64,
					.height = 64,
					.stride = 256,
					.format = SPICE_SURFACE_FMT_32_xRGB,
					.position = 0,
					.mouse_mode = 0,
					.flags = 0,
					.type = 0,
					.mem = 1ull << 56};
	}
	void native()
	{
		write(QXL_IO_CREATE_PRIMARY);
		ASSERT_TRUE(device.has_primary());
	}
	QXLRam &ram() { return *device.ram(); }
	void write(uint32_t port, uint8_t value = 0)
	{
		device.port_write(port, value);
	}
	QXLDrawable &draw()
	{
		return *(QXLDrawable *)(device.ram_memory() + draw_at);
	}
	// A fill that breaks no rule.
	void good_fill()
	{
		draw() = {};
		draw().release_info.id = 1;
		draw().type = QXL_DRAW_FILL;
		draw().effect = QXL_EFFECT_OPAQUE;
		draw().bbox = {0, 0, 8, 8};
		for (int i = 0; i < 3; i++)
			draw().surfaces_dest[i] = -1;
		draw().u.fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
		draw().u.fill.brush.u.color = 0x123456;
		draw().u.fill.rop_descriptor = SPICE_ROPD_OP_PUT;
	}
	void push(uint32_t type = QXL_CMD_DRAW,
		  uint64_t at = (1ull << 56) | draw_at)
	{
		QXLCommandRing &ring = ram().cmd_ring;

		ring.items[ring.prod & 31].el = {at, type, 0};
		ring.prod = ring.prod + 1;
		device.step();
	}
	void expect_broken(const std::string &part)
	{
		const auto found = forgive();

		ASSERT_FALSE(found.empty()) << part;
		EXPECT_NE(found[0].find(part), std::string::npos) << found[0];
	}

	fake::FakeDevice device;
};

TEST_F(Rules, GoodFillIsFine)
{
	native();
	good_fill();
	push();
	EXPECT_EQ(device.pixel(3, 3), 0x123456u);
	EXPECT_TRUE(forgive().empty());
}

TEST_F(Rules, TwoAsyncs)
{
	write(QXL_IO_CREATE_PRIMARY_ASYNC);
	write(QXL_IO_DESTROY_PRIMARY_ASYNC);
	expect_broken("started before");
	// guest_bug: everything but RESET is ignored.
	write(QXL_IO_DESTROY_PRIMARY);
	EXPECT_TRUE(device.has_primary());
	write(QXL_IO_RESET);
	EXPECT_FALSE(device.guest_bug());
}

TEST_F(Rules, PrimaryTooLarge)
{
	ram().create_surface.height = 20000;
	write(QXL_IO_CREATE_PRIMARY_ASYNC);
	expect_broken("CREATE_PRIMARY");
	device.step();
	EXPECT_EQ(ram().int_pending & QXL_INTERRUPT_IO_CMD, 0u);
}

TEST_F(Rules, PrimaryStride)
{
	ram().create_surface.stride = 257;
	write(QXL_IO_CREATE_PRIMARY);
	expect_broken("stride 257");
}

TEST_F(Rules, PrimaryTwice)
{
	native();
	write(QXL_IO_CREATE_PRIMARY);
	expect_broken("while there is one");
}

TEST_F(Rules, PrimaryValue)
{
	write(QXL_IO_CREATE_PRIMARY, 1);
	expect_broken("value");
}

TEST_F(Rules, InterruptMask)
{
	for (uint32_t mask : {0xfu, ~0u}) {
		ram().int_mask = mask;
		write(QXL_IO_CREATE_PRIMARY);
		expect_broken("int_mask");
		write(QXL_IO_DESTROY_PRIMARY);
	}
}

TEST_F(Rules, Slots)
{
	write(QXL_IO_MEMSLOT_ADD, 1);
	expect_broken("active");
	write(QXL_IO_RESET);
	ram().mem_slot = {device.ram_base, device.ram_base + (17 << 20)};
	write(QXL_IO_MEMSLOT_ADD, 2);
	expect_broken("no BAR");
	write(QXL_IO_RESET);
	ram().mem_slot = {device.ram_base + 4096, device.ram_base};
	write(QXL_IO_MEMSLOT_ADD, 2);
	expect_broken("start");
	write(QXL_IO_RESET);
	write(QXL_IO_MEMSLOT_ADD, 8);
	expect_broken("slot 8");
}

TEST_F(Rules, Ports)
{
	native();
	write(99);
	expect_broken("unexpected port");
}

TEST_F(Rules, UpdateArea)
{
	native();
	ram().update_surface = 0;
	ram().update_area = {5, 5, 5, 10};
	write(QXL_IO_UPDATE_AREA);
	expect_broken("UPDATE_AREA");
	write(QXL_IO_RESET);
}

TEST_F(Rules, VgaMode)
{
	write(QXL_IO_NOTIFY_CMD); // late, with nothing on the ring
	EXPECT_TRUE(forgive().empty());
	write(QXL_IO_MONITORS_CONFIG_ASYNC);
	expect_broken("VGA mode");
	good_fill();
	push();
	expect_broken("VGA mode");
}

TEST_F(Rules, Addresses)
{
	native();
	good_fill();
	push(QXL_CMD_DRAW, (2ull << 56) | draw_at);
	expect_broken("slot 2");
	write(QXL_IO_RESET);
	SetUp();
	native();
	push(QXL_CMD_DRAW, (1ull << 56) | (1ull << 48) | draw_at);
	expect_broken("generation");
	write(QXL_IO_RESET);
	SetUp();
	native();
	push(QXL_CMD_DRAW, (1ull << 56) | ((15 << 20) - 8));
	expect_broken("leaves its slot");
}

TEST_F(Rules, Drawables)
{
	native();
	good_fill();
	draw().bbox.right = 65;
	push();
	expect_broken("outside its surface");
	good_fill();
	draw().release_info.id = 0;
	push();
	expect_broken("release id 0");
	good_fill();
	draw().type = 77;
	push();
	expect_broken("drawable type");
	good_fill();
	draw().clip.type = 9;
	push();
	expect_broken("clip type");
	good_fill();
	draw().surface_id = 3;
	push();
	expect_broken("surface 3");
	push(QXL_CMD_MESSAGE);
	expect_broken("aborts the host");
}

TEST_F(Rules, ClipChunk)
{
	auto *clip = (QXLClipRects *)(device.ram_memory() + draw_at + 4096);

	native();
	good_fill();
	draw().clip = {SPICE_CLIP_TYPE_RECTS, (1ull << 56) | (draw_at + 4096)};
	*clip = {2, {16, 0, 0, {}}};
	push();
	expect_broken("chunks hold 16 bytes instead of 32");
}

TEST_F(Rules, MemoryChangedTooEarly)
{
	native();
	device.hold_last = 10;
	good_fill();
	push();
	draw().u.fill.brush.u.color = 0;
	device.release_held(1);
	expect_broken("changed while the host held it");
}

TEST_F(Rules, MonitorsCount)
{
	auto *config = (QXLMonitorsConfig *)(device.ram_memory() + draw_at);

	native();
	ram().monitors_config = (1ull << 56) | draw_at;
	config->count = 0;
	config->max_allowed = 4;
	write(QXL_IO_MONITORS_CONFIG_ASYNC);
	expect_broken("count 0");
	device.step();
	config->count = 5;
	config->max_allowed = 4;
	write(QXL_IO_MONITORS_CONFIG_ASYNC);
	expect_broken("count 5");
}

TEST_F(Rules, OldRevisionHasNoMonitors)
{
	fake::DeviceConfig old;

	old.revision = 3;
	fake::FakeDevice other(old);
	other.port_write(QXL_IO_MONITORS_CONFIG_ASYNC, 0);
	expect_broken("revision 3");
}

} // namespace
