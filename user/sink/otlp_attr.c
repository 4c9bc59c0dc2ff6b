/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes in an arena: key, value and the boxes protobuf-c wants around them. */
#include "sink/otlp_attr.h"

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__ArrayValue array_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;

#define ANY(kind) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##kind##_VALUE

static any_value *otlp_attr_add(struct otlp_attrs *as, char *key)
{
	key_value *kv;
	any_value *value;

	if (as->n == OTLP_ATTRS_MAX) {
		as->dropped_cnt++;
		return NULL;
	}
	kv = arena_alloc(as->arena, sizeof(*kv));
	value = arena_alloc(as->arena, sizeof(*value));
	if (!kv || !value || !key) {
		as->has_failed = true;
		return NULL;
	}
	opentelemetry__proto__common__v1__key_value__init(kv);
	opentelemetry__proto__common__v1__any_value__init(value);
	kv->key = key;
	kv->value = value;
	as->list[as->n++] = kv;
	return value;
}

static char *otlp_attr_key(struct otlp_attrs *as, enum otlp_name name, struct str rest)
{
	struct str prefix = str_of(otlp_name(name));
	char *key, *tail;

	/* protobuf-c only reads it */
	if (!rest.n)
		return (char *)(uintptr_t)prefix.p;
	tail = otlp_text(as->arena, rest);
	key = tail ? arena_alloc(as->arena, prefix.n + strlen(tail) + 1) : NULL;
	if (key) {
		memcpy(key, prefix.p, prefix.n);
		memcpy(key + prefix.n, tail, strlen(tail));
	}
	return key;
}

static void otlp_value_text(struct otlp_attrs *as, any_value *value, struct str text)
{
	value->value_case = ANY(STRING);
	value->string_value = otlp_text(as->arena, text);
	if (!value->string_value) {
		/* protobuf-c packs NULL as "" */
		as->has_failed = true;
	}
}

void otlp_attr_str_at(struct otlp_attrs *as, enum otlp_name prefix, struct str key,
		      struct str text)
{
	any_value *value;

	if (!text.n)
		return;
	value = otlp_attr_add(as, otlp_attr_key(as, prefix, key));
	if (value)
		otlp_value_text(as, value, text);
}

void otlp_attr_str(struct otlp_attrs *as, enum otlp_name name, struct str value)
{
	otlp_attr_str_at(as, name, STR_NONE, value);
}

void otlp_attr_int_at(struct otlp_attrs *as, enum otlp_name prefix, struct str key, u64 number)
{
	any_value *value = otlp_attr_add(as, otlp_attr_key(as, prefix, key));

	if (!value)
		return;
	value->value_case = ANY(INT);
	value->int_value = number > INT64_MAX ? INT64_MAX : (s64)number;
}

void otlp_attr_int(struct otlp_attrs *as, enum otlp_name name, u64 value)
{
	otlp_attr_int_at(as, name, STR_NONE, value);
}

void otlp_attr_true(struct otlp_attrs *as, enum otlp_name name)
{
	any_value *value = otlp_attr_add(as, otlp_attr_key(as, name, STR_NONE));

	if (!value)
		return;
	value->value_case = ANY(BOOL);
	value->bool_value = 1;
}

void otlp_attr_double(struct otlp_attrs *as, enum otlp_name name, double number)
{
	any_value *value = otlp_attr_add(as, otlp_attr_key(as, name, STR_NONE));

	if (!value)
		return;
	value->value_case = ANY(DOUBLE);
	value->double_value = number;
}

void otlp_attr_own(struct otlp_attrs *as, const char *key, const char *text)
{
	any_value *value = otlp_attr_add(as, otlp_text(as->arena, str_of(key)));

	if (value)
		otlp_value_text(as, value, str_of(text));
}

static array_value *otlp_array_new(struct otlp_attrs *as, size_t n)
{
	array_value *array = arena_alloc(as->arena, sizeof(*array));

	if (!array)
		return NULL;
	opentelemetry__proto__common__v1__array_value__init(array);
	array->values = arena_alloc(as->arena, n * sizeof(*array->values));
	return array->values ? array : NULL;
}

void otlp_attr_list(struct otlp_attrs *as, enum otlp_name name, struct str joined)
{
	array_value *array;
	any_value *value;
	struct str part;
	size_t n = 1;

	if (!joined.n)
		return;
	for (size_t i = 0; i < joined.n; i++)
		n += joined.p[i] == RECORD_SEP;
	array = otlp_array_new(as, n);
	if (!array) {
		as->has_failed = true;
		return;
	}
	while (str_next(&joined, RECORD_SEP, &part)) {
		any_value *item = arena_alloc(as->arena, sizeof(*item));

		if (!item) {
			as->has_failed = true;
			return;
		}
		opentelemetry__proto__common__v1__any_value__init(item);
		otlp_value_text(as, item, part);
		array->values[array->n_values++] = item;
	}
	value = otlp_attr_add(as, otlp_attr_key(as, name, STR_NONE));
	if (value) {
		value->value_case = ANY(ARRAY);
		value->array_value = array;
	}
}

key_value **otlp_attrs_take(struct otlp_attrs *as)
{
	key_value **list = arena_alloc(as->arena, as->n * sizeof(*list) + 1);

	if (!list)
		as->has_failed = true;
	else if (as->n)
		memcpy(list, as->list, as->n * sizeof(*list));
	return list;
}
