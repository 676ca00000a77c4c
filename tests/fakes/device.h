// SPDX-License-Identifier: GPL-2.0-only
// A QXL device as the guest sees one: QEMU's registers and SPICE's consumer.
// Every rule of FACTS "Device rules" that the guest breaks is a violation.
//
// Deterministic use: the test (or a wait in the fake kernel) calls step().
// Threaded use: start_thread() steps on its own, like the server's worker.
#pragma once

#include <spice/qxl_dev.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "kernel.h"
#include "memory.h"

namespace fake {

struct DeviceConfig {
  uint64_t ram_bytes = 16 << 20;
  uint64_t vgamem_bytes = 4 << 20;
  uint64_t surface_bytes = 8 << 20;
  uint32_t n_surfaces = 1024;
  uint32_t id = 0;  // 0 is the VGA-compatible one: starts in VGA mode
  uint32_t revision = 5;
};

// What the host does wrong, for tests of the guest's defences.
struct Misbehaviour {
  std::atomic<bool> never_answers_async{false};
  std::atomic<bool> stops_consuming{false};
  std::atomic<bool> stops_drawing{false};   // the display's ring alone
  std::atomic<bool> stops_pointing{false};  // the cursor's
  std::atomic<bool> ignores_oom{false};
  std::atomic<bool> keeps_releases{false};
};

// Memory the host still reads: the guest must leave it alone.
struct Region {
  const uint8_t *at;
  uint64_t bytes;
  uint64_t hash;
};

// The host's picture of a surface, packed, and where the guest has it.
struct Canvas {
  uint32_t width = 0;  // 0: there is none
  uint32_t height = 0;
  unsigned bpp = 0;    // bytes per pixel
  int32_t stride = 0;  // in memory; negative: from the bottom up
  uint8_t *memory = nullptr;
  std::vector<uint8_t> pixels;

  void create(uint32_t w, uint32_t h, uint32_t format, int32_t pitch, uint8_t *at, bool keep_data);
  void write_back(const QXLRect &area) const;
  uint8_t *row(uint32_t y) const;
  uint8_t *at(int64_t x, int64_t y) { return &pixels.at((uint64_t)(y * width + x) * bpp); }
};

struct Drawing {
  uint8_t type;     // QXL_DRAW_*
  uint32_t target;  // surface id
  QXLRect bbox;
  std::vector<QXLRect> clips;
  uint32_t rop;
  uint32_t color;
  QXLRect source;
  std::optional<uint32_t> source_surface;
  std::vector<const uint8_t *> rows;  // else: of the source, top first
  uint32_t effect;
};

// A command the host has taken and not given back.
struct Held {
  QXLReleaseInfo *info;
  uint64_t id;
  std::vector<Region> regions;
  std::optional<Drawing> drawing;    // not rendered yet
  std::optional<uint32_t> destroys;  // this surface
};

struct Surface {
  QXLSurface desc;
  Held create;
  Canvas canvas;
};

struct CursorState {
  bool visible = false;
  int x = 0;
  int y = 0;
  unsigned width = 0;
  unsigned height = 0;
  unsigned hot_x = 0;
  unsigned hot_y = 0;
  std::vector<uint32_t> pixels;
};

struct PrimaryState {
  uint32_t width;
  uint32_t height;
  int32_t stride;
  uint32_t format;
  uint64_t mem;
};

struct DeviceStats {
  std::map<uint32_t, uint32_t> port_writes;
  uint32_t draws = 0;
  uint32_t copies = 0;
  uint32_t fills = 0;
  uint32_t surface_copies = 0;
  uint32_t bit_copies = 0;
  uint32_t composites = 0;
  uint32_t cached_images = 0;
  uint32_t cursor_sets = 0;
  uint32_t cursor_moves = 0;
  uint32_t cursor_hides = 0;
  uint32_t surface_creates = 0;
  uint32_t surface_destroys = 0;
  uint32_t interrupts = 0;
  uint32_t largest_batch = 0;
  size_t held_by_primary = 0;  // drawables, when it was destroyed last
  uint64_t copied_pixels = 0;
  QXLRect last_copy = {};  // its bounding box
  uint64_t held_bytes_max = 0;
  bool stream_friendly = true;  // all copies could become video
};

class FakeDevice {
 public:
  explicit FakeDevice(const DeviceConfig &config = {});
  ~FakeDevice();
  FakeDevice(const FakeDevice &) = delete;
  FakeDevice &operator=(const FakeDevice &) = delete;

  // For the guest.
  qxl_device *handle() { return &handle_; }
  qxl_resources resources() const;
  void port_write(uint32_t port, uint8_t value);

  // Called when the interrupt line goes up, never with a lock held.
  std::function<void()> on_interrupt;
  // Then, out of interrupt context: deferred work on another thread.
  std::function<void()> after_interrupt;
  // The guest can turn the line off (PCI command, INTx disable). It must
  // when the device reports a guest bug: from then on the device ignores
  // UPDATE_IRQ as well, and the line stays up until a reset.
  std::atomic<bool> intx_enabled{true};
  // Takes the interrupt while the line is up.
  void deliver_interrupts();

  // One round of the host: finishes an async I/O, consumes what is on
  // the rings, releases what it is done with. True when it did anything.
  bool step();
  // Steps until nothing is left to do.
  void drain();

  void start_thread();
  void stop_thread();

  // Releases: at most this many drawables are kept once processed.
  std::atomic<size_t> hold_last{0};
  // What NOTIFY_OOM gives up when nothing else is there to give back.
  std::atomic<size_t> oom_frees{SIZE_MAX};
  // Commands taken per step().
  std::atomic<uint32_t> commands_per_step{UINT32_MAX};
  Misbehaviour bad;

  // Acts of the host.
  void release_held(size_t count);
  void flush_releases();
  void raise(uint32_t interrupts);
  void push_raw_release(uint64_t id);
  void set_client_capability(unsigned bit);
  void set_guest_bug();
  // Takes the device out of the machine: what asks for an interrupt of it then
  // is a violation, for QEMU 7.2 aborts.
  void take_out();

  // What the host sees, after taking what is on the rings.
  std::vector<uint32_t> picture();
  uint32_t pixel(int x, int y);
  PrimaryState primary();
  bool has_primary();
  CursorState cursor();
  std::vector<QXLHead> monitors();
  uint16_t monitors_max_allowed();
  bool has_surface(uint32_t id);
  // Of any surface, 0 too: rows without what is between them. Composites
  // and raster operations other than PUT leave the picture as it was.
  std::vector<uint8_t> surface_pixels(uint32_t id);
  // The client's, for tests that give one id to many pictures.
  void forget_cache();
  size_t surfaces();
  size_t held();
  std::vector<uint64_t> held_ids();
  DeviceStats stats();
  void clear_stats();
  bool guest_bug();

  // Raw access for tests of hostile hosts and of the protocol.
  QXLRam *ram() const;
  QXLRom *rom() const { return (QXLRom *)rom_.data(); }
  QXLReleaseInfo *held_info(size_t index);
  const DeviceConfig &config() const { return config_; }
  uint8_t *surface_memory() const { return surface_bar_.data(); }
  uint8_t *ram_memory() const { return ram_.data(); }
  void check_rom_unchanged();

  static constexpr uint64_t ram_base = 0xc0000000;
  static constexpr uint64_t surface_base = 0xd0000000;
  static constexpr uint64_t rom_bytes = 8192;
  static constexpr unsigned slots = 8;

 private:
  enum class Mode { undefined, vga, native };

  struct Slot {
    bool active = false;
    uint8_t *start = nullptr;
    uint64_t bytes = 0;
    bool in_ram = false;
  };

  // device.cc
  void write_rom();
  void init_ram();
  void reset();
  void bug(const char *format, ...) __attribute__((format(printf, 2, 3)));
  void raise_locked(uint32_t interrupts);
  void update_irq();

  // device_ports.cc
  bool is_late_wake_up(uint32_t port);
  bool rings_empty();
  bool begin_async(uint32_t port);
  bool finish_async();
  void dispatch(uint32_t port, uint8_t value);
  void add_slot(uint8_t index);
  void create_primary();
  void destroy_primary();
  void update_area();
  void set_monitors();
  void out_of_memory();

  // device_consumer.cc
  bool step_locked();
  bool consume();
  bool consume_cursor();
  void flush_commands();
  bool ring_allowed(const char *ring);
  void take(const QXLCommand &command);
  void take_cursor(const QXLCommand &command);
  void take_draw(QXLPHYSICAL at);
  void take_surface(QXLPHYSICAL at);
  void trim_held();

  // device_parse.cc
  template <typename T>
  T *resolve(QXLPHYSICAL at, uint64_t bytes, const char *what, bool in_ram = false);
  bool hold(Held &held, QXLPHYSICAL at, uint64_t bytes, const char *what);
  bool parse_clip(const QXLClip &clip, Held &held, Drawing &drawing);
  bool check_target(const Drawing &drawing);
  bool check_dependencies(const QXLDrawable &draw);
  bool parse_body(const QXLDrawable &draw, Held &held, Drawing &drawing);
  const QXLImage *parse_image(QXLPHYSICAL at, Held &held);
  Canvas *parse_surface_image(const QXLImage &image, const QXLDrawable &draw);
  bool parse_copy(const QXLDrawable &draw, Held &held, Drawing &drawing);
  bool parse_copy_bitmap(const QXLImage &image, Held &held, Drawing &drawing);
  bool parse_copy_surface(const QXLImage &image, const QXLDrawable &draw, Drawing &drawing);
  bool parse_fill(const QXLFill &fill, Drawing &drawing);
  bool parse_copy_bits(const QXLCopyBits &bits, Drawing &drawing);
  bool parse_composite(const QXLDrawable &draw, Held &held);
  bool parse_bitmap(const QXLBitmap &bitmap, Held &held, Drawing &drawing);
  std::optional<std::vector<const uint8_t *>> chunks(QXLPHYSICAL at, uint64_t wanted, uint64_t row,
                                                     Held &held, const char *what);
  bool parse_cursor(const QXLCursorCmd &command, Held &held, CursorState &state);
  void check_cache(uint64_t unique, uint64_t hash, const char *what);

  // device_render.cc
  Canvas *canvas(uint32_t id);
  void render(Held &held);
  void render_rect(const Drawing &drawing, const QXLRect &area);
  void render_pending();

  // device_release.cc
  void release(Held &held);
  void push_releases(bool flush);
  void check_unchanged(const Held &held);

  void thread_main();

  DeviceConfig config_;
  BarMemory rom_, ram_, surface_bar_;
  qxl_device handle_;
  QXLRom shadow_rom_ = {};

  std::mutex mutex_;  // all below; never held while calling the guest
  Mode mode_ = Mode::undefined;
  bool guest_bug_ = false;
  bool taken_out_ = false;
  bool primary_seen_ = false;
  uint32_t async_ = UINT32_MAX;
  Slot slots_[slots];
  PrimaryState primary_ = {};
  Canvas picture_;  // of surface 0
  CursorState cursor_;
  std::optional<Held> cursor_shape_;
  std::deque<Held> held_;
  std::map<uint32_t, Surface> surfaces_;
  std::map<uint64_t, uint64_t> cache_;
  std::vector<QXLHead> monitors_;
  uint16_t max_allowed_ = 0;
  DeviceStats stats_;
  bool oom_running_ = false;
  uint32_t bunch_ = 0;  // releases in the bunch not pushed yet
  QXLReleaseInfo *last_release_ = nullptr;

  std::atomic<bool> line_{false};
  std::condition_variable kicked_;
  bool kick_ = false;
  bool quit_ = false;
  std::thread thread_;
};

uint64_t hash_of(const uint8_t *at, uint64_t bytes);
// Of SPICE_SURFACE_FMT_*; 0: no surface has it.
unsigned surface_bytes_per_pixel(uint32_t format);

// Words of the rings are shared with the guest's threads.
inline uint32_t load(const void *word) {
  return __atomic_load_n((const uint32_t *)word, __ATOMIC_SEQ_CST);
}
inline void store(void *word, uint32_t value) {
  __atomic_store_n((uint32_t *)word, value, __ATOMIC_SEQ_CST);
}

}  // namespace fake
