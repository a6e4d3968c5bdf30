// STAGES stages of the Walsh–Hadamard transform of each row, (a, b) to (a + b, a − b), from those at distance 2^first on. For GPUs: a
// workgroup owns 4,096 numbers, all that workgroup memory holds on every device, and an invocation 16 of them in registers; neighbours read
// and write neighbouring numbers. A tile's numbers follow each other where first is 0; a STRIDED one takes 2^STAGES rows of columns at
// distance 2^first. Twin: src/compute/reference/fwht-workgroup.ts.
struct Params {
  columns: u32,
  first: u32,
}

#import shared/step.wgsl
#import shared/butterflies.wgsl

@group(0) @binding(2) var<storage, read> input: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

override STAGES: u32;
override STRIDED: u32;

const LANES = 256u;
const TILE_BITS = 12u;
var<workgroup> tile: array<f32, 4096>;

// The bits of an index within the tile that the stages are of: from `lowest` to below `highest`.
override LOWEST = STRIDED * (TILE_BITS - STAGES);
override HIGHEST = LOWEST + STAGES;

// Sixteen numbers in a row for each lane would be sixteen lanes to a bank of memory; so they are spread over all banks.
fn swizzled(e: u32) -> u32 {
  return e ^ ((e >> 5u) & 15u);
}

fn four_of_tile(e: u32, step: u32) -> vec4<f32> {
  return vec4(tile[swizzled(e)], tile[swizzled(e + step)], tile[swizzled(e + 2u * step)], tile[swizzled(e + 3u * step)]);
}

fn from_tile(e: u32, step: u32) -> mat4x4<f32> {
  let four = 4u * step;
  return mat4x4(
    four_of_tile(e, step),
    four_of_tile(e + four, step),
    four_of_tile(e + 2u * four, step),
    four_of_tile(e + 3u * four, step),
  );
}

fn four_to_tile(e: u32, step: u32, v: vec4<f32>) {
  tile[swizzled(e)] = v.x;
  tile[swizzled(e + step)] = v.y;
  tile[swizzled(e + 2u * step)] = v.z;
  tile[swizzled(e + 3u * step)] = v.w;
}

fn to_tile(e: u32, step: u32, m: mat4x4<f32>) {
  let four = 4u * step;
  four_to_tile(e, step, m[0]);
  four_to_tile(e + four, step, m[1]);
  four_to_tile(e + 2u * four, step, m[2]);
  four_to_tile(e + 3u * four, step, m[3]);
}

// Where a number of the tile lies in the buffer.
fn place(group: u32, e: u32) -> u32 {
  if STRIDED == 0u {
    return (group << TILE_BITS) + e;
  }
  let column = e & ((1u << LOWEST) - 1u);
  let tiles = params.first - LOWEST;
  let low = ((group & ((1u << tiles) - 1u)) << LOWEST) + column;
  return ((group >> tiles) << (params.first + STAGES)) + ((e >> LOWEST) << params.first) + low;
}

fn four_of_input(group: u32, e: u32, step: u32) -> vec4<f32> {
  return vec4(
    input[place(group, e)],
    input[place(group, e + step)],
    input[place(group, e + 2u * step)],
    input[place(group, e + 3u * step)],
  );
}

// A last tile may run over the end, where reads are of no account.
fn from_input(group: u32, e: u32, step: u32) -> mat4x4<f32> {
  let four = 4u * step;
  return mat4x4(
    four_of_input(group, e, step),
    four_of_input(group, e + four, step),
    four_of_input(group, e + 2u * four, step),
    four_of_input(group, e + 3u * four, step),
  );
}

fn write(at: u32, value: f32) {
  if at < run.rows * params.columns {
    output[at] = value;
  }
}

// LANES apart.
fn four_to_output(group: u32, e: u32, v: vec4<f32>) {
  write(place(group, e), v.x);
  write(place(group, e + LANES), v.y);
  write(place(group, e + 2u * LANES), v.z);
  write(place(group, e + 3u * LANES), v.w);
}

// The four stages over a lane's numbers, as far as they are asked for; the first is that of bit `bit` of an index.
fn transform(given: mat4x4<f32>, bit: u32) -> mat4x4<f32> {
  var m = given;
  if LOWEST <= bit && bit < HIGHEST {
    m = rows_1(m);
  }
  if LOWEST <= bit + 1u && bit + 1u < HIGHEST {
    m = rows_2(m);
  }
  if LOWEST <= bit + 2u && bit + 2u < HIGHEST {
    m = columns_1(m);
  }
  if LOWEST <= bit + 3u && bit + 3u < HIGHEST {
    m = columns_2(m);
  }
  return m;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Where the numbers of a lane begin that lie 16 and 256 apart.
  let middle = ((lane >> 4u) << 8u) + (lane & 15u);
  var m: mat4x4<f32>;
  if LOWEST < 4u {
    to_tile(lane, LANES, from_input(group.x, lane, LANES));
    // The tile is complete.
    workgroupBarrier();
    to_tile(16u * lane, 1u, transform(from_tile(16u * lane, 1u), 0u));
    // Stages of the lowest four bits are done in all of it.
    workgroupBarrier();
    m = from_tile(middle, 16u);
  } else if LOWEST < 8u {
    m = from_input(group.x, middle, 16u);
  }
  if LOWEST < 8u {
    to_tile(middle, 16u, transform(m, 4u));
    // Stages of the middle four bits are done.
    workgroupBarrier();
    m = from_tile(lane, LANES);
  } else {
    m = from_input(group.x, lane, LANES);
  }
  m = transform(m, 8u);
  four_to_output(group.x, lane, m[0]);
  four_to_output(group.x, lane + 4u * LANES, m[1]);
  four_to_output(group.x, lane + 8u * LANES, m[2]);
  four_to_output(group.x, lane + 12u * LANES, m[3]);
}
