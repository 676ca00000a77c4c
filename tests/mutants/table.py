# SPDX-License-Identifier: GPL-2.0-only
"""The mutants: name, the scenario that must fail, and what is changed."""

LOOKUP = """  Guard guard(lock_);
  auto* bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
  return bo && qxl_k_bo_get_unless_zero(bo) ? bo : nullptr;
"""

EVICT = """  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1});
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
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1});
  (void)ids_.unpublish(id);
""")]),
    # Rule 4.
    ("id-freed-before-the-release", "put-create", [
        ("surface.cc", EVICT, """  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  destroy->surface = kPrimarySurface;
  ids_.free(id);
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1});
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
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1});
""")]),
    # Error paths that forget something.
    ("create-forgets-its-id", "create-nopool", [
        ("surface.cc", "    ids_.free(id.value());\n    return commands.error();\n",
         "    return commands.error();\n")]),
    ("reserve-forgets-a-record", "create-nopool", [
        ("surface.cc", "    if (count == 1) submission_.cancel(*releases[0]);\n", "")]),
    ("submit-forgets-its-commands", "put-lookup+lose", [
        ("submit.cc", "      abandon(releases);\n", "")]),
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
    ("create-forgets-its-fence", "create-nomem", "fence_error_path_leaks"),
]
