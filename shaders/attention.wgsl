// For query row r and head h: softmax(SCALE · q · kᵀ) v over the key rows ranges[r] = [start, end). Sequences are packed end to end, so
// there is no mask and no padding. An invocation owns a query row, a head and a slab of up to 64 value columns, keeps sums in registers and
// takes keys four at a time (online softmax, Milakov and Gimelshein 2018, arXiv 1805.02867): no scores in memory, no barrier.
// Twin: src/compute/reference/attention.ts.
#import shared/attention.wgsl

// Scores of four keys: one load of the query for all of them.
fn scores(q: u32, k: vec4<u32>) -> vec4<f32> {
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  for (var d = 0u; d < HEAD_WIDTH / 4u; d++) {
    let x = vec4<f32>(query[q + d]);
    s0 += x * value(k.x + d);
    s1 += x * value(k.y + d);
    s2 += x * value(k.z + d);
    s3 += x * value(k.w + d);
  }
  return summed(s0, s1, s2, s3);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let quads = HEAD_WIDTH / 4u;
  let slabs = (quads + SLAB - 1u) / SLAB;
  let row = id.x;
  let head = id.y / slabs;
  let first = (id.y % slabs) * SLAB;
  if row >= run.rows {
    return;
  }
  // As many for every slab, so that drivers unroll the loops and keep sums in registers; a last slab may run over the head's end, unstored.
  let used = min(SLAB, quads);
  let q = ((row * params.query_stride) >> 2u) + head * quads;
  let key_head = head * KEY_HEADS / HEADS;
  let key_at = (params.key_column >> 2u) + key_head * quads;
  let value_at = (params.value_column >> 2u) + key_head * quads + first;
  let stride = params.key_stride >> 2u;
  let range = ranges[row];

  var sums: array<vec4<f32>, 16>;
  var most = LOWEST;
  var total = 0.0;
  for (var key = range.x; key < range.y; key += 4u) {
    let last = range.y - 1u;
    let at = vec4(key, min(key + 1u, last), min(key + 2u, last), min(key + 3u, last)) * stride;
    let s = SCALE * scores(q, at + key_at);
    // Keys past the end repeat the last one and weigh nothing.
    let counted = vec4(key, key + 1u, key + 2u, key + 3u) < vec4(range.y);
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
    let v = at + value_at;
    for (var d = 0u; d < used; d++) {
      sums[d] += p.x * value(v.x + d) + p.y * value(v.y + d) + p.z * value(v.z + d) + p.w * value(v.w + d);
    }
  }
  let out = ((row * params.output_stride) >> 2u) + head * quads + first;
  for (var d = 0u; d < used; d++) {
    if first + d < quads {
      output[out + d] = Output(fitting(sums[d] / total, row));
    }
  }
}
