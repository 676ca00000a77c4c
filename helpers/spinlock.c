// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "qxl_k.h"

struct qxl_k_spinlock {
	spinlock_t lock;
};

struct qxl_k_spinlock *qxl_k_spinlock_create(enum qxl_k_lock_class lock_class)
{
	static struct lock_class_key keys[QXL_K_LOCK_CLASSES];
	struct qxl_k_spinlock *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	if (lock) {
		spin_lock_init(&lock->lock);
		lockdep_set_class(&lock->lock, &keys[lock_class]);
	}
	return lock;
}

void qxl_k_spinlock_destroy(struct qxl_k_spinlock *lock)
{
	kfree(lock);
}

void qxl_k_spinlock_lock(struct qxl_k_spinlock *lock) __acquires(&lock->lock)
{
	spin_lock(&lock->lock);
}

void qxl_k_spinlock_unlock(struct qxl_k_spinlock *lock) __releases(&lock->lock)
{
	spin_unlock(&lock->lock);
}
