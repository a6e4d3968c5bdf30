// As attention.wgsl, bit for bit, for GPUs, where rows of a sequence lie side by side: a workgroup owns 64 query rows, a head and a slab of
// up to 64 value columns, and an invocation one of those rows. Keys and values come through workgroup memory, sixteen at a time, once for
// all rows of the same range; queries and sums stay in registers. Heads of up to 128 columns: 12 KiB and 0.8 KiB of workgroup memory.
// Twin: src/compute/reference/attention-workgroup.ts.
#import shared/attention.wgsl

const ROWS = 64u;
const KEYS = 16u;
const MOST_QUADS = 32;

var<workgroup> ranges_of: array<vec2<u32>, ROWS>;
// The first row behind each one that has another range.
var<workgroup> next_of: array<u32, ROWS>;
var<workgroup> keys_of: array<vec4<f32>, KEYS * (HEAD_WIDTH / 4u)>;
var<workgroup> values_of: array<vec4<f32>, KEYS * SLAB>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let quads = HEAD_WIDTH / 4u;
  let slabs = (quads + SLAB - 1u) / SLAB;
  let rows = min(ROWS, run.rows - group.x * ROWS);
  // Past the end the last row is computed again, unstored.
  let row = group.x * ROWS + min(index, rows - 1u);
  let head = group.y / slabs;
  let first = (group.y % slabs) * SLAB;
  let used = min(SLAB, quads);
  let q = ((row * params.query_stride) >> 2u) + head * quads;
  let key_at = (params.key_column >> 2u) + head * quads;
  let value_at = (params.value_column >> 2u) + head * quads + first;
  let stride = params.key_stride >> 2u;

  let range = ranges[row];
  ranges_of[index] = range;
  workgroupBarrier();
  var behind = index + 1u;
  while behind < rows && all(ranges_of[behind] == range) {
    behind++;
  }
  next_of[index] = behind;

  var own: array<vec4<f32>, MOST_QUADS>;
  for (var d = 0u; d < quads; d++) {
    own[d] = vec4<f32>(query[q + d]);
  }
  var sums: array<vec4<f32>, 16>;
  var most = LOWEST;
  var total = 0.0;
  for (var some = 0u; some < rows; some = workgroupUniformLoad(&next_of[some])) {
    let shared_range = workgroupUniformLoad(&ranges_of[some]);
    let mine = all(shared_range == range);
    let last = shared_range.y - 1u;
    for (var start = shared_range.x; start < shared_range.y; start += KEYS) {
      // The keys before have been used by all.
      workgroupBarrier();
      for (var i = index; i < KEYS * quads; i += ROWS) {
        keys_of[i] = value(min(start + i / quads, last) * stride + key_at + i % quads);
      }
      for (var i = index; i < KEYS * used; i += ROWS) {
        values_of[i] = value(min(start + i / used, last) * stride + value_at + i % used);
      }
      // These are complete; those past the end repeat the last one and weigh nothing.
      workgroupBarrier();
      if mine {
        for (var key = 0u; key < min(KEYS, shared_range.y - start); key += 4u) {
          var s0 = vec4<f32>();
          var s1 = vec4<f32>();
          var s2 = vec4<f32>();
          var s3 = vec4<f32>();
          let k = key * quads;
          for (var d = 0u; d < quads; d++) {
            s0 += own[d] * keys_of[k + d];
            s1 += own[d] * keys_of[k + quads + d];
            s2 += own[d] * keys_of[k + 2u * quads + d];
            s3 += own[d] * keys_of[k + 3u * quads + d];
          }
          let s = SCALE * summed(s0, s1, s2, s3);
          let counted = vec4(key, key + 1u, key + 2u, key + 3u) + start < vec4(shared_range.y);
          let highest = max(max(s.x, s.y), max(s.z, s.w));
          if highest > most {
            let shrink = exp(most - highest);
            total *= shrink;
            for (var d = 0u; d < used; d++) {
              sums[d] *= shrink;
            }
            most = highest;
          }
          let p = select(vec4(0.0), exp(s - most), counted);
          total += dot(p, vec4(1.0));
          let v = key * used;
          for (var d = 0u; d < used; d++) {
            sums[d] += p.x * values_of[v + d] + p.y * values_of[v + used + d] + p.z * values_of[v + 2u * used + d] + p.w * values_of[v + 3u * used + d];
          }
        }
      }
    }
  }
  if index < rows {
    let out = ((row * params.output_stride) >> 2u) + head * quads + first;
    for (var d = 0u; d < used; d++) {
      if first + d < quads {
        output[out + d] = Output(fitting(sums[d] / total, row));
      }
    }
  }
}
