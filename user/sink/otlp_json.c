/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a message by its descriptor: no field is named here, so none can be forgotten. */
#include "sink/otlp_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define JSON_NESTING_MAX 16

static void json_message(struct buf *b, const ProtobufCMessage *message, int depth);

static void json_string(struct buf *b, const char *z)
{
	buf_append_char(b, '"');
	for (; z && *z; z++) {
		unsigned char c = (unsigned char)*z;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else
			buf_append_char(b, *z);
	}
	buf_append_char(b, '"');
}

/* trace_id -> traceId */
static void json_key(struct buf *b, const char *name)
{
	buf_append_char(b, '"');
	for (; *name; name++) {
		if (*name == '_' && name[1]) {
			name++;
			buf_append_char(b, *name >= 'a' && *name <= 'z' ? (char)(*name - 32)
								       : *name);
		} else {
			buf_append_char(b, *name);
		}
	}
	buf_append_str(b, STR("\":"));
}

static void json_double(struct buf *b, double v)
{
	char text[40];

	if (!isfinite(v)) {
		buf_append_str(b, isnan(v) ? STR("\"NaN\"")
			       : v > 0 ? STR("\"Infinity\"") : STR("\"-Infinity\""));
		return;
	}
	/* the shortest text that reads back as the same number */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (digits == 17 || strtod(text, NULL) == v)
			break;
	}
	buf_append_str(b, str_of(text));
}

static void json_hex(struct buf *b, ProtobufCBinaryData data)
{
	buf_append_char(b, '"');
	for (size_t i = 0; i < data.len; i++)
		buf_printf(b, "%02x", data.data[i]);
	buf_append_char(b, '"');
}

static size_t json_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

static void json_value(struct buf *b, ProtobufCType type, const void *at, int depth)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf_printf(b, "\"%lld\"", (long long)*(const s64 *)at);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf_printf(b, "\"%llu\"", (unsigned long long)*(const u64 *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf_printf(b, "%u", *(const u32 *)at);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		json_double(b, (double)*(const float *)at);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		json_double(b, *(const double *)at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		buf_append_str(b, *(const protobuf_c_boolean *)at ? STR("true") : STR("false"));
		break;
	case PROTOBUF_C_TYPE_STRING:
		json_string(b, *(char *const *)at);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		json_hex(b, *(const ProtobufCBinaryData *)at);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		json_message(b, *(ProtobufCMessage *const *)at, depth + 1);
		break;
	default:	/* int32, sint32, sfixed32, enum */
		buf_printf(b, "%d", *(const s32 *)at);
		break;
	}
}

static bool json_is_default(ProtobufCType type, const void *at)
{
	static const char zero[sizeof(ProtobufCBinaryData)];

	switch (type) {
	case PROTOBUF_C_TYPE_STRING:
		return !*(char *const *)at || !**(char *const *)at;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	default:
		return memcmp(at, zero, json_size(type)) == 0;
	}
}

static void json_array(struct buf *b, ProtobufCType type, const char *list, size_t n, int depth)
{
	buf_append_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_append_char(b, ',');
		json_value(b, type, list + i * json_size(type), depth);
	}
	buf_append_char(b, ']');
}

static bool json_has_field(const ProtobufCFieldDescriptor *f, const char *base)
{
	const void *quantifier = base + f->quantifier_offset;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)quantifier > 0;
	/* the chosen member of a oneof is there even when it is 0 or "" */
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const u32 *)quantifier == f->id;
	return !json_is_default(f->type, base + f->offset);
}

static void json_message(struct buf *b, const ProtobufCMessage *message, int depth)
{
	const char *base = (const char *)message;
	unsigned int n = depth < JSON_NESTING_MAX ? message->descriptor->n_fields : 0;
	bool is_first = true;

	buf_append_char(b, '{');
	for (unsigned int i = 0; i < n; i++) {
		const ProtobufCFieldDescriptor *f = &message->descriptor->fields[i];
		const char *at = base + f->offset;

		if (!json_has_field(f, base))
			continue;
		if (!is_first)
			buf_append_char(b, ',');
		is_first = false;
		json_key(b, f->name);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			json_array(b, f->type, *(const char *const *)at,
				   *(const size_t *)(base + f->quantifier_offset), depth);
		else
			json_value(b, f->type, at, depth);
	}
	buf_append_char(b, '}');
}

void otlp_json_write(struct buf *b, const ProtobufCMessage *message)
{
	json_message(b, message, 0);
}
