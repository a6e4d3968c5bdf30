// output = activation(input (rows, K) · weight (K, columns) + bias) (+ residual): without workgroup memory or barriers, which software
// adapters run two to four times slower. Weights lie in panels of eight columns (src/compute/panels.ts). An invocation owns eight rows
// by two panels, as loads cost more than sums there; a 4 × 4 block of weights times four inputs is one matrix-vector product.
// Workgroup: 4 pairs of panels by 8 blocks of rows. Twin: src/compute/reference/matmul-direct.ts.
#import shared/matmul.wgsl

@compute @workgroup_size(4, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * 16u;
  let row = id.y * 8u;
  if column >= params.columns || row >= run.rows {
    return;
  }
  // Rows past the end read the last one and are not stored; so does a panel.
  let last = run.rows - 1u;
  let depth = K / 4u;
  var at0 = row * depth;
  var at1 = min(row + 1u, last) * depth;
  var at2 = min(row + 2u, last) * depth;
  var at3 = min(row + 3u, last) * depth;
  var at4 = min(row + 4u, last) * depth;
  var at5 = min(row + 5u, last) * depth;
  var at6 = min(row + 6u, last) * depth;
  var at7 = min(row + 7u, last) * depth;
  let w = weight_at(params.weight_column + column);
  let v = weight_at(params.weight_column + min(column + 8u, params.columns - 8u));

  var l0 = vec4<f32>(); var h0 = vec4<f32>(); var m0 = vec4<f32>(); var n0 = vec4<f32>();
  var l1 = vec4<f32>(); var h1 = vec4<f32>(); var m1 = vec4<f32>(); var n1 = vec4<f32>();
  var l2 = vec4<f32>(); var h2 = vec4<f32>(); var m2 = vec4<f32>(); var n2 = vec4<f32>();
  var l3 = vec4<f32>(); var h3 = vec4<f32>(); var m3 = vec4<f32>(); var n3 = vec4<f32>();
  var l4 = vec4<f32>(); var h4 = vec4<f32>(); var m4 = vec4<f32>(); var n4 = vec4<f32>();
  var l5 = vec4<f32>(); var h5 = vec4<f32>(); var m5 = vec4<f32>(); var n5 = vec4<f32>();
  var l6 = vec4<f32>(); var h6 = vec4<f32>(); var m6 = vec4<f32>(); var n6 = vec4<f32>();
  var l7 = vec4<f32>(); var h7 = vec4<f32>(); var m7 = vec4<f32>(); var n7 = vec4<f32>();
  for (var k = 0u; k < depth; k++) {
    let low = weight_block(w, k);
    let high = weight_block(w + 1u, k);
    let next_low = weight_block(v, k);
    let next_high = weight_block(v + 1u, k);
    let a0 = vec4<f32>(input[at0 + k]); l0 += low * a0; h0 += high * a0; m0 += next_low * a0; n0 += next_high * a0;
    let a1 = vec4<f32>(input[at1 + k]); l1 += low * a1; h1 += high * a1; m1 += next_low * a1; n1 += next_high * a1;
    let a2 = vec4<f32>(input[at2 + k]); l2 += low * a2; h2 += high * a2; m2 += next_low * a2; n2 += next_high * a2;
    let a3 = vec4<f32>(input[at3 + k]); l3 += low * a3; h3 += high * a3; m3 += next_low * a3; n3 += next_high * a3;
    let a4 = vec4<f32>(input[at4 + k]); l4 += low * a4; h4 += high * a4; m4 += next_low * a4; n4 += next_high * a4;
    let a5 = vec4<f32>(input[at5 + k]); l5 += low * a5; h5 += high * a5; m5 += next_low * a5; n5 += next_high * a5;
    let a6 = vec4<f32>(input[at6 + k]); l6 += low * a6; h6 += high * a6; m6 += next_low * a6; n6 += next_high * a6;
    let a7 = vec4<f32>(input[at7 + k]); l7 += low * a7; h7 += high * a7; m7 += next_low * a7; n7 += next_high * a7;
  }
  store8(row, column, l0, h0);
  store8(row + 1u, column, l1, h1);
  store8(row + 2u, column, l2, h2);
  store8(row + 3u, column, l3, h3);
  store8(row + 4u, column, l4, h4);
  store8(row + 5u, column, l5, h5);
  store8(row + 6u, column, l6, h6);
  store8(row + 7u, column, l7, h7);
  if column + 8u >= params.columns {
    return;
  }
  store8(row, column + 8u, m0, n0);
  store8(row + 1u, column + 8u, m1, n1);
  store8(row + 2u, column + 8u, m2, n2);
  store8(row + 3u, column + 8u, m3, n3);
  store8(row + 4u, column + 8u, m4, n4);
  store8(row + 5u, column + 8u, m5, n5);
  store8(row + 6u, column + 8u, m6, n6);
  store8(row + 7u, column + 8u, m7, n7);
}
