// output = activation(input (rows, K) · weight (K, columns) + bias) (+ residual): without barriers, for llvmpipe, which runs eight invocations
// in one vector, reads what is the same for all of them once, and spills sums beyond some sixteen. An invocation owns four rows by one panel
// of eight columns; the rows are those of its workgroup. Workgroup: 8 panels. Twin: src/compute/reference/matmul-narrow.ts.
#import shared/matmul.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * 8u;
  let row = group.y * 4u;
  if column >= params.columns {
    return;
  }
  // Rows past the end read the last one and are not stored.
  let last = run.rows - 1u;
  let depth = K / 4u;
  let at0 = row * depth;
  let at1 = min(row + 1u, last) * depth;
  let at2 = min(row + 2u, last) * depth;
  let at3 = min(row + 3u, last) * depth;
  let w = weight_at(params.weight_column + column);

  var l0 = vec4<f32>(); var h0 = vec4<f32>();
  var l1 = vec4<f32>(); var h1 = vec4<f32>();
  var l2 = vec4<f32>(); var h2 = vec4<f32>();
  var l3 = vec4<f32>(); var h3 = vec4<f32>();
  for (var k4 = 0u; k4 < depth; k4++) {
    let a0 = vec4<f32>(input[at0 + k4]);
    let a1 = vec4<f32>(input[at1 + k4]);
    let a2 = vec4<f32>(input[at2 + k4]);
    let a3 = vec4<f32>(input[at3 + k4]);
    let k = k4 * 4u;
    let low0 = weight_row(w, k);
    let high0 = weight_row(w + 1u, k);
    l0 = fma(vec4(a0.x), low0, l0); h0 = fma(vec4(a0.x), high0, h0);
    l1 = fma(vec4(a1.x), low0, l1); h1 = fma(vec4(a1.x), high0, h1);
    l2 = fma(vec4(a2.x), low0, l2); h2 = fma(vec4(a2.x), high0, h2);
    l3 = fma(vec4(a3.x), low0, l3); h3 = fma(vec4(a3.x), high0, h3);
    let low1 = weight_row(w, k + 1u);
    let high1 = weight_row(w + 1u, k + 1u);
    l0 = fma(vec4(a0.y), low1, l0); h0 = fma(vec4(a0.y), high1, h0);
    l1 = fma(vec4(a1.y), low1, l1); h1 = fma(vec4(a1.y), high1, h1);
    l2 = fma(vec4(a2.y), low1, l2); h2 = fma(vec4(a2.y), high1, h2);
    l3 = fma(vec4(a3.y), low1, l3); h3 = fma(vec4(a3.y), high1, h3);
    let low2 = weight_row(w, k + 2u);
    let high2 = weight_row(w + 1u, k + 2u);
    l0 = fma(vec4(a0.z), low2, l0); h0 = fma(vec4(a0.z), high2, h0);
    l1 = fma(vec4(a1.z), low2, l1); h1 = fma(vec4(a1.z), high2, h1);
    l2 = fma(vec4(a2.z), low2, l2); h2 = fma(vec4(a2.z), high2, h2);
    l3 = fma(vec4(a3.z), low2, l3); h3 = fma(vec4(a3.z), high2, h3);
    let low3 = weight_row(w, k + 3u);
    let high3 = weight_row(w + 1u, k + 3u);
    l0 = fma(vec4(a0.w), low3, l0); h0 = fma(vec4(a0.w), high3, h0);
    l1 = fma(vec4(a1.w), low3, l1); h1 = fma(vec4(a1.w), high3, h1);
    l2 = fma(vec4(a2.w), low3, l2); h2 = fma(vec4(a2.w), high3, h2);
    l3 = fma(vec4(a3.w), low3, l3); h3 = fma(vec4(a3.w), high3, h3);
  }
  store8(row, column, l0, h0);
  store8(row + 1u, column, l1, h1);
  store8(row + 2u, column, l2, h2);
  store8(row + 3u, column, l3, h3);
}
