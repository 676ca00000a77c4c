// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>
#include <linux/slab.h>

#include "qxl_k.h"

struct qxl_k_mutex {
	struct mutex mutex;
};

struct qxl_k_mutex *qxl_k_mutex_create(enum qxl_k_mutex_class mutex_class)
{
	static struct lock_class_key keys[QXL_K_MUTEX_CLASSES];
	struct qxl_k_mutex *mutex = kzalloc(sizeof(*mutex), GFP_KERNEL);

	if (mutex) {
		mutex_init(&mutex->mutex);
		lockdep_set_class(&mutex->mutex, &keys[mutex_class]);
	}
	return mutex;
}

void qxl_k_mutex_destroy(struct qxl_k_mutex *mutex)
{
	mutex_destroy(&mutex->mutex);
	kfree(mutex);
}

void qxl_k_mutex_lock(struct qxl_k_mutex *mutex)
{
	mutex_lock(&mutex->mutex);
}

void qxl_k_mutex_unlock(struct qxl_k_mutex *mutex)
{
	mutex_unlock(&mutex->mutex);
}
