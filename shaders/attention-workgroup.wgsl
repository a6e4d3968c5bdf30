// As attention.wgsl, bit for bit, for GPUs, where rows of a sequence lie side by side: a workgroup owns 64 query rows and a head of up to 64
// columns, and an invocation one of those rows. Keys and values come through workgroup memory, sixteen at a time, once for all rows of the
// same range; an invocation's query and sums stay in registers, in blocks of sixteen columns without loops, padded with zeros. 8.8 KiB of
// workgroup memory. Twin: src/compute/reference/attention-workgroup.ts.
#import shared/attention.wgsl

const ROWS = 64u;
const KEYS = 16u;

var<workgroup> ranges_of: array<vec2<u32>, ROWS>;
// The first row behind each one that has another range.
var<workgroup> next_of: array<u32, ROWS>;
// Sixteen vectors to a key.
var<workgroup> keys_of: array<vec4<f32>, KEYS * 16u>;
var<workgroup> values_of: array<vec4<f32>, KEYS * 16u>;

// Sixteen columns of a query; zeros past its end.
fn query_block(q: u32, first: u32, quads: u32) -> mat4x4<f32> {
  var block = mat4x4<f32>();
  if first < quads {
    block[0] = vec4<f32>(query[q + first]);
  }
  if first + 1u < quads {
    block[1] = vec4<f32>(query[q + first + 1u]);
  }
  if first + 2u < quads {
    block[2] = vec4<f32>(query[q + first + 2u]);
  }
  if first + 3u < quads {
    block[3] = vec4<f32>(query[q + first + 3u]);
  }
  return block;
}

// Products of a query's block with a key's, added to those before.
fn scored(before: vec4<f32>, block: mat4x4<f32>, key: u32) -> vec4<f32> {
  return before + block[0] * keys_of[key] + block[1] * keys_of[key + 1u] + block[2] * keys_of[key + 2u] + block[3] * keys_of[key + 3u];
}

// A column of four keys' values, weighed.
fn weighed(p: vec4<f32>, v: u32) -> vec4<f32> {
  return p.x * values_of[v] + p.y * values_of[v + 16u] + p.z * values_of[v + 32u] + p.w * values_of[v + 48u];
}

fn weighed_block(sums: mat4x4<f32>, p: vec4<f32>, v: u32) -> mat4x4<f32> {
  return mat4x4(sums[0] + weighed(p, v), sums[1] + weighed(p, v + 1u), sums[2] + weighed(p, v + 2u), sums[3] + weighed(p, v + 3u));
}

fn store_block(out: u32, row: u32, first: u32, quads: u32, sums: mat4x4<f32>, sum: f32) {
  if first < quads {
    output[out + first] = Output(fitting(sums[0] / sum, row));
  }
  if first + 1u < quads {
    output[out + first + 1u] = Output(fitting(sums[1] / sum, row));
  }
  if first + 2u < quads {
    output[out + first + 2u] = Output(fitting(sums[2] / sum, row));
  }
  if first + 3u < quads {
    output[out + first + 3u] = Output(fitting(sums[3] / sum, row));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let quads = HEAD_WIDTH / 4u;
  let rows = min(ROWS, run.rows - group.x * ROWS);
  // Past the end the last row is computed again, unstored.
  let row = group.x * ROWS + min(index, rows - 1u);
  let head = group.y;
  let key_head = head * KEY_HEADS / HEADS;
  let key_at = (params.key_column >> 2u) + key_head * quads;
  let value_at = (params.value_column >> 2u) + key_head * quads;
  let stride = params.key_stride >> 2u;

  let range = ranges[row];
  ranges_of[index] = range;
  // An invocation fetches one column of every fourth key; those past the head's end stay zeros.
  let lane = index % 16u;
  let used = lane < quads;
  workgroupBarrier();
  var behind = index + 1u;
  while behind < rows && all(ranges_of[behind] == range) {
    behind++;
  }
  next_of[index] = behind;

  let q = ((row * params.query_stride) >> 2u) + head * quads;
  let query0 = query_block(q, 0u, quads);
  let query1 = query_block(q, 4u, quads);
  let query2 = query_block(q, 8u, quads);
  let query3 = query_block(q, 12u, quads);
  var sums0 = mat4x4<f32>();
  var sums1 = mat4x4<f32>();
  var sums2 = mat4x4<f32>();
  var sums3 = mat4x4<f32>();
  var most = LOWEST;
  var total = 0.0;
  for (var some = 0u; some < rows; some = workgroupUniformLoad(&next_of[some])) {
    let shared_range = workgroupUniformLoad(&ranges_of[some]);
    let mine = all(shared_range == range);
    for (var start = shared_range.x; start < shared_range.y; start += KEYS) {
      // The keys before have been used by all.
      workgroupBarrier();
      if used {
        for (var key = index / 16u; key < KEYS; key += 4u) {
          // Keys past the end repeat the last one and weigh nothing.
          let at = min(start + key, shared_range.y - 1u) * stride + lane;
          keys_of[key * 16u + lane] = value(at + key_at);
          values_of[key * 16u + lane] = value(at + value_at);
        }
      }
      // These are complete.
      workgroupBarrier();
      if mine {
        for (var key = 0u; key < min(KEYS, shared_range.y - start); key += 4u) {
          let k = key * 16u;
          var s0 = scored(vec4<f32>(), query0, k);
          var s1 = scored(vec4<f32>(), query0, k + 16u);
          var s2 = scored(vec4<f32>(), query0, k + 32u);
          var s3 = scored(vec4<f32>(), query0, k + 48u);
          if quads > 4u {
            s0 = scored(s0, query1, k + 4u);
            s1 = scored(s1, query1, k + 20u);
            s2 = scored(s2, query1, k + 36u);
            s3 = scored(s3, query1, k + 52u);
          }
          if quads > 8u {
            s0 = scored(s0, query2, k + 8u);
            s1 = scored(s1, query2, k + 24u);
            s2 = scored(s2, query2, k + 40u);
            s3 = scored(s3, query2, k + 56u);
          }
          if quads > 12u {
            s0 = scored(s0, query3, k + 12u);
            s1 = scored(s1, query3, k + 28u);
            s2 = scored(s2, query3, k + 44u);
            s3 = scored(s3, query3, k + 60u);
          }
          let s = SCALE * summed(s0, s1, s2, s3);
          let counted = vec4(key, key + 1u, key + 2u, key + 3u) + start < vec4(shared_range.y);
          let highest = max(max(s.x, s.y), max(s.z, s.w));
          if highest > most {
            let shrink = exp(most - highest);
            total *= shrink;
            sums0 *= shrink;
            sums1 *= shrink;
            sums2 *= shrink;
            sums3 *= shrink;
            most = highest;
          }
          let p = select(vec4(0.0), exp(s - most), counted);
          total += dot(p, vec4(1.0));
          sums0 = weighed_block(sums0, p, k);
          if quads > 4u {
            sums1 = weighed_block(sums1, p, k + 4u);
          }
          if quads > 8u {
            sums2 = weighed_block(sums2, p, k + 8u);
          }
          if quads > 12u {
            sums3 = weighed_block(sums3, p, k + 12u);
          }
        }
      }
    }
  }
  if index < rows {
    let out = ((row * params.output_stride) >> 2u) + head * quads;
    store_block(out, row, 0u, quads, sums0, total);
    store_block(out, row, 4u, quads, sums1, total);
    store_block(out, row, 8u, quads, sums2, total);
    store_block(out, row, 12u, quads, sums3, total);
  }
}
