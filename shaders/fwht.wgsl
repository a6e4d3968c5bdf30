// STAGES stages of the Walsh–Hadamard transform of each row, (a, b) to (a + b, a − b), from those at distance 2^first on. For software
// adapters, without barriers: an invocation owns all numbers that its own depend on, a run of them where first is 0, else four columns of
// a STRIDED one, and goes over them several times, 16 vectors in registers. Twin: src/compute/reference/fwht.ts.
struct Params {
  columns: u32,
  first: u32,
}

#import shared/step.wgsl
#import shared/butterflies.wgsl

@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;

override STAGES: u32;
override STRIDED: u32;

// Stages of a sweep over the vectors in registers; the two within a vector come on top.
const MOST = 4u;
// Sixteen vectors in registers.
struct Slots {
  a: mat4x4<f32>,
  b: mat4x4<f32>,
  c: mat4x4<f32>,
  d: mat4x4<f32>,
}

// Where a sweep finds its vectors: 2^count of each transform, and of as many transforms as there are slots left.
struct Sweep {
  base: u32,
  // log2 of the vectors from one element of a transform to the next.
  shift: u32,
  // Stages before this sweep.
  done: u32,
  count: u32,
}

fn place(sweep: Sweep, group: u32, slot: u32) -> u32 {
  let point = slot & ((1u << sweep.count) - 1u);
  let which = (group << (MOST - sweep.count)) + (slot >> sweep.count);
  let low = which & ((1u << sweep.done) - 1u);
  let element = ((which - low) << sweep.count) + (point << sweep.done) + low;
  return sweep.base + (element << sweep.shift);
}

fn read_input(p: Sweep, g: u32, s: u32) -> mat4x4<f32> {
  return mat4x4(input[place(p, g, s)], input[place(p, g, s + 1u)], input[place(p, g, s + 2u)], input[place(p, g, s + 3u)]);
}

fn read_output(p: Sweep, g: u32, s: u32) -> mat4x4<f32> {
  return mat4x4(output[place(p, g, s)], output[place(p, g, s + 1u)], output[place(p, g, s + 2u)], output[place(p, g, s + 3u)]);
}

fn write(at: u32, end: u32, v: vec4<f32>) {
  if at < end {
    output[at] = v;
  }
}

fn write_four(p: Sweep, g: u32, s: u32, end: u32, m: mat4x4<f32>) {
  write(place(p, g, s), end, m[0]);
  write(place(p, g, s + 1u), end, m[1]);
  write(place(p, g, s + 2u), end, m[2]);
  write(place(p, g, s + 3u), end, m[3]);
}

// `count` stages over the slots.
fn transform(given: Slots, count: u32) -> Slots {
  var v = given;
  if count > 0u {
    v = Slots(columns_1(v.a), columns_1(v.b), columns_1(v.c), columns_1(v.d));
  }
  if count > 1u {
    v = Slots(columns_2(v.a), columns_2(v.b), columns_2(v.c), columns_2(v.d));
  }
  if count > 2u {
    v = Slots(v.a + v.b, v.a - v.b, v.c + v.d, v.c - v.d);
  }
  if count > 3u {
    v = Slots(v.a + v.c, v.b + v.d, v.a - v.c, v.b - v.d);
  }
  return v;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let end = (run.rows * params.columns) >> 2u;
  var base: u32;
  var shift = 0u;
  var done = 0u;
  var left = STAGES;
  // log2 of the vectors of a transform, and so of what this invocation owns.
  var span = STAGES;
  if STRIDED == 1u {
    shift = params.first - 2u;
    let low = id.x & ((1u << shift) - 1u);
    base = ((id.x - low) << STAGES) + low;
  } else {
    span = max(STAGES, 6u) - 2u;
    base = id.x << span;
    left = max(STAGES, 2u) - 2u;
  }
  if base >= end {
    return;
  }
  var inward = true;
  loop {
    let count = min(left, MOST);
    let sweep = Sweep(base, shift, done, count);
    for (var g = 0u; g < (1u << (span - MOST)); g++) {
      var v: Slots;
      if inward {
        v = Slots(read_input(sweep, g, 0u), read_input(sweep, g, 4u), read_input(sweep, g, 8u), read_input(sweep, g, 12u));
        if STRIDED == 0u && STAGES > 0u {
          v = Slots(rows_1(v.a), rows_1(v.b), rows_1(v.c), rows_1(v.d));
        }
        if STRIDED == 0u && STAGES > 1u {
          v = Slots(rows_2(v.a), rows_2(v.b), rows_2(v.c), rows_2(v.d));
        }
      } else {
        v = Slots(read_output(sweep, g, 0u), read_output(sweep, g, 4u), read_output(sweep, g, 8u), read_output(sweep, g, 12u));
      }
      v = transform(v, count);
      write_four(sweep, g, 0u, end, v.a);
      write_four(sweep, g, 4u, end, v.b);
      write_four(sweep, g, 8u, end, v.c);
      write_four(sweep, g, 12u, end, v.d);
    }
    inward = false;
    done += count;
    left -= count;
    if left == 0u {
      break;
    }
  }
}
