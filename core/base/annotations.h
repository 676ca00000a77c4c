// SPDX-License-Identifier: GPL-2.0-only
// Clang's thread-safety attributes; they mean nothing to g++, which builds the module.
#pragma once

#if defined(__clang__)
#define QXL_THREAD(x) __attribute__((x))
#else
#define QXL_THREAD(x)
#endif

#define QXL_CAPABILITY(name) QXL_THREAD(capability(name))
#define QXL_SCOPED_CAPABILITY QXL_THREAD(scoped_lockable)
#define QXL_GUARDED_BY(lock) QXL_THREAD(guarded_by(lock))
#define QXL_REQUIRES(...) QXL_THREAD(requires_capability(__VA_ARGS__))
#define QXL_EXCLUDES(...) QXL_THREAD(locks_excluded(__VA_ARGS__))
#define QXL_ACQUIRE(...) QXL_THREAD(acquire_capability(__VA_ARGS__))
// For set-up before anybody else can see the object.
#define QXL_NO_THREAD_SAFETY QXL_THREAD(no_thread_safety_analysis)
#define QXL_RELEASE(...) QXL_THREAD(release_capability(__VA_ARGS__))
