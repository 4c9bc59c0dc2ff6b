/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of pointers under one mutex: a few calls per second pass here, never bytes. */
#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	void **items;
	size_t max;
	size_t head;
	size_t count;
	bool is_closed;
};

struct queue *queue_new(size_t max_items)
{
	struct queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t attr;

	if (!q)
		return NULL;
	q->items = calloc(max_items, sizeof(*q->items));
	if (!q->items) {
		free(q);
		return NULL;
	}
	q->max = max_items;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->filled, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	for (; q->count; q->count--, q->head = (q->head + 1) % q->max)
		free(q->items[q->head]);
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	free(q->items);
	free(q);
}

bool queue_push(struct queue *q, void *item)
{
	pthread_mutex_lock(&q->lock);

	bool is_taken = !q->is_closed && q->count < q->max;

	if (is_taken) {
		q->items[(q->head + q->count) % q->max] = item;
		q->count++;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return is_taken;
}

void *queue_pop(struct queue *q, u64 timeout_ns)
{
	struct timespec until;
	void *item = NULL;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	timeout_ns += (u64)until.tv_nsec;
	until.tv_sec += (time_t)(timeout_ns / NS_PER_S);
	until.tv_nsec = (long)(timeout_ns % NS_PER_S);

	pthread_mutex_lock(&q->lock);
	while (!q->count && !q->is_closed && !err)
		err = pthread_cond_timedwait(&q->filled, &q->lock, &until);
	if (q->count) {
		item = q->items[q->head];
		q->head = (q->head + 1) % q->max;
		q->count--;
	}
	pthread_mutex_unlock(&q->lock);
	return item;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->is_closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

bool queue_is_drained(struct queue *q)
{
	pthread_mutex_lock(&q->lock);

	bool is_drained = q->is_closed && !q->count;

	pthread_mutex_unlock(&q->lock);
	return is_drained;
}
