# SPDX-License-Identifier: GPL-2.0-only
"""The mutants: name, the scenario or the test that must fail, what is changed."""

LOOKUP = """  Guard guard(lock_);
  auto* bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
  return bo && qxl_k_bo_get_unless_zero(bo) ? bo : nullptr;
"""

EVICT = """  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  (void)submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong);
"""

CORE_MUTANTS = [
    # Rule 2.
    ("lookup-without-promotion", "put-lookup", [
        ("surface_ids.cc", LOOKUP, """  Guard guard(lock_);
  return static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
""")]),
    ("reference-outside-the-lock", "put-lookup", [
        ("surface_ids.cc", LOOKUP, """  qxl_bo* bo;
  {
    Guard guard(lock_);
    bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
  }
  return bo && qxl_k_bo_get_unless_zero(bo) ? bo : nullptr;
""")]),
    ("reap-without-promotion", "put-reap", [
        ("surface_ids.cc", "if (bo && qxl_k_bo_get_unless_zero(bo)) return bo;",
         "if (bo) return bo;")]),
    # Rule 3.
    ("unpublish-after-the-destroy", "put-lookup", [
        ("surface.cc", EVICT, """  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  if (!destroy) return;
  (void)submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong);
  (void)ids_.unpublish(id);
""")]),
    # Rule 4.
    ("id-freed-before-the-release", "put-create", [
        ("surface.cc", EVICT, """  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  destroy->surface = kPrimarySurface;
  ids_.free(id);
  (void)submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong);
""")]),
    ("fence-not-attached", "put-lookup", [
        ("surface.cc", "  destroy->fence = destroyed;\n", "  (void)destroyed;\n")]),
    # Rule 5.
    ("destroy-allocated-at-evict", "evict-nopool", [
        ("surface.cc", EVICT, """  if (!ids_.unpublish(id)) return;
  Release* old = std::exchange(destroys_[id.value()], nullptr);
  auto fresh = submission_.reserve_one(Pool::kSurface, kSurfaceBytes);
  if (!fresh.ok()) return;
  Release* destroy = fresh.value();
  build_surface_destroy({Submission::pointer(*destroy), submission_.address(*destroy)}, id);
  destroy->surface = id;
  destroy->fence = std::exchange(old->fence, nullptr);
  submission_.cancel(*old);
  (void)submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong);
""")]),
    # Error paths that forget something.
    ("create-forgets-its-id", "create-nopool", [
        ("surface.cc", "    ids_.free(id.value());\n    return commands.error();\n",
         "    return commands.error();\n")]),
    ("reserve-forgets-a-record", "create-nopool", [
        ("surface.cc", "    if (count == 1) submission_.cancel(*releases[0]);\n", "")]),
    ("submit-forgets-its-commands", "put-lookup+lose", [
        ("submit.cc", "      abandon(releases);\n      return some.error();", "      return some.error();")]),
    # A device that is lost.
    ("lose-signals-twice", "put-lookup+lose", [
        ("submit.cc", "    release->fence = nullptr;\n", "")]),
    ("commands-after-the-loss", "put-lookup+stop", [
        ("submit.cc", "  if (lost()) return Error::kLost;\n  if (!accepting_)",
         "  if (!accepting_)")]),
    ("reset-forgets-fences", "put-lookup+stop", [
        ("device.cc", "  forget_primary();\n  submission_.forget(error);\n",
         "  forget_primary();\n  (void)error;\n")]),
]

# Switches of tests/explore/rim.cc.
RIM_MUTANTS = [
    ("evict-after-ttm-drop", "put-reap", "evict_after_ttm_drop"),
    ("fence-not-on-the-bo", "put-lookup", "fence_not_on_bo"),
    ("move-without-evict", "move", "move_without_evict"),
    ("move-reads-the-id-again", "put-move", "move_reads_id_again"),
    ("reap-without-reservation", "reap-move", "reap_without_reservation"),
    ("closed-waits-for-nothing", "put-create", "closed_waits_for_nothing"),
    ("create-forgets-its-fence", "create-nomem", "fence_error_path_leaks"),
]

# Not of lifetimes: of what clients may say, and of what becomes of it.
UNIT_MUTANTS = [
    # The parser.
    ("relocations-of-anything", "DrawParser.RelocationsOfOtherFields", [
        ("draw_parser.cc", "  if (!all_taken()) return Error::kInvalid;\n",
         "  (void)all_taken();\n")]),
    ("first-relocation-counts", "DrawParser.TheLastOneForAFieldCounts", [
        ("draw_parser.cc", "    last = &reloc;\n", "    if (!last) last = &reloc;\n")]),
    ("surface-as-an-address", "DrawParser.SurfaceForAnAddressAndBack", [
        ("draw_parser.cc", "  if (reloc->surface) return Error::kInvalid;\n  return Place",
         "  return Place")]),
    ("address-as-a-surface", "DrawParser.Target", [
        ("draw_parser.cc", "reloc.surface && desc(reloc.src)", "desc(reloc.src)")]),
    ("raw-addresses", "DrawParser.MissingRelocations", [
        ("draw_parser.cc", "    if (raw != 0) return Error::kInvalid;\n", "    (void)raw;\n")]),
    ("chunk-not-bounded", "DrawParser.ChunkOutsideItsBo", [
        ("draw_parser.cc", "offset > memory.bytes || bytes > memory.bytes - offset ||",
         "offset > memory.bytes ||")]),
    ("chunks-short", "DrawParser.ChunkSizes", [
        ("draw_parser.cc", "  if (left != 0) return Error::kInvalid;\n", "")]),
    ("depth-not-compared", "DrawParser.SurfaceOfAnotherDepth", [
        ("draw_parser.cc", "!bo.ok() || bytes_per_pixel(desc(bo.value()).format) != depth",
         "!bo.ok()")]),
    ("rows-overlap", "DrawParser.BitmapFields", [
        ("draw_parser.cc", " || bits.stride < row ||", " ||")]),
    ("convolutions", "DrawParser.EveryFilter", [
        ("draw_parser.cc", "kLastFilter = 4", "kLastFilter = 6")]),
    # The executor.
    ("freed-before-submit", "Executor.BitmapsInAllDepths", [
        ("executor.cc", "    QXL_TRY(submission_.push(",
         "    submission_.cancel(*command);\n    QXL_TRY(submission_.push(")]),
    ("given-twice", "Executor.EachIsGivenOnce", [
        ("executor.cc", "  if (draw.image.width != 0) return execute_image(draw, bos, surfaces);\n",
         "  if (draw.image.width != 0) return execute_image(draw, bos, surfaces);\n"
         "  auto again = submission_.reserve_one(Pool::kUpload, kDrawBytes);\n"
         "  if (!again.ok()) return again.error();\n"
         "  build_draw({Submission::pointer(*again.value()), "
         "submission_.address(*again.value())}, draw, surfaces, 0);\n"
         "  QXL_TRY(submission_.submit_one(Queue::kDisplay, QXL_CMD_DRAW, *again.value()));\n")]),
    ("rows-not-packed", "Executor.BitmapsInAllDepths", [
        ("executor.cc", "      reader.skip(image.stride - row);\n", "")]),
    ("skipped-bands-not-skipped", "Bands.OnlyTheBandsThatAreSeen", [
        ("executor.cc", "      reader.skip(uint64_t{image.stride} * rows);\n", "")]),
    ("cache-id-of-a-band", "Bands.NoCacheIdOnPartsOfAnImage", [
        ("executor.cc", "  band.image.cached = false;  // the id is the whole image's\n", "")]),
    ("source-not-named", "Executor.CopyBetweenSurfaces", [
        ("protocol/draws.cc", "      depends_on(0, surfaces_.source, area);\n", "")]),
    # The primary.
    ("adopted-is-our-own", "Adopt.FromOneToTheOther", [
        ("device.cc", " && height == primary_height_ && !primary_adopted_)",
         " && height == primary_height_)")]),
    ("adopted-is-cleared", "AdoptedPrimary.StartsWithWhatIsThere", [
        ("device.cc", "  create.flags = QXL_SURF_FLAG_KEEP_DATA;\n", "")]),
    # A host that does nothing.
    ("any-queue-moves", "Backpressure.APointerThatMovesIsNoPicture", [
        ("submit.cc", "  return taken + given_back_[index_of(queue)];",
         "  (void)taken;\n  return progress_.count();")]),
    ("any-queue-stalls", "Backpressure.PicturesDoNotWaitForThePointer", [
        ("submit.cc", "  store_relaxed(&stalled_[index_of(queue)], kStalled | moved);",
         "  store_relaxed(&stalled_[0], kStalled | moves(Queue::kDisplay));")]),
    # A device that is gone.
    ("vanished-is-a-guest-bug", "Interrupt.VanishedDeviceIsNotOurs", [
        ("device.cc", " || pending == kVanished", "")]),
    ("left-with-nothing-pending", "Interrupt.DeviceThatWasLeftAsksForNone", [
        ("device.cc", "int_pending)), QXL_INTERRUPT_CLIENT);", "int_pending)), 0);")]),
    # Reading it back.
    ("read-before-it-is-drawn", "Readback.IsWhatTheHostShows", [
        ("device.cc", "  return update_area(kPrimarySurface, area);\n", "  return {};\n")]),
    ("read-when-it-failed", "Readback.NeverAnswered", [
        ("device.cc", "  QXL_TRY(update_primary(area));\n  primary_memory_.copy(",
         "  (void)update_primary(area);\n  primary_memory_.copy(")]),
    ("the-unused-byte-counts", "Readback.TheUnusedByteSaysNothing", [
        ("readback.cc", "to[i] &= kColors;", "to[i] |= 0;")]),
    ("adopted-is-read-elsewhere", "Readback.AnAdoptedPrimary", [
        ("device.cc", "  QXL_TRY(create_primary(create, memory));\n",
         "  QXL_TRY(create_primary(create, memory ? res_.ram : nullptr));\n")]),
    # Presenting what differs.
    ("sent-from-the-frame", "Shadow.PixelsChangeWhileTheyAreSent", [
        ("pixel_source.h", "    copy_pixels(to, shadow_->at(x, y), count);",
         "    frame_.copy(x, y, count, to);")]),
    ("moved-in-the-wrong-order", "Shadow.Scrolling", [
        ("shadow.cc", "move.dy > 0 ? move.dest.y2 - 1 - row : move.dest.y1 + row", "move.dest.y1 + row")]),
    ("blank-is-not-noticed", "Shadow.AfterBlankingThatIsSentAgain", [
        ("shadow_presenter.cc", "    if (head.shadow.exists() && !empty(area))",
         "    if (head.shadow.exists() && empty(area))")]),
    ("unknown-is-moved", "Shadow.WhatIsNotKnownIsNotMoved", [
        ("shadow_presenter.cc",
         "    if (empty(move.dest) || !shadow_.knows(moved(move.dest, -move.dx, -move.dy))) return {};",
         "    if (empty(move.dest)) return {};")]),
    ("a-new-layout-is-not-noticed", "Shadow.ANewPrimaryIsBlack", [
        ("shadow.cc", "  forget(extent());\n", "")]),
    ("known-from-a-part-on", "Shadow.AfterANewLayoutAllIsSentAgain", [
        ("shadow.h", "set_known(tiles_inside(rect), 1)", "set_known(tiles_around(rect), 1)")]),
    ("unlooked-at-is-known", "Shadow.LooksLessWhereNothingIsFound", [
        ("shadow_presenter.cc", "      shadow_.forget(area);\n      return send(area);",
         "      return send(area);")]),
    ("sought-in-what-is-to-come", "Shadow.NothingIsMovedFromWhereItHasBeenReplaced", [
        ("shadow_presenter.cc",
         "    QXL_TRY(flush());  // what is looked for is what the host will have by then\n", "")]),
    ("adopted-has-a-shadow", "Shadow.AnAdoptedPrimaryHasNone", [
        ("device.cc", "  if (primary_adopted_)\n    presenter_.forget_heads();\n  else\n    presenter_",
         "  presenter_")]),
    # A panic.
    ("panic-takes-the-lock", "Panic.InTheMiddleOfAPush", [
        ("device.cc", "  if (!submission_.lost()) panic_.show(",
         "  if (submission_.usable().ok()) panic_.show(")]),
    ("panic-in-upload-memory", "Panic.WritesToVramAndTheRingsAlone", [
        ("device.cc", "static_cast<uint8_t*>(res_.ram) + layout_.vram_offset,\n"
         "               layout_.vram_offset, layout_.vram_bytes);",
         "static_cast<uint8_t*>(res_.ram) + upload_offset_,\n"
         "               upload_offset_, layout_.upload_bytes);")]),
    ("panic-in-the-primary", "Panic.WritesToVramAndTheRingsAlone", [
        ("device.cc", "static_cast<uint8_t*>(res_.ram) + layout_.vram_offset,\n"
         "               layout_.vram_offset, layout_.vram_bytes);",
         "static_cast<uint8_t*>(res_.ram) + rom_.primary_offset,\n"
         "               rom_.primary_offset, rom_.primary_bytes);")]),
    ("panic-heads-on-one-place", "Panic.EachHeadHasItsOwnAtItsPlace", [
        ("panic.cc", "  for (const qxl_head& head : heads.first(index)) slice.offset += share(head);\n", "")]),
    ("panic-past-vram", "PanicWithLittleMemory.IsShared", [
        ("panic.cc", "total <= bytes_ ? wanted : wanted * bytes_ / total", "total ? wanted : 0")]),
    ("panic-waits-for-ever", "Panic.DoesNotWaitForEver", [
        ("panic.cc", "if (waits_++ >= kMaxWaits) return false;",
         "if (waits_++ >= 2 * kMaxWaits) return false;")]),
    ("panic-ring-overrun", "Panic.DoesNotWaitForEver", [
        ("panic.cc", "if (waits_++ >= kMaxWaits) return false;",
         "if (waits_++ >= kMaxWaits) break;")]),
    ("panic-does-not-wake", "Panic.WakesAHostThatDidNotAsk", [
        ("panic.cc", ".padding = 0});\n  qxl_k_port_write(dev_, notify_port, 0);\n",
         ".padding = 0});\n")]),
    # Heads' pointers.
    ("hidden-by-any-head", "SharedPointer.ShowThenHide", [
        ("cursor.cc", "  if (owner_ != head) return {};\n  owner_ = successor();\n", "  owner_ = kNobody;\n")]),
    ("nobody-succeeds", "SharedPointer.WhoHidesLastLeavesNothing", [
        ("cursor.cc", "  owner_ = successor();\n", "  owner_ = kNobody;\n")]),
    ("last-one-wins", "SharedPointer.AcrossTheBorder", [
        ("cursor.cc", "  if (!yields_to(head)) return {};\n", "")]),
    ("shape-is-not-forgotten", "SharedPointer.AnotherPrimaryNeedsTheImageAgain", [
        ("cursor.cc", "  shape_forgotten_ = true;\n", "")]),
    ("image-is-not-kept", "SharedPointer.ImagesAreKept", [
        ("cursor.cc", "  if (owner_ != kNobody && owner_ != head) keep(owner_);\n", "")]),
    ("image-goes-with-the-device", "SharedPointer.ImagesOutliveTheDevicesMemory", [
        ("cursor.cc", "  if (owner_ != kNobody) keep(owner_);\n", "")]),
    ("image-is-the-callers", "SharedPointer.ImagesAreTakenAtOnce", [
        ("cursor.cc", "  if (wanted.image.pixels == image.pixels) keep(head);  // not sent\n", "")]),
    ("image-between-primaries", "SharedPointer.SetWhileThePrimaryIsReplaced", [
        ("cursor.cc", "  if (image.lut || !has_primary_) keep(head);\n", "  if (image.lut) keep(head);\n")]),
    ("others-image", "SharedPointer.MovesNeedNoImageAgain", [
        ("cursor.cc", "  bool is_same = owner_ == head && !fresh", "  bool is_same = !fresh")]),
    # Formats and tables.
    ("bits-not-filled-up", "Pixels.EveryWordOf16Bits", [
        ("pixels.cc", "return value << 3 | value >> 2;", "return value << 3;")]),
    ("channels-swapped", "Pixels.KnownColours", [
        ("pixels.cc", "return red << 16 | green << 8 | blue;",
         "return blue << 16 | green << 8 | red;")]),
    ("unused-bits-are-red", "Pixels.EveryValueOf10Bits", [
        ("pixels.cc", "from_10_bits(word >> 20 & 0x3ff)", "from_10_bits(word >> 20)")]),
    ("lut-channels-swapped", "Pixels.LutIsByChannel", [
        ("pixels.cc", "    pixels[0] = lut.blue[pixels[0]];", "    pixels[0] = lut.red[pixels[0]];")]),
    ("lut-not-applied", "Each/Formats.ByWayOfTheShadowThroughALut/XRGB8888", [
        ("frame_reader.cc", "  if (frame_.lut) apply(*frame_.lut, look_, count);\n", "")]),
    ("lut-passed-by", "Each/Formats.LutChanges/XRGB8888", [
        ("frame_reader.h", "frame.format == QXL_PIXELS_XRGB8888 && !frame.lut",
         "frame.format == QXL_PIXELS_XRGB8888")]),
    ("rows-of-four-bytes-a-pixel", "Each/Formats.Copied/RGB565", [
        ("frame_reader.cc", "at(x, y, bytes_per_pixel(frame_.format))", "at(x, y, kBytesPerPixel)")]),
    ("looks-too-short", "Each/Formats.UnchangedSendsNothing/RGB565", [
        ("shadow.cc", "frame.span(part.x1, y, width)",
         "frame.span(part.x1, y, width - 1)")]),
    ("pointer-not-through-the-lut", "Cursor.Lut", [
        ("cursor.cc", "  if (image.lut) apply_premultiplied(*image.lut, to, image.width * image.height);\n",
         "")]),
    ("lut-of-premultiplied-channels", "Pixels.PremultipliedLut", [
        ("pixels.cc", "  uint32_t alone = value < alpha ? (value * 255 + alpha / 2) / alpha : 255;",
         "  uint32_t alone = value;")]),
    # Resets, and the primary.
    ("reset-with-commands", "Interrupt.ErrorTakesBackWhatIsOnTheRings", [
        ("device.cc", "    submission_.withdraw();\n    qxl_k_port_write", "    qxl_k_port_write")]),
    ("reset-with-commands-unseen", "Interrupt.StopAfterAnErrorThatNobodySaw", [
        ("device.cc", "    submission_.withdraw();\n  qxl_k_port_write", "    {}\n  qxl_k_port_write")]),
    ("reset-beside-a-push", "Threads.StopWaitsForAPush", [
        ("device.cc", "  submission_.wait_for_pushes();\n", "")]),
    ("loss-by-draws-is-not-told", "Backpressure.HostThatStopsConsuming", [
        ("submit.cc", "host took no command for %u s: device lost\",\n"
         "            kHostTimeoutMs / 1000);\n  declare_lost();\n", "host took no command for %u s: device lost\",\n"
         "            kHostTimeoutMs / 1000);\n  lose();\n")]),
    ("loss-by-silence-is-not-told", "Backpressure.StalledForGood", [
        ("submit.cc", "host gave nothing back for %u s: device lost\",\n"
         "            kHostTimeoutMs / 1000);\n  declare_lost();\n", "host gave nothing back for %u s: device lost\",\n"
         "            kHostTimeoutMs / 1000);\n  lose();\n")]),
    ("loss-by-io-is-not-told", "Primary.CreateThatIsNeverAnswered", [
        ("device.cc", "submission_.declare_lost();", "submission_.lose();")]),
    ("loss-leaves-io-waiting", "Primary.IoEndsWhenTheDeviceIsLost", [
        ("submit.cc", "  io_done_.signal();\n", "")]),
    ("who-loses-is-told", "Interrupt.ErrorIsSeenAndResetRecovers", [
        ("entry.cc", "submission().lose();", "submission().declare_lost();")]),
    ("primary-goes-at-once", "Primary.DrawsComeBackBeforeItGoes", [
        ("device.cc", "  submission_.settle();\n", "")]),
    ("destroys-wake-the-host", "Notify.NotForADestroyedSurface", [
        ("surface.cc", "submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong)",
         "submission_.submit_one(Queue::kDisplay, QXL_CMD_SURFACE, *destroy)")]),
    ("flush-wakes-nobody", "Notify.NotForADestroyedSurface", [
        ("submit.cc", "  wake(Queue::kDisplay);\n  collect();", "  collect();")]),
    ("memory-is-asked-for-late", "Backpressure.AsksBeforeTheNextOneMustWait", [
        ("submit.cc", "    ask = asks_ahead();\n", "")]),
    ("memory-is-asked-for-always", "Backpressure.AsksBeforeTheNextOneMustWait", [
        ("submit.cc", "return !fits && ", "return (!fits || !lost()) && ")]),
    # What monitors say of themselves.
    ("edid-does-not-sum-up", "Edid.DecodesWithoutAWarning", [
        ("edid.cc", "low(-static_cast<uint32_t>(sum))", "sum")]),
    ("edid-clock-wraps", "Edid.ClockStaysInItsField", [
        ("edid.cc", "static_cast<uint32_t>(std::min<uint64_t>(clock, kTimingClockMax))",
         "static_cast<uint32_t>(clock)")]),
    ("edid-side-is-cut", "Edid.TooManyPixelsAreDivided", [
        ("edid.cc", "std::max(display / divisor, 1u)", "std::max(display / divisor * divisor, 1u)")]),
    ("edid-without-a-serial", "Edid.SaysWhoItIs", [
        ("edid.cc", "  put16(edid, kVendorAt + 4, serial);\n", "")]),
]
